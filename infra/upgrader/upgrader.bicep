// The upgrader, all of it in one resource group of its own: removing the group removes it and touches no site.
import { Names } from '../names.bicep'

@description('Short name of the installation.')
param name string

@description('Names of everything.')
param names Names

@description('Azure region.')
param location string

@description('Tags for every resource.')
param tags { *: string }

@description('Addresses that are called at night.')
param emails string[]

@description('How the functions are hosted.')
@allowed(['flex', 'premium', 'containers'])
param hosting string

@description('Image of the functions, with hosting by containers.')
param image string?

@description('Registry of the image that asks for the identity.')
param registry string?

@description('Subnet for the functions; null: no network of one\'s own.')
param subnetId string?

@description('Upper bound of instances.')
param maximumInstanceCount int

@description('Megabytes of an instance on Flex Consumption.')
param instanceMemoryMB int

@description('Functions that keep one instance warm on Flex Consumption.')
param alwaysReadyFunctions string[]

@description('Requests to the API that one instance takes side by side, on Flex Consumption.')
param httpConcurrency int

@description('Whose tokens the API takes: its client id, its App ID URI, or both with a comma between them; null: nobody\'s.')
param apiAudience string?

@description('What a caller of the API may who has a function key and no token.')
@allowed(['none', 'read', 'act'])
param apiFunctionKey string

@description('Tier of the Service Bus namespace.')
param busSku string

@description('Redundancy of the storage account.')
param storageRedundancy string

@description('Gigabytes of logs a day after which no more are taken.')
param dailyGigabytes int

@description('Where spans go over OTLP, beside Application Insights.')
param otlpEndpoint string?

@description('The secret of Key Vault that says who is told over webhooks: docs/operate.md. The identity of the functions must be allowed to read it.')
param tellSecretUri string?

@description('The hosts that may be told.')
param tellHosts string[]

@description('What is logged, in the form of RUST_LOG.')
param log string

@description('Guid of the role with which the scale controller counts messages.')
param messageCounter string

@description('Whether Event Grid delivers with the functions\' identity.')
param deliversEvents bool

var identityId = resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', names.identity)
// As config.rs names the clouds, by the names that Resource Manager has for them.
var clouds = {
  AzureCloud: 'AzurePublicCloud'
  AzureChinaCloud: 'AzureChinaCloud'
  AzureUSGovernment: 'AzureUSGovernment'
}
var settings = {
  AZURE_CLOUD: clouds[environment().name]
  RUST_LOG: log
  // Once an hour the steps' subscriptions are looked at.
  SERVICE_BUS_RESOURCE_ID: resourceId('Microsoft.ServiceBus/namespaces', names.bus)
  API_FUNCTION_KEY: apiFunctionKey
  ...(apiAudience == null ? {} : { API_TENANT: tenant().tenantId, API_AUDIENCE: apiAudience! })
  ...(tellSecretUri == null
    ? {}
    : { TELL: '@Microsoft.KeyVault(SecretUri=${tellSecretUri!})', TELL_HOSTS: join(tellHosts, ',') })
  ...(otlpEndpoint == null ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint! })
}

module identity 'identity.bicep' = {
  params: { name: names.identity, location: location, tags: tags }
}

module storage 'storage.bicep' = {
  params: { name: names.storage, location: location, tags: tags, redundancy: storageRedundancy }
}

module bus 'servicebus.bicep' = {
  params: { name: names.bus, location: location, tags: tags, sku: busSku }
}

module monitoring 'monitoring.bicep' = {
  params: {
    name: name
    location: location
    tags: tags
    emails: emails
    busName: names.bus
    insightsName: names.insights
    workspaceName: names.workspace
    dailyGigabytes: dailyGigabytes
  }
  dependsOn: [bus]
}

module dataRoles 'data-roles.bicep' = {
  params: {
    principalId: identity.outputs.principalId
    identityId: identityId
    storageName: names.storage
    busName: names.bus
    insightsName: names.insights
    messageCounter: messageCounter
    deliversEvents: deliversEvents
  }
  dependsOn: [storage, bus, monitoring]
}

module flex 'app/flex.bicep' = if (hosting == 'flex') {
  params: {
    name: names.app
    planName: names.plan
    location: location
    tags: tags
    identityId: identityId
    blobs: storage.outputs.blobs
    subnetId: subnetId
    maximumInstanceCount: maximumInstanceCount
    instanceMemoryMB: instanceMemoryMB
    alwaysReadyFunctions: alwaysReadyFunctions
    httpConcurrency: httpConcurrency
  }
  dependsOn: [dataRoles]
}

module premium 'app/premium.bicep' = if (hosting == 'premium') {
  params: {
    name: names.app
    planName: names.plan
    location: location
    tags: tags
    identityId: identityId
    subnetId: subnetId
    maximumInstanceCount: maximumInstanceCount
  }
  dependsOn: [dataRoles]
}

module appSettings 'app/settings.bicep' = if (hosting != 'containers') {
  params: {
    appName: names.app
    settings: {
      ...settings
      // Flex Consumption refuses these: there the plan says it.
      ...(hosting == 'premium'
        ? {
            FUNCTIONS_EXTENSION_VERSION: '~4'
            FUNCTIONS_WORKER_RUNTIME: 'custom'
            // Without keys there is no file share to unpack into: the package is read where it lies.
            WEBSITE_RUN_FROM_PACKAGE: '${storage.outputs.blobs}app-package/functions.zip'
            WEBSITE_RUN_FROM_PACKAGE_BLOB_MI_RESOURCE_ID: identityId
          }
        : {})
    }
    storageName: names.storage
    clientId: identity.outputs.clientId
    busHostName: bus.outputs.hostName
    insightsConnection: monitoring.outputs.connectionString
  }
  dependsOn: [flex, premium]
}

module containers 'app/containers.bicep' = if (hosting == 'containers') {
  params: {
    name: names.app
    environmentName: names.environment
    location: location
    tags: tags
    identityId: identityId
    clientId: identity.outputs.clientId
    image: image ?? ''
    registry: registry
    subnetId: subnetId
    maximumInstanceCount: maximumInstanceCount
    workspaceName: names.workspace
    settings: settings
    storageName: names.storage
    busHostName: bus.outputs.hostName
    insightsConnection: monitoring.outputs.connectionString
  }
  dependsOn: [dataRoles]
}

@description('Principal id of the functions\' identity, for the roles on the site.')
output principalId string = identity.outputs.principalId

@description('Client id of the functions\' identity.')
output clientId string = identity.outputs.clientId

@description('Resource id of the storage account.')
output storageId string = storage.outputs.id

@description('Base URL of the blobs: the setting AzureWebJobsStorage__blobServiceUri of the operators\' tool.')
output blobs string = storage.outputs.blobs

@description('Host name of the bus: the setting ServiceBusConnection__fullyQualifiedNamespace of the operators\' tool.')
output busHostName string = bus.outputs.hostName

@description('Resource id of the queue for events about new versions.')
output versionsQueueId string = bus.outputs.versionsQueueId

@description('Host name of the HTTP function.')
output hostName string = flex.?outputs.hostName ?? premium.?outputs.hostName ?? containers.?outputs.hostName ?? ''
