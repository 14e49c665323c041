// The recommended way: Flex Consumption. Each function scales alone, to nothing when nothing happens, but for those
// that must not start cold: the way back of the traffic, and what a person asks for.

@description('Name of the function app.')
param name string

@description('Name of its plan.')
param planName string

@description('Azure region.')
param location string

@description('Tags for every resource.')
param tags { *: string }

@description('Resource id of the identity the app runs as; it may read the package already.')
param identityId string

@description('Base URL of the blobs of the account with the package.')
param blobs string

@description('Subnet delegated to Microsoft.App/environments; null: no network of one\'s own.')
param subnetId string?

@description('Upper bound of on-demand instances of each function.')
param maximumInstanceCount int

@description('Megabytes of an instance, shared by the host and our process.')
param instanceMemoryMB int

@description('Functions that keep one instance warm.')
param alwaysReadyFunctions string[]

@description('Requests to the API that one instance takes side by side, before another is started.')
param httpConcurrency int

var alwaysReady = map(['http', ...map(alwaysReadyFunctions, function => 'function:${function}')], group => {
  name: group
  instanceCount: 1
})

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
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
    siteConfig: { minTlsVersion: '1.2', ftpsState: 'Disabled' }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${blobs}app-package'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: { name: 'custom', version: '1.0' }
      scaleAndConcurrency: {
        maximumInstanceCount: maximumInstanceCount
        instanceMemoryMB: instanceMemoryMB
        alwaysReady: alwaysReady
        // A look waits for the store and hardly works: without this the platform starts an instance for every 16.
        triggers: { http: { perInstanceConcurrency: httpConcurrency } }
      }
    }
  }
}

@description('Host name of the HTTP function.')
output hostName string = app.properties.defaultHostName
