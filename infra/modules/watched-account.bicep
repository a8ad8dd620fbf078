// Everything one watched account needs, deployed to its resource group: the scanner may read it, its topic may deliver to the
// scanner, and then the events flow. In that order.
@export()
@description('A storage account whose uploads are scanned.')
type watchedAccount = {
  @description('Resource id of the account, as `az storage account show --query id` prints it.')
  @minLength(116)
  id: string

  @description('Name of the Event Grid system topic that the account already has, such as Defender\'s. Left out or empty: one is made.')
  existingTopicName: string?
}

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
}

param account watchedAccount
param scanner scannerReference
param tags object

var accountName = last(split(account.id, '/'))
var existingTopicName = account.?existingTopicName ?? ''

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: accountName
}

module readerRoles 'roles.bicep' = {
  params: {
    principalId: scanner.principalId
    watchedAccountName: accountName
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
    name: 'sluice-${uniqueString(scanner.storageId)}'
    topicName: topic.outputs.name
    storageId: scanner.storageId
    queueName: scanner.queueName
    deadLetterContainerName: scanner.deadLetterContainerName
  }
  dependsOn: [readerRoles, topicRoles]
}
