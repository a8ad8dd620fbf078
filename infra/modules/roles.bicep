// Every role that anything here is given: this file and no other. It is deployed once for each of six cases, to the resource
// group that holds what the roles are on:
//   scanner             the app on its own storage, data collection rule and telemetry
//   watchedAccountName  the app on a watched account
//   delivery            a system topic on the scanner's queue and dead-letter container
//   rules               the app on the container that rules are published to
//   reacting            the app on a watched account whose objects it labels or takes away
//   notifications       the app on the queue that it tells of verdicts
@export()
@description('What the app works with in its own resource group.')
type scannerTarget = {
  storageName: string
  queueNames: string[]
  dataCollectionRuleName: string
  componentName: string
}

@export()
@description('Where a system topic delivers to.')
type deliveryTarget = {
  storageName: string
  queueName: string
  deadLetterContainerName: string
}

@export()
@description('Where rules are published to.')
type rulesTarget = {
  storageName: string
  containerName: string
}

@export()
@description('Where reactions change objects, and the role that says what they may change.')
type reactionTarget = {
  storageName: string
  roleDefinitionId: string
}

@export()
@description('Where notifications are sent to.')
type notificationTarget = {
  storageName: string
  queueName: string
}

@description('Object id of the identity that is given the roles.')
param principalId string
param scanner scannerTarget?
param watchedAccountName string?
param delivery deliveryTarget?
param rules rulesTarget?
param reacting reactionTarget?
param notifications notificationTarget?

// The one role that Azure does not bring.
var custom = { reactions: reacting.?roleDefinitionId ?? '' }
var definitions = '/subscriptions/${subscription().subscriptionId}/providers/Microsoft.Authorization/roleDefinitions'
var role = {
  reactions: custom.reactions
  storageBlobDataOwner: '${definitions}/b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  storageBlobDataContributor: '${definitions}/ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  storageBlobDataReader: '${definitions}/2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
  storageQueueDataContributor: '${definitions}/974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  storageQueueDataMessageSender: '${definitions}/c6a89b2d-59bc-44d0-9896-0f6e12d7b80a'
  storageTableDataContributor: '${definitions}/0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  monitoringMetricsPublisher: '${definitions}/3913510d-42f4-4e42-8a64-420c390055eb'
}

// ---- scanner ----

resource ownStorage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = if (scanner != null) {
  name: scanner!.storageName
}

// Owner, not contributor: the Functions host asks for it (locks, keys, the package).
resource ownBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (scanner != null) {
  name: guid(ownStorage.id, principalId, role.storageBlobDataOwner)
  scope: ownStorage
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: role.storageBlobDataOwner
  }
}

// The ledger, and the host's own diagnostics tables.
resource ownTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (scanner != null) {
  name: guid(ownStorage.id, principalId, role.storageTableDataContributor)
  scope: ownStorage
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: role.storageTableDataContributor
  }
}

resource ownQueues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01' existing = [
  for queueName in (scanner.?queueNames ?? []): {
    name: '${scanner!.storageName}/default/${queueName}'
  }
]

// On these queues only: take, delete, send, and read the length that scaling goes by.
resource ownQueueMessages 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (queueName, index) in (scanner.?queueNames ?? []): {
    name: guid(ownQueues[index].id, principalId, role.storageQueueDataContributor)
    scope: ownQueues[index]
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: role.storageQueueDataContributor
    }
  }
]

resource rule 'Microsoft.Insights/dataCollectionRules@2024-03-11' existing = if (scanner != null) {
  name: scanner!.dataCollectionRuleName
}

resource ruleRows 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (scanner != null) {
  name: guid(rule.id, principalId, role.monitoringMetricsPublisher)
  scope: rule
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: role.monitoringMetricsPublisher
  }
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = if (scanner != null) {
  name: scanner!.componentName
}

resource componentTelemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (scanner != null) {
  name: guid(component.id, principalId, role.monitoringMetricsPublisher)
  scope: component
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: role.monitoringMetricsPublisher
  }
}

// ---- watched account ----

resource watchedAccount 'Microsoft.Storage/storageAccounts@2025-06-01' existing = if (watchedAccountName != null) {
  name: watchedAccountName!
}

// To read and nothing else: the scanner cannot change what it scans.
resource watchedBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (watchedAccountName != null) {
  name: guid(watchedAccount.id, principalId, role.storageBlobDataReader)
  scope: watchedAccount
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: role.storageBlobDataReader
  }
}

// ---- delivery ----

resource eventQueue 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01' existing = if (delivery != null) {
  name: '${delivery!.storageName}/default/${delivery!.queueName}'
}

resource eventMessages 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (delivery != null) {
  name: guid(eventQueue.id, principalId, role.storageQueueDataMessageSender)
  scope: eventQueue
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: role.storageQueueDataMessageSender
  }
}

resource deadLetters 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = if (delivery != null) {
  name: '${delivery!.storageName}/default/${delivery!.deadLetterContainerName}'
}

resource deadLetterBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (delivery != null) {
  name: guid(deadLetters.id, principalId, role.storageBlobDataContributor)
  scope: deadLetters
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: role.storageBlobDataContributor
  }
}

// ---- rules ----

resource rulesContainer 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = if (rules != null) {
  name: '${rules!.storageName}/default/${rules!.containerName}'
}

// To read and nothing else: who publishes rules is for their owner to say.
resource rulesBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (rules != null) {
  name: guid(rulesContainer.id, principalId, role.storageBlobDataReader)
  scope: rulesContainer
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: role.storageBlobDataReader
  }
}

// ---- reactions ----

resource reactedAccount 'Microsoft.Storage/storageAccounts@2025-06-01' existing = if (reacting != null) {
  name: reacting!.storageName
}

// Only where reactions are asked for: to set tags, to delete, or both.
resource reactedBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (reacting != null) {
  name: guid(reactedAccount.id, principalId, role.reactions)
  scope: reactedAccount
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: role.reactions
  }
}

// ---- notifications ----

resource notificationQueue 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01' existing = if (notifications != null) {
  name: '${notifications!.storageName}/default/${notifications!.queueName}'
}

resource notificationMessages 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (notifications != null) {
  name: guid(notificationQueue.id, principalId, role.storageQueueDataMessageSender)
  scope: notificationQueue
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: role.storageQueueDataMessageSender
  }
}
