// Everything one watched account needs, deployed to its resource group: the scanner may read it, its topic may deliver to the
// scanner, and then the events flow. In that order. Beside it: who wrote and read there, if asked for, and an alert for events
// that did not arrive.
@export()
@description('A storage account whose uploads are scanned.')
type watchedAccount = {
  @description('Resource id of the account, as `az storage account show --query id` prints it.')
  @minLength(116)
  id: string

  @description('Name of the Event Grid system topic that the account already has, such as Defender\'s. Left out or empty: one is made.')
  existingTopicName: string?

  @description('Whether the account gets a private endpoint in the scanner\'s network. Only with `privateNetwork`.')
  privateEndpoint: bool?
}

@export()
@description('Which operations on watched accounts are logged as StorageBlobLogs: none, those that write and delete, or those that read too.')
type callerLogging = 'none' | 'writes' | 'all'

@export()
@description('Where the scanner is and what it is called.')
type scannerReference = {
  subscriptionId: string
  resourceGroupName: string
  storageId: string
  storageName: string
  queueName: string
  deadLetterContainerName: string
  @description('Object id of the scanner\'s identity.')
  principalId: string
  @description('What its things are called at a watched account, different for every scanner.')
  signature: string
}

param account watchedAccount
param scanner scannerReference
param tags object
param callerLogs callerLogging

@description('Resource id of the workspace that the logs go to.')
param workspaceId string

@description('Whether to tell of events that did not reach the scanner.')
param withAlerts bool

@description('Whether the scanner sets index tags, and whether it deletes what it has put into the quarantine.')
param setsTags bool
param deletes bool
param actionGroupIds string[]

var accountName = last(split(account.id, '/'))
var existingTopicName = account.?existingTopicName ?? ''
var logCategories = {
  none: []
  writes: ['StorageWrite', 'StorageDelete']
  all: ['StorageWrite', 'StorageDelete', 'StorageRead']
}

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: accountName
}

module readerRoles 'roles.bicep' = {
  params: {
    principalId: scanner.principalId
    watchedAccountName: accountName
  }
}

module reactionRole 'reaction-role.bicep' = if (setsTags || deletes) {
  params: {
    accountName: accountName
    signature: scanner.signature
    setsTags: setsTags
    deletes: deletes
  }
}

module reactionRoles 'roles.bicep' = if (setsTags || deletes) {
  params: {
    principalId: scanner.principalId
    reacting: {
      storageName: accountName
      roleDefinitionId: reactionRole!.outputs.id
    }
  }
}

module topic 'topic.bicep' = {
  params: {
    name: empty(existingTopicName) ? '${accountName}-sluice' : existingTopicName
    // A topic of another one's making keeps no tags of ours.
    tags: empty(existingTopicName) ? tags : {}
    location: storage.location
    accountId: storage.id
  }
}

module topicRoles 'roles.bicep' = {
  scope: resourceGroup(scanner.subscriptionId, scanner.resourceGroupName)
  params: {
    principalId: topic.outputs.principalId
    delivery: {
      storageName: scanner.storageName
      queueName: scanner.queueName
      deadLetterContainerName: scanner.deadLetterContainerName
    }
  }
}

module subscription 'subscription.bicep' = {
  params: {
    name: scanner.signature
    topicName: topic.outputs.name
    storageId: scanner.storageId
    queueName: scanner.queueName
    deadLetterContainerName: scanner.deadLetterContainerName
  }
  dependsOn: [readerRoles, topicRoles]
}

module deliveryAlert 'delivery-alert.bicep' = if (withAlerts) {
  params: {
    name: '${accountName}-${scanner.signature}'
    tags: tags
    topicName: topic.outputs.name
    subscriptionName: scanner.signature
    actionGroupIds: actionGroupIds
  }
  dependsOn: [subscription]
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' existing = {
  parent: storage
  name: 'default'
}

resource callers 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (callerLogs != 'none') {
  scope: blobs
  name: scanner.signature
  properties: {
    workspaceId: workspaceId
    logs: map(logCategories[callerLogs], category => { category: category, enabled: true })
  }
}
