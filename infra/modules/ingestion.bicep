// The way into the tables: a data collection rule that takes rows directly, with one stream for each table.
param name string
param tags object
param workspaceId string

@description('Region of the workspace.')
param location string

var tables = [
  loadJsonContent('../tables/SluiceFindings_CL.json')
  loadJsonContent('../tables/SluiceScans_CL.json')
]

resource rule 'Microsoft.Insights/dataCollectionRules@2024-03-11' = {
  name: name
  location: location
  tags: tags
  // Gives the rule an ingestion endpoint of its own, so that no data collection endpoint is needed.
  kind: 'Direct'
  properties: {
    // The same columns as the table. Only the word for a date differs: dateTime in a table, datetime in a stream.
    streamDeclarations: toObject(
      tables,
      table => 'Custom-${table.name}',
      table => { columns: map(table.columns, column => { name: column.name, type: toLower(column.type) }) }
    )
    destinations: {
      logAnalytics: [{ name: 'workspace', workspaceResourceId: workspaceId }]
    }
    dataFlows: [
      for table in tables: {
        streams: ['Custom-${table.name}']
        destinations: ['workspace']
        transformKql: 'source'
        outputStream: 'Custom-${table.name}'
      }
    ]
  }
}

// What it refuses or drops, and why: nothing else tells of rows that were accepted and did not arrive.
resource errors 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: rule
  name: 'errors'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'LogErrors', enabled: true }]
  }
}

output id string = rule.id
output name string = rule.name
output immutableId string = rule.properties.immutableId
output endpoint string = rule.properties.endpoints.logsIngestion
