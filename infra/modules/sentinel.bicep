// What analysts see, in the workspace's resource group: Sentinel itself, the reader functions and the analytics rules. Bodies
// come from infra/sentinel/**/*.yaml through `node infra/sentinel/build.ts`; nothing about them is written here.
param workspaceName string

var functions = loadJsonContent('../sentinel/generated/parsers.json')
var analyticRules = loadJsonContent('../sentinel/generated/analytic-rules.json')

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

resource rules 'Microsoft.SecurityInsights/alertRules@2025-09-01' = [
  for item in analyticRules: {
    scope: workspace
    name: item.name
    kind: 'Scheduled'
    properties: item.properties
    dependsOn: [onboarding, readers]
  }
]
