// Where logs and spans go, and the few alerts that a person must get. The first three are the levels of the handlers' calls:
// each is logged once for each cause, and once a day while it lasts, so each is an alert of its own.

@description('Short name of the installation.')
param name string

@description('Azure region.')
param location string

@description('Tags for every resource.')
param tags { *: string }

@description('Addresses that are called at night.')
param emails string[]

@description('Service Bus namespace to watch.')
param busName string

@description('Name of the Application Insights component.')
param insightsName string

@description('Name of the Log Analytics workspace.')
param workspaceName string

@description('Gigabytes of logs a day after which no more are taken, so that a fault cannot cost a fortune.')
param dailyGigabytes int

var questions = [
  {
    name: 'needs-a-person'
    severity: 1
    says: 'A person is needed now: an upgrade waits, or its traffic is in danger.'
    query: 'AppTraces | where Message contains \'"call":"needsPerson"\''
    minutes: 5
    operator: 'GreaterThan'
    threshold: 0
    lasts: false
  }
  {
    name: 'turned-back'
    severity: 2
    says: 'An upgrade was turned back or rejected by itself; traffic is safe.'
    query: 'AppTraces | where Message contains \'"call":"turnedBack"\''
    minutes: 5
    operator: 'GreaterThan'
    threshold: 0
    lasts: false
  }
  {
    name: 'finished'
    severity: 3
    says: 'An upgrade is over.'
    query: 'AppTraces | where Message contains \'"call":"finished"\''
    minutes: 5
    operator: 'GreaterThan'
    threshold: 0
    lasts: false
  }
  {
    name: 'dead-letter'
    severity: 2
    says: 'A message could not be handled.'
    query: 'AppRequests | where Name has "DeadLetter"'
    minutes: 15
    operator: 'GreaterThan'
    threshold: 0
    lasts: true
  }
  {
    name: 'functions-fail'
    severity: 3
    says: 'A function failed more often than redelivery explains.'
    query: 'AppRequests | where Success == false | summarize failures = count() by Name | where failures > 3'
    minutes: 15
    operator: 'GreaterThan'
    threshold: 0
    lasts: true
  }
  {
    // Nobody else notices when nothing runs at all.
    name: 'canary-is-silent'
    severity: 1
    says: 'CanaryCheck has not run for ten minutes.'
    query: 'AppRequests | where Name has "CanaryCheck" and Success'
    minutes: 10
    operator: 'LessThan'
    threshold: 1
    lasts: true
  }
]

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: 30
    features: { disableLocalAuth: true }
    workspaceCapping: { dailyQuotaGb: dailyGigabytes }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: insightsName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${name}-upgrader'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: take(name, 12)
    emailReceivers: [for email in emails: { name: email, emailAddress: email, useCommonAlertSchema: true }]
  }
}

resource alert 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for question in questions: {
    name: 'alert-${name}-${question.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      description: question.says
      severity: question.severity
      enabled: true
      scopes: [workspace.id]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT${question.minutes}M'
      autoMitigate: question.lasts // a call is said once: nothing else says that it is over
      skipQueryValidation: true // the tables appear with the first telemetry
      criteria: {
        allOf: [
          {
            query: question.query
            timeAggregation: 'Count'
            operator: question.operator
            threshold: question.threshold
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: [people.id] }
    }
  }
]

resource bus 'Microsoft.ServiceBus/namespaces@2026-01-01' existing = {
  name: busName
}

// Everything forwards its dead letters to one queue, so only that queue's own can stay where they are.
resource unforwarded 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: 'alert-${name}-unforwarded-dead-letters'
  location: 'global'
  tags: tags
  properties: {
    description: 'A dead letter could not even be reported.'
    severity: 1
    enabled: true
    scopes: [bus.id]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT5M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'dead letters'
          metricNamespace: 'Microsoft.ServiceBus/namespaces'
          metricName: 'DeadletteredMessages'
          dimensions: [{ name: 'EntityName', operator: 'Include', values: ['*'] }]
          timeAggregation: 'Maximum'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
    actions: [{ actionGroupId: people.id }]
  }
}

@description('Connection string; without local authentication it is an address, not a secret.')
output connectionString string = insights.properties.ConnectionString
