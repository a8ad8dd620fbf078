// A Log Analytics workspace for those who have none yet. An existing one is used by its id instead.
param name string
param location string
param tags object

@description('Days that rows are kept; the first 90 cost nothing extra where Sentinel is on.')
param retentionInDays int

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionInDays
    features: { disableLocalAuth: true }
  }
}

output id string = workspace.id
