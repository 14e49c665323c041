// The settings of an app on Flex Consumption or Elastic Premium. A deployment writes the whole set: it also removes
// what somebody set by hand at night.

@description('Name of the function app.')
param appName string

@description('Settings of the product and of this way of hosting.')
param settings { *: string }

@description('Storage account of host, package, sites and runs.')
param storageName string

@description('Client id of the functions\' identity.')
param clientId string

@description('Host name of the Service Bus namespace.')
param busHostName string

@description('Connection string of Application Insights; an address, not a secret.')
param insightsConnection string

resource storage 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: storageName
}

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: appName

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: {
      ...settings
      // Addresses instead of __accountName, which assumes the public cloud.
      AzureWebJobsStorage__blobServiceUri: storage.properties.primaryEndpoints.blob
      AzureWebJobsStorage__queueServiceUri: storage.properties.primaryEndpoints.queue
      AzureWebJobsStorage__tableServiceUri: storage.properties.primaryEndpoints.table
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: clientId
      ServiceBusConnection__fullyQualifiedNamespace: busHostName
      ServiceBusConnection__credential: 'managedidentity'
      ServiceBusConnection__clientId: clientId
      APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnection
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${clientId};Authorization=AAD'
      AZURE_CLIENT_ID: clientId
    }
  }

  // Nobody publishes with a password: Entra tokens alone.
  resource ftpPassword 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scmPassword 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }
}
