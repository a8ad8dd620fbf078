// What analysts see, in the workspace's resource group: Sentinel itself, functions, analytics rules, hunting queries, and the
// workbook. Bodies come from infra/sentinel/**/*.yaml through `node infra/sentinel/build.ts`; nothing about them is written here.
param workspaceName string
param tags object

@description('Region of the workbook.')
param location string

@description('Runs rules that have a variant of kind NRT (preview) each minute instead of every five.')
param nearRealTimeRules bool

var functions = loadJsonContent('../sentinel/generated/parsers.json')
var hunts = loadJsonContent('../sentinel/generated/hunting-queries.json')
var scheduledRules = loadJsonContent('../sentinel/generated/analytic-rules.json')
var variants = loadJsonContent('../sentinel/generated/near-real-time-rules.json')
var sentinelWorkbooks = loadJsonContent('../sentinel/generated/workbooks.json')
var replaced = nearRealTimeRules ? map(variants, variant => variant.replaces) : []

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

// Harmless where Sentinel is on already.
resource onboarding 'Microsoft.SecurityInsights/onboardingStates@2025-09-01' = {
  scope: workspace
  name: 'default'
  properties: {}
}

resource readers 'Microsoft.OperationalInsights/workspaces/savedSearches@2025-07-01' = [
  for item in functions: {
    parent: workspace
    name: item.name
    // Without it a second deployment is refused as a conflict.
    etag: '*'
    properties: item.properties
  }
]

resource huntingQueries 'Microsoft.OperationalInsights/workspaces/savedSearches@2025-07-01' = [
  for item in hunts: {
    parent: workspace
    name: item.name
    etag: '*'
    properties: item.properties
  }
]

// A rule whose variant runs is kept, switched off, so that a finding is not raised twice.
resource rules 'Microsoft.SecurityInsights/alertRules@2025-09-01' = [
  for item in scheduledRules: {
    scope: workspace
    name: item.name
    kind: 'Scheduled'
    properties: union(item.properties, { enabled: !contains(replaced, item.name) })
    dependsOn: [onboarding, readers]
  }
]

resource nearRealTime 'Microsoft.SecurityInsights/alertRules@2025-10-01-preview' = [
  for item in (nearRealTimeRules ? variants : []): {
    scope: workspace
    name: item.name
    kind: 'NRT'
    properties: item.properties
    dependsOn: [onboarding, readers]
  }
]

resource workbooks 'Microsoft.Insights/workbooks@2023-06-01' = [
  for item in sentinelWorkbooks: {
    // One for each workspace, even where several share a resource group.
    name: guid(workspace.id, item.name)
    location: location
    tags: tags
    kind: 'shared'
    properties: union(item.properties, { sourceId: workspace.id })
    dependsOn: [onboarding]
  }
]
