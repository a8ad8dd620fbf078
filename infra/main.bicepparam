// Parameters for azd and for `az deployment group create` alike, from the environment (azd env set NAME VALUE). What is left
// unset keeps the default that main.bicep gives it; what the environment cannot say well is written here instead.
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'sluice')

// Resource ids, separated by commas: az storage account show --name NAME --query id --output tsv
var accountIds = split(readEnvironmentVariable('SLUICE_WATCHED_ACCOUNT_IDS'), ',')
// Topics that accounts already have, as ACCOUNT=TOPIC, separated by commas.
var topics = toObject(
  filter(split(readEnvironmentVariable('SLUICE_EXISTING_TOPICS', ''), ','), pair => contains(pair, '=')),
  pair => trim(split(pair, '=')[0]),
  pair => trim(split(pair, '=')[1])
)

param watchedAccounts = map(accountIds, id => {
  id: trim(id)
  existingTopicName: topics[?last(split(trim(id), '/'))] ?? ''
})

param workspaceId = readEnvironmentVariable('SLUICE_WORKSPACE_ID', '')
param callerLogs = readEnvironmentVariable('SLUICE_CALLER_LOGS', 'none')
param alertEmails = filter(split(readEnvironmentVariable('SLUICE_ALERT_EMAILS', ''), ','), email => !empty(email))

// The compiler takes what comes from the environment for any text; Azure checks the words.
param reactions = any(filter(split(readEnvironmentVariable('SLUICE_REACTIONS', ''), ','), reaction => !empty(reaction)))

// param privateNetwork = { kind: 'new', addressPrefix: '10.60.0.0/26' }
// param maximumInstanceCount = 10
// param nearRealTimeRules = true
// param cleanRows = 'hourly'
// param extraSettings = { SLUICE_EVIDENCE: 'offsets' }
// param publishedRules = { containerId: '…/storageAccounts/NAME/blobServices/default/containers/rules', key: 'MCow…' }
