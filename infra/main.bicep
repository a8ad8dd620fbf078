// Sluice: scans every object that lands in the watched storage accounts and turns what it finds into Sentinel incidents.
// Deployed to one resource group, that of the scanner; what belongs to a watched account or to an existing workspace goes to
// that one's resource group by itself. Whoever deploys must be allowed to assign roles in each of them.
targetScope = 'resourceGroup'

import { networkSettings } from 'modules/network.bicep'
import { callerLogging, watchedAccount } from 'modules/watched-account.bicep'

@description('A container that exists, in an account that is not watched, by its resource id.')
type publishedRulesSettings = {
  containerId: string
  @description('rules.release unless given.')
  blobName: string?
  @description('SHA-256 of the only release that is used.')
  digest: string?
  @description('Ed25519 public key, as sluice rules sign prints it.')
  key: string?
}

@description('Where the scanner runs. Best where the watched accounts are: every object is read over this distance.')
param location string = resourceGroup().location

@description('Name of this installation; tells two of them in one resource group apart.')
@minLength(1)
@maxLength(64)
param environmentName string = 'sluice'

@description('The storage accounts whose uploads are scanned.')
@minLength(1)
param watchedAccounts watchedAccount[]

@description('Which operations on the watched accounts are logged to the workspace as StorageBlobLogs. With them incidents name the caller; each logged operation is a row that costs. Not for accounts whose logs arrive in that workspace already.')
param callerLogs callerLogging = 'none'

@description('Private networking for the scanner\'s own storage and chosen watched accounts. Left out: public endpoints, open to identities only.')
param privateNetwork networkSettings?

@description('Resource id of the Log Analytics workspace for findings, in whatever resource group or subscription. Empty: one is made.')
param workspaceId string = ''

@description('Rules that are published to a blob and taken up without a deployment: the container and blob, and who must vouch for them: a digest, a public key, or both. Left out: the rules of the package.')
param publishedRules publishedRulesSettings?

@description('Raises findings within about two minutes instead of twelve: rules that have a variant of kind NRT run as that. In preview; the uploader, known later than the finding, is then seldom named.')
param nearRealTimeRules bool = false

@description('Days that a workspace made here keeps its rows.')
@minValue(30)
@maxValue(730)
param retentionInDays int = 90

@description('How clean scans are recorded: a row each, or one an hour for those of a container with the same rules, which costs next to nothing and names no object.')
param cleanRows 'all' | 'hourly' = 'all'

@description('What is done about verdicts besides recording them: tags writes them onto the objects, quarantine moves matching objects into the scanner\'s own storage, notify sends messages to a queue there. The first two give the app a role of its own on the watched accounts.')
param reactions ('tags' | 'quarantine' | 'notify')[] = []

@description('Node version that the app runs on.')
param nodeVersion string = '22'

@description('Memory of one instance in MB; its cores grow with it.')
param instanceMemoryMB 512 | 2048 | 4096 = 2048

@description('The most instances that run at once: what bounds the bill, and the ingestion endpoint\'s 12,000 requests a minute.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Redundancy of the scanner\'s own storage.')
param storageSku 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' | 'Standard_GZRS' = 'Standard_LRS'

@description('Whether Azure Monitor alerts tell when the scanner itself is in trouble.')
param alerts bool = true

@description('E-mail addresses that alerts go to. Nobody: they are only listed in the portal.')
@maxLength(20)
param alertEmails string[] = []

@description('Resource ids of action groups that exist and alerts go to as well.')
@maxLength(4)
param alertActionGroupIds string[] = []

@description('Further app settings by name, such as { SLUICE_LOG_LEVEL: \'debug\' }.')
param extraSettings object = {}

@description('Tags of everything that is made.')
param tags object = {}

var token = uniqueString(resourceGroup().id, environmentName)
var signature = 'sluice-${token}'
var queueName = 'sluice-scan'
var allTags = union(tags, { 'azd-env-name': environmentName })
var accountNames = map(watchedAccounts, account => last(split(account.id, '/')))

