// The subscription that puts an account's upload events into the scanner's queue. Deploy it after the topic's roles: Event Grid
// does not try again after a 403, so an event that meets a missing role is lost.
param name string
param topicName string

@description('Resource id of the scanner\'s storage account.')
param storageId string
param queueName string
param deadLetterContainerName string

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

resource subscription 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: name
  properties: {
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    deliveryWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      destination: {
        endpointType: 'StorageQueue'
        properties: {
          resourceId: storageId
          queueName: queueName
          // Without end: a scanner that stands still for weeks has lost nothing.
          queueMessageTimeToLiveInSeconds: -1
        }
      }
    }
    deadLetterWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: storageId
          blobContainerName: deadLetterContainerName
        }
      }
    }
    retryPolicy: {
      maxDeliveryAttempts: 30
      eventTimeToLiveInMinutes: 1440
    }
    filter: {
      includedEventTypes: [
        'Microsoft.Storage.BlobCreated'
        // On hierarchical namespaces a rename into a watched path raises only this.
        'Microsoft.Storage.BlobRenamed'
        // Says when an archived object can be read again.
        'Microsoft.Storage.BlobTierChanged'
      ]
      advancedFilters: [
        {
          // These two are raised when an empty file is made, before its content. A list of what to leave out, not of what to
          // take: an operation that Azure adds is scanned.
          operatorType: 'StringNotIn'
          key: 'data.api'
          values: ['CreateFile', 'SftpCreate']
        }
      ]
    }
  }
}
