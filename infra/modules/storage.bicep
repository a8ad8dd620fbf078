// The scanner's own storage account: the host's state, the app's package, the ledger (Table storage), the queue that events
// arrive in. It is never one of the watched accounts: what the scanner writes would raise events and be scanned for ever.
param name string
param location string
param tags object
param sku 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' | 'Standard_GZRS'

@description('Whether only private endpoints reach it, and Event Grid as a service that Azure trusts.')
param isPrivate bool

@description('Queue of upload events; orders to rescan come in one of this name and `-rescan`. What fails five times is moved to a queue of either name and `-poison`.')
param queueName string

@description('Whether there is a container that matching objects are moved into, and a queue that verdicts are told to.')
param hasQuarantine bool
param hasNotifications bool

var deploymentContainerName = 'deployments'
var deadLetterContainerName = 'dead-letter'
var quarantineContainerName = 'sluice-quarantine'
var notificationQueueName = 'sluice-notifications'

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    // No keys and no SAS made from them: everything signs in with an identity.
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
  }
}

resource blobService 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: { enabled: true, days: 7 }
    containerDeleteRetentionPolicy: { enabled: true, days: 7 }
  }
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = [
  for containerName in [deploymentContainerName, deadLetterContainerName]: {
    parent: blobService
    name: containerName
    properties: { publicAccess: 'None' }
  }
]

resource quarantine 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = if (hasQuarantine) {
  parent: blobService
  name: quarantineContainerName
  properties: { publicAccess: 'None' }
}

// Each sweep notes how far it is in every container; nobody asks after a month.
resource housekeeping 'Microsoft.Storage/storageAccounts/managementPolicies@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'walks'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['sluice-walks/progress/']
            }
            actions: {
              baseBlob: { delete: { daysAfterModificationGreaterThan: 30 } }
            }
          }
        }
      ]
    }
  }
}

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-06-01' = {
  parent: account
  name: 'default'
}

// The poison queues are made here and not left to the host, so that their roles can be given and they can be watched from the start.
resource queues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01' = [
  for suffix in ['', '-poison', '-rescan', '-rescan-poison']: {
    parent: queueService
    name: '${queueName}${suffix}'
  }
]

resource notifications 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01' = if (hasNotifications) {
  parent: queueService
  name: notificationQueueName
}

output id string = account.id
output name string = account.name
output blobEndpoint string = account.properties.primaryEndpoints.blob
output queueEndpoint string = account.properties.primaryEndpoints.queue
output tableEndpoint string = account.properties.primaryEndpoints.table
output deploymentContainerName string = containers[0].name
output deadLetterContainerName string = containers[1].name
output queueNames string[] = [queues[0].name, queues[1].name, queues[2].name, queues[3].name]
output quarantineUrl string = hasQuarantine ? '${account.properties.primaryEndpoints.blob}${quarantineContainerName}' : ''
output notificationQueueName string = notificationQueueName