// …/storageAccounts/NAME/blobServices/default/containers/CONTAINER
var rulesParts = split(publishedRules.?containerId ?? '', '/')
var hasPublishedRules = length(rulesParts) > 12
var rulesContainerUrl = hasPublishedRules
  ? 'https://${rulesParts[8]}.blob.${environment().suffixes.storage}/${rulesParts[12]}'
  : ''

var isPrivate = privateNetwork != null
var privateAccounts = filter(watchedAccounts, account => isPrivate && (account.?privateEndpoint ?? false))

var makesWorkspace = empty(workspaceId)
var newWorkspaceName = signature
var workspaceParts = split(workspaceId, '/')
var workspaceName = makesWorkspace ? newWorkspaceName : last(workspaceParts)
var workspaceSubscriptionId = makesWorkspace ? subscription().subscriptionId : workspaceParts[2]
var workspaceResourceGroup = makesWorkspace ? resourceGroup().name : workspaceParts[4]

module identity 'modules/identity.bicep' = {
  params: {
    name: signature
    location: location
    tags: allTags
  }
}

module storage 'modules/storage.bicep' = {
  params: {
    name: 'sluice${token}'
    location: location
    tags: allTags
    sku: storageSku
    isPrivate: isPrivate
    queueName: queueName
    hasQuarantine: contains(reactions, 'quarantine')
    hasNotifications: contains(reactions, 'notify')
  }
}

module network 'modules/network.bicep' = if (isPrivate) {
  params: {
    name: signature
    location: location
    tags: allTags
    network: privateNetwork!
  }
}

module ownEndpoints 'modules/private-endpoint.bicep' = [
  for service in ['blob', 'queue', 'table']: if (isPrivate) {
    params: {
      name: '${signature}-${service}'
      location: location
      tags: allTags
      storageId: storage.outputs.id
      service: service
      subnetId: network!.outputs.endpointSubnetId
      dnsZoneId: network!.outputs.dnsZoneIds[service]
    }
  }
]

module watchedEndpoints 'modules/private-endpoint.bicep' = [
  for account in privateAccounts: {
    params: {
      name: '${signature}-${last(split(account.id, '/'))}'
      location: location
      tags: allTags
      storageId: account.id
      service: 'blob'
      subnetId: network!.outputs.endpointSubnetId
      dnsZoneId: network!.outputs.dnsZoneIds.blob
    }
  }
]

module newWorkspace 'modules/workspace.bicep' = if (makesWorkspace) {
  params: {
    name: newWorkspaceName
    location: location
    tags: allTags
    retentionInDays: retentionInDays
  }
}

var usedWorkspaceId = makesWorkspace ? newWorkspace!.outputs.id : workspaceId

module tables 'modules/tables.bicep' = {
  scope: resourceGroup(workspaceSubscriptionId, workspaceResourceGroup)
  params: { workspaceName: workspaceName }
  dependsOn: [newWorkspace]
}

module ingestion 'modules/ingestion.bicep' = {
  params: {
    name: signature
    location: tables.outputs.location
    tags: allTags
    workspaceId: usedWorkspaceId
  }
}

module telemetry 'modules/telemetry.bicep' = {
  params: {
    name: signature
    location: location
    tags: allTags
    workspaceId: usedWorkspaceId
  }
}

module sentinel 'modules/sentinel.bicep' = {
  scope: resourceGroup(workspaceSubscriptionId, workspaceResourceGroup)
  params: {
    workspaceName: workspaceName
    tags: allTags
    location: tables.outputs.location
    nearRealTimeRules: nearRealTimeRules
  }
}

module scannerRoles 'modules/roles.bicep' = {
  params: {
    principalId: identity.outputs.principalId
    scanner: {
      storageName: storage.outputs.name
      queueNames: storage.outputs.queueNames
      dataCollectionRuleName: ingestion.outputs.name
      componentName: telemetry.outputs.name
    }
  }
}

