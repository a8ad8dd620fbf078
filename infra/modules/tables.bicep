// The tables that rows are written to, in the workspace's resource group. Columns stand in infra/tables/*.json and nowhere else.
param workspaceName string

var tables = [
  loadJsonContent('../tables/SluiceFindings_CL.json')
  loadJsonContent('../tables/SluiceScans_CL.json')
]

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

// One after the other: the workspace refuses changes to two tables at once. Plan Analytics: alert rules cannot read others.
@batchSize(1)
resource definitions 'Microsoft.OperationalInsights/workspaces/tables@2025-07-01' = [
  for table in tables: {
    parent: workspace
    name: table.name
    properties: {
      plan: 'Analytics'
      schema: {
        name: table.name
        description: table.description
        columns: table.columns
      }
    }
  }
]

@description('Region of the workspace: a data collection rule must be in the same one.')
output location string = workspace.location
