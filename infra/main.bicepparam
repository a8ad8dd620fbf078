// Parameters for azd and for `az deployment group create` alike, from the environment (azd env set NAME VALUE). To watch more
// than one account, write them here instead.
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'sluice')

param watchedAccounts = [
  {
    // az storage account show --name NAME --query id --output tsv
    id: readEnvironmentVariable('SLUICE_WATCHED_ACCOUNT_ID')
    existingTopicName: readEnvironmentVariable('SLUICE_EXISTING_TOPIC_NAME', '')
  }
]

param workspaceId = readEnvironmentVariable('SLUICE_WORKSPACE_ID', '')
