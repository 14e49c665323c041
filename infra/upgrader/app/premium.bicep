// Elastic Premium: one instance that is always warm and holds all functions. For those who want no cold start at all,
// or whose region has no Flex Consumption.

@description('Name of the function app.')
param name string

@description('Name of its plan.')
param planName string

@description('Azure region.')
param location string

@description('Tags for every resource.')
param tags { *: string }

@description('Resource id of the identity the app runs as.')
param identityId string

@description('Subnet delegated to Microsoft.Web/serverFarms; null: no network of one\'s own.')
param subnetId string?

@description('Upper bound of instances of the app.')
param maximumInstanceCount int

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'elastic'
  sku: { name: 'EP1', tier: 'ElasticPremium' }
  properties: {
    reserved: true
    maximumElasticWorkerCount: maximumInstanceCount
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: { ...tags, 'azd-service-name': 'handler' }
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    virtualNetworkSubnetId: subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      ftpsState: 'Disabled'
      minimumElasticInstanceCount: 1
      functionAppScaleLimit: maximumInstanceCount
      // With a network of one's own the scale controller cannot look into the bus: the host itself tells it.
      functionsRuntimeScaleMonitoringEnabled: subnetId != null
      vnetRouteAllEnabled: subnetId != null
    }
  }
}

@description('Host name of the HTTP function.')
output hostName string = app.properties.defaultHostName