module rulesRoles 'modules/roles.bicep' = if (hasPublishedRules) {
  scope: resourceGroup(rulesParts[2], rulesParts[4])
  params: {
    principalId: identity.outputs.principalId
    rules: {
      storageName: rulesParts[8]
      containerName: rulesParts[12]
    }
  }
}

module notificationRoles 'modules/roles.bicep' = if (contains(reactions, 'notify')) {
  params: {
    principalId: identity.outputs.principalId
    notifications: {
      storageName: storage.outputs.name
      queueName: storage.outputs.notificationQueueName
    }
  }
}

module app 'modules/app.bicep' = {
  params: {
    name: signature
    planName: signature
    location: location
    tags: allTags
    nodeVersion: nodeVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    blobEndpoint: storage.outputs.blobEndpoint
    queueEndpoint: storage.outputs.queueEndpoint
    tableEndpoint: storage.outputs.tableEndpoint
    deploymentContainerName: storage.outputs.deploymentContainerName
    queueName: queueName
    accountNames: accountNames
    ingestionEndpoint: ingestion.outputs.endpoint
    dataCollectionRuleId: ingestion.outputs.immutableId
    cleanRows: cleanRows
    reactions: reactions
    quarantineUrl: storage.outputs.quarantineUrl
    telemetryConnectionString: telemetry.outputs.connectionString
    rulesUrl: hasPublishedRules ? '${rulesContainerUrl}/${publishedRules.?blobName ?? 'rules.release'}' : ''
    rulesDigest: publishedRules.?digest ?? ''
    rulesKey: publishedRules.?key ?? ''
    subnetId: isPrivate ? network!.outputs.appSubnetId : null
    extraSettings: extraSettings
  }
  // The host opens its storage as soon as it starts.
  dependsOn: [scannerRoles, ownEndpoints, rulesRoles]
}

module alertReceivers 'modules/alert-receivers.bicep' = if (alerts && !empty(alertEmails)) {
  params: {
    name: signature
    tags: allTags
    emails: alertEmails
  }
}

var actionGroupIds = concat(alertActionGroupIds, alerts && !empty(alertEmails) ? [alertReceivers!.outputs.id] : [])

module scannerAlerts 'modules/alerts.bicep' = if (alerts) {
  params: {
    name: signature
    tags: allTags
    location: tables.outputs.location
    workspaceId: usedWorkspaceId
    dataCollectionRuleId: ingestion.outputs.id
    appName: app.outputs.name
    queueName: queueName
    actionGroupIds: actionGroupIds
  }
  // The queries call the reader functions.
  dependsOn: [sentinel]
}

module watched 'modules/watched-account.bicep' = [
  for account in watchedAccounts: {
    scope: resourceGroup(split(account.id, '/')[2], split(account.id, '/')[4])
    params: {
      account: account
      tags: allTags
      callerLogs: callerLogs
      workspaceId: usedWorkspaceId
      withAlerts: alerts
      setsTags: contains(reactions, 'tags')
      deletes: contains(reactions, 'quarantine')
      actionGroupIds: actionGroupIds
      scanner: {
        subscriptionId: subscription().subscriptionId
        resourceGroupName: resourceGroup().name
        storageId: storage.outputs.id
        storageName: storage.outputs.name
        queueName: queueName
        deadLetterContainerName: storage.outputs.deadLetterContainerName
        principalId: identity.outputs.principalId
        signature: signature
      }
    }
  }
]

output AZURE_LOCATION string = location
output AZURE_RESOURCE_GROUP string = resourceGroup().name
output SLUICE_FUNCTION_APP_NAME string = app.outputs.name
output SLUICE_STORAGE_ACCOUNT_NAME string = storage.outputs.name
output SLUICE_QUEUE string = queueName
output SLUICE_SIGNATURE string = signature
output SLUICE_ACCOUNTS string = join(accountNames, ',')
output SLUICE_WORKSPACE_ID string = usedWorkspaceId
output SLUICE_INGESTION_ENDPOINT string = ingestion.outputs.endpoint
output SLUICE_DCR_ID string = ingestion.outputs.immutableId
output SLUICE_CLIENT_ID string = identity.outputs.clientId
