// The Event Grid system topic of one watched account. Azure allows one per account: where there is one already (Defender for
// Storage makes its own), give its name. It is then updated in place: it gets the system-assigned identity that a queue behind
// a firewall asks for, and loses its tags and any user-assigned identity.
param name string
param location string
param tags object
param accountId string

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: name
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: {
    source: accountId
    topicType: 'Microsoft.Storage.StorageAccounts'
  }
}

output name string = topic.name
output principalId string = topic.identity.principalId
