// The storage account of the Functions host, of the package, of sites and runs. No keys; what was overwritten or
// deleted can be had back for 14 days.

@description('Name of the storage account.')
param name string

@description('Azure region.')
param location string

@description('Tags for every resource.')
param tags { *: string }

@description('Redundancy. ZRS survives a zone; regions without zones need LRS or GRS.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param redundancy string

var containers = ['app-package', 'runs', 'sites', 'event-dead-letters']
var daysToRegret = 14
var daysOfRefusals = 90

resource storage 'Microsoft.Storage/storageAccounts@2025-08-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: redundancy }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      isVersioningEnabled: true
      deleteRetentionPolicy: { enabled: true, days: daysToRegret }
      containerDeleteRetentionPolicy: { enabled: true, days: daysToRegret }
    }

    resource container 'containers' = [for container in containers: { name: container }]
  }

  // A run is rewritten at each hop: without this its old versions would stay for ever.
  resource expiry 'managementPolicies' = {
    name: 'default'
    properties: {
      policy: {
        rules: [
          {
            name: 'old-versions'
            type: 'Lifecycle'
            definition: {
              filters: { blobTypes: ['blockBlob'] }
              actions: { version: { delete: { daysAfterCreationGreaterThan: daysToRegret } } }
            }
          }
          // What was refused is shown to people, newest first: nobody looks for it after a quarter of a year.
          {
            name: 'refusals'
            type: 'Lifecycle'
            definition: {
              filters: { blobTypes: ['blockBlob'], prefixMatch: ['runs/refusals/'] }
              actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: daysOfRefusals } } }
            }
          }
        ]
      }
    }
    dependsOn: [blobs]
  }
}

@description('Resource id of the storage account.')
output id string = storage.id

@description('Base URL of the blobs, right in every cloud.')
output blobs string = storage.properties.primaryEndpoints.blob

@description('Base URL of the queues.')
output queues string = storage.properties.primaryEndpoints.queue

@description('Base URL of the tables.')
output tables string = storage.properties.primaryEndpoints.table
