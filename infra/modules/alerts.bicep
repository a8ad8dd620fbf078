// Tells when the scanner itself is in trouble: what it could not scan, what it could not record, messages it gave up, rules it
// lost. Findings are no matter of these; they become incidents. The queries stand in infra/alerts/*.kql.
param name string
param tags object

@description('Resource id of the workspace.')
param workspaceId string

@description('Region of the workspace: a rule over it must be in the same one.')
param location string

@description('Resource id of the data collection rule, whose errors are watched.')
param dataCollectionRuleId string

@description('Name of the app, as its telemetry gives it.')
param appName string

@description('Name of the queue of events: that of each queue that messages are moved to when they are given up begins with it.')
param queueName string
param actionGroupIds string[]

// Frequency and window: how often each is looked for, and over which time. 48 hours is the longest window there is.
var alerts = [
  {
    name: 'canary-silent'
    displayName: 'Sluice: the scanner is silent'
    description: 'The built-in sample has not been recorded for three quarters of an hour: the app does not run, or nothing it records arrives.'
    severity: 1
    frequency: 'PT15M'
    window: 'PT45M'
    query: loadTextContent('../alerts/canary-silent.kql')
  }
  {
    name: 'not-scanned'
    displayName: 'Sluice: objects were not wholly scanned'
    description: 'Scans ended as incomplete or failed. SluiceScans() says for each why; none of them is known to be clean.'
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
    query: loadTextContent('../alerts/not-scanned.kql')
  }
  {
    name: 'late'
    displayName: 'Sluice: uploads wait too long'
    description: 'Ten or more uploads of an account were known later than a quarter of an hour after they came, or one waits in the queue for as long.'
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
    query: loadTextContent('../alerts/late.kql')
  }
  {
    name: 'rows-lost'
    displayName: 'Sluice: rows are refused or lost'
    description: 'The data collection rule refused or dropped rows, or a report could not be delivered for a week and is kept for replay.'
    severity: 1
    frequency: 'PT5M'
    window: 'PT15M'
    query: loadTextContent('../alerts/rows-lost.kql')
  }
  {
    name: 'outbox'
    displayName: 'Sluice: reports wait to be delivered'
    description: 'The ingestion endpoint does not take rows. Reports wait in the outbox and are tried again; when many wait, scans begin later.'
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
    query: loadTextContent('../alerts/outbox.kql')
  }
  {
    name: 'poison'
    displayName: 'Sluice: messages were given up'
    description: 'Messages failed five times and were moved to a poison queue. What they told of is not scanned, or not scanned again.'
    severity: 1
    frequency: 'PT5M'
    window: 'PT15M'
    query: loadTextContent('../alerts/poison.kql')
  }
  {
    name: 'reactions'
    displayName: 'Sluice: reactions were not done'
    description: 'A reaction was refused, or could not be done for a day and is kept for replay. The object is where it was, and as it was.'
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
    query: loadTextContent('../alerts/reactions.kql')
  }
  {
    name: 'rules-refused'
    displayName: 'Sluice: published rules are refused'
    description: 'What is published at SLUICE_RULES_URL is missing, damaged, or not vouched for. The rules that were used before are used on.'
    severity: 1
    frequency: 'PT15M'
    window: 'PT45M'
    query: loadTextContent('../alerts/rules-refused.kql')
  }
  {
    name: 'fewer-rules'
    displayName: 'Sluice: scans have fewer rules than before'
    description: 'The last scans had less than nine tenths of the rules that scans of the last two days had, or more that were left out.'
    severity: 2
    frequency: 'PT1H'
    window: 'P2D'
    query: loadTextContent('../alerts/fewer-rules.kql')
  }
]

resource rules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for alert in alerts: {
    name: '${name}-${alert.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: alert.displayName
      description: alert.description
      severity: alert.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: alert.frequency
      windowSize: alert.window
      autoMitigate: true
      // Tables that Azure makes with their first row are not there yet when this is deployed first.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: replace(
              replace(replace(alert.query, '{dataCollectionRuleId}', dataCollectionRuleId), '{appName}', appName),
              '{queue}',
              queueName
            )
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: { actionGroups: actionGroupIds }
    }
  }
]
