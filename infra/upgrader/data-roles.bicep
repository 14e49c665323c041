// What the functions may do with their own storage, bus and telemetry, each on the smallest scope that works.
// Granted before the app exists: it reads its package with these rights.

@description('Principal id of the functions\' identity.')
param principalId string

@description('Resource id of the same identity: known before the deployment, so the assignments have known names.')
param identityId string

@description('Storage account of host, package, sites and runs.')
param storageName string

@description('Service Bus namespace.')
param busName string

@description('Application Insights component.')
param insightsName string

@description('Guid of the role with which the scale controller counts messages.')
param messageCounter string

@description('Whether Event Grid delivers into version-events with this identity.')
param deliversEvents bool

var onStorage = {
  // Leases, keys and the package of the host; sites and runs of ours.
  'Storage Blob Data Owner': 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  // The host's diagnostic events.
  'Storage Table Data Contributor': '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
}
var onBus = {
  'Azure Service Bus Data Receiver': '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'
  'message counter': messageCounter
}
var sender = '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
var metricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'

resource storage 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: storageName
}

resource bus 'Microsoft.ServiceBus/namespaces@2026-01-01' existing = {
  name: busName

  resource requests 'queues' existing = { name: 'upgrade-requests' }
  resource versions 'queues' existing = { name: 'version-events' }
  resource events 'topics' existing = { name: 'upgrade-steps' }
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource storageGrant 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in items(onStorage): {
    scope: storage
    name: guid(storage.id, identityId, role.value)
    properties: {
      description: role.key
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.value)
      principalId: principalId
      principalType: 'ServicePrincipal'
    }
  }
]

resource busGrant 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in items(onBus): {
    scope: bus
    name: guid(bus.id, identityId, role.value)
    properties: {
      description: role.key
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.value)
      principalId: principalId
      principalType: 'ServicePrincipal'
    }
  }
]

// The next event of a run, and requests of runs that the daily look starts.
resource sendsEvents 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: bus::events
  name: guid(bus::events.id, identityId, sender)
  properties: {
    description: 'Azure Service Bus Data Sender'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', sender)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource sendsRequests 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: bus::requests
  name: guid(bus::requests.id, identityId, sender)
  properties: {
    description: 'Azure Service Bus Data Sender'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', sender)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource sendsVersions 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (deliversEvents) {
  scope: bus::versions
  name: guid(bus::versions.id, identityId, sender)
  properties: {
    description: 'Azure Service Bus Data Sender, for Event Grid'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', sender)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource insightsGrant 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: insights
  name: guid(insights.id, identityId, metricsPublisher)
  properties: {
    description: 'Monitoring Metrics Publisher'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', metricsPublisher)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}
