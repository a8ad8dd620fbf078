// The function app on Flex Consumption, and every setting it runs with.
param name string
param planName string
param location string
param tags object

@description('Node version of the runtime.')
param nodeVersion string
param instanceMemoryMB int
param maximumInstanceCount int

@description('Resource id of the identity that the app runs as.')
param identityId string
param identityClientId string
param blobEndpoint string
param queueEndpoint string
param tableEndpoint string
param deploymentContainerName string
param queueName string

@description('Names of the watched storage accounts.')
param accountNames string[]
param ingestionEndpoint string
param dataCollectionRuleId string
@description('How clean scans are recorded.')
param cleanRows 'all' | 'hourly'
@description('What is done about verdicts.')
param reactions string[]
@description('Container that matching objects are moved into; empty: none.')
param quarantineUrl string
@secure()
param telemetryConnectionString string

@description('Blob with a release of rules, its digest and the key that it is signed with; empty where there is none.')
param rulesUrl string
param rulesDigest string
param rulesKey string

@description('Resource id of the subnet that the app sends from. Left out: it is in no network.')
param subnetId string?

@description('Further settings, such as SLUICE_LOG_LEVEL; they win over those below.')
param extraSettings object

var ingestionAudiences = {
  AzureCloud: 'https://monitor.azure.com'
  AzureUSGovernment: 'https://monitor.azure.us'
  AzureChinaCloud: 'https://monitor.azure.cn'
}

var settings = {
  // The host's own storage. An identity needs both words: without the client id the host asks for a system-assigned one.
  AzureWebJobsStorage__blobServiceUri: blobEndpoint
  AzureWebJobsStorage__queueServiceUri: queueEndpoint
  AzureWebJobsStorage__tableServiceUri: tableEndpoint
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId

  // The queue trigger's connection, and the same account for the ledger.
  SLUICE_STATE__blobServiceUri: blobEndpoint
  SLUICE_STATE__queueServiceUri: queueEndpoint
  SLUICE_STATE__tableServiceUri: tableEndpoint
  SLUICE_STATE__credential: 'managedidentity'
  SLUICE_STATE__clientId: identityClientId

  SLUICE_ACCOUNTS: join(accountNames, ',')
  SLUICE_STORAGE_SUFFIX: environment().suffixes.storage
  SLUICE_QUEUE: queueName
  SLUICE_CLIENT_ID: identityClientId
  SLUICE_INGESTION_ENDPOINT: ingestionEndpoint
  SLUICE_INGESTION_AUDIENCE: ingestionAudiences[?environment().name] ?? ingestionAudiences.AzureCloud
  SLUICE_DCR_ID: dataCollectionRuleId
  SLUICE_CLEAN_ROWS: cleanRows
  SLUICE_REACTIONS: join(reactions, ',')
  SLUICE_QUARANTINE: quarantineUrl

  SLUICE_RULES_URL: rulesUrl
  SLUICE_RULES_DIGEST: rulesDigest
  SLUICE_RULES_KEY: rulesKey

  APPLICATIONINSIGHTS_CONNECTION_STRING: telemetryConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  // The exporter's reports about itself, which go to its makers.
  APPLICATION_INSIGHTS_NO_STATSBEAT: 'true'
  APPLICATIONINSIGHTS_SDKSTATS_DISABLED: 'true'
}

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  // The name of the service in azure.yaml.
  tags: union(tags, { 'azd-service-name': 'scanner' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    virtualNetworkSubnetId: subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${blobEndpoint}${deploymentContainerName}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: { name: 'node', version: nodeVersion }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      appSettings: map(items(union(settings, extraSettings)), entry => { name: entry.key, value: entry.value })
    }
  }
}

// No user names and passwords for publishing: azd and az sign in.
resource publishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = [
  for way in ['ftp', 'scm']: {
    parent: app
    name: way
    properties: { allow: false }
  }
]

output name string = app.name
