// People's roles on the upgrader's own resources: who publishes sites, who reads runs, who steers them.

@export()
@description('Object ids of Entra groups.')
type People = {
  @description('Publish sites: write the container of sites.')
  publishers: string[]

  @description('Read sites and runs.')
  readers: string[]

  @description('Start upgrades and give orders: write runs, send requests and events.')
  operators: string[]

  @description('Turn the traffic by hand in an emergency: write the gateway, without the functions.')
  breakGlass: string[]
}

@description('Who may do what.')
param people People

@description('Storage account of sites and runs.')
param storageName string

@description('Service Bus namespace.')
param busName string

@description('Function app.')
param appName string

@description('Whether the app is one that code can be published to.')
param publishable bool

@description('Object id of the service principal of the pipeline that publishes code; null: none.')
param pipeline string?

var blobContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
var blobReader = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
var busSender = '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
var websiteContributor = 'de139f84-1756-47ae-9be6-808fbbe84772'

var onSites = concat(
  map(people.publishers, group => { group: group, role: blobContributor, may: 'publish sites' }),
  map(union(people.readers, people.operators), group => { group: group, role: blobReader, may: 'read sites' })
)
var onRuns = concat(
  map(people.operators, group => { group: group, role: blobContributor, may: 'give orders to runs' }),
  map(people.readers, group => { group: group, role: blobReader, may: 'read runs' })
)

resource storage 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: storageName

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource sites 'containers' existing = { name: 'sites' }
    resource runs 'containers' existing = { name: 'runs' }
  }
}

resource bus 'Microsoft.ServiceBus/namespaces@2026-01-01' existing = {
  name: busName

  resource requests 'queues' existing = { name: 'upgrade-requests' }
  resource events 'topics' existing = { name: 'upgrade-steps' }
}

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: appName
}

resource site 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in onSites: {
    scope: storage::blobs::sites
    name: guid(storage::blobs::sites.id, grant.group, grant.role)
    properties: {
      description: grant.may
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', grant.role)
      principalId: grant.group
      principalType: 'Group'
    }
  }
]

resource run 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in onRuns: {
    scope: storage::blobs::runs
    name: guid(storage::blobs::runs.id, grant.group, grant.role)
    properties: {
      description: grant.may
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', grant.role)
      principalId: grant.group
      principalType: 'Group'
    }
  }
]

resource asksForUpgrades 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for group in people.operators: {
    scope: bus::requests
    name: guid(bus::requests.id, group, busSender)
    properties: {
      description: 'ask for upgrades'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', busSender)
      principalId: group
      principalType: 'Group'
    }
  }
]

// An order is saved into the run, and then its event is published.
resource ordersRuns 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for group in people.operators: {
    scope: bus::events
    name: guid(bus::events.id, group, busSender)
    properties: {
      description: 'give orders to runs'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', busSender)
      principalId: group
      principalType: 'Group'
    }
  }
]

resource publishesCode 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (publishable && pipeline != null) {
  scope: app
  name: guid(app.id, pipeline!, websiteContributor)
  properties: {
    description: 'publish the package'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', websiteContributor)
    principalId: pipeline!
    principalType: 'ServicePrincipal'
  }
}
