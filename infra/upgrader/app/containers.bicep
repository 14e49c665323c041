// Functions on Container Apps: our own image (packaging/container). For those who must scan and sign what runs, or
// need another executable beside ours.

@description('Name of the app.')
param name string

@description('Name of the environment.')
param environmentName string

@description('Azure region.')
param location string

@description('Tags for every resource.')
param tags { *: string }

@description('Resource id of the identity the app runs as.')
param identityId string

@description('Client id of the same identity.')
param clientId string

@description('The image with its tag or digest.')
param image string

@description('Login server of a registry that asks for the identity; null: anybody may pull.')
param registry string?

@description('Subnet delegated to Microsoft.App/environments, /27 or larger; null: no network of one\'s own.')
param subnetId string?

@description('Upper bound of replicas.')
param maximumInstanceCount int

@description('Name of the Log Analytics workspace.')
param workspaceName string

@description('Settings of the product.')
param settings { *: string }

@description('Storage account of host, sites and runs.')
param storageName string

@description('Host name of the Service Bus namespace.')
param busHostName string

@description('Connection string of Application Insights; an address, not a secret.')
param insightsConnection string

resource storage 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: storageName
}

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

resource environment 'Microsoft.App/managedEnvironments@2026-01-01' = {
  name: environmentName
  location: location
  tags: tags
  properties: {
    // The workspace takes no keys, so its logs go through a diagnostic setting.
    appLogsConfiguration: { destination: 'azure-monitor' }
    vnetConfiguration: subnetId == null ? null : { infrastructureSubnetId: subnetId!, internal: false }
    workloadProfiles: [{ name: 'Consumption', workloadProfileType: 'Consumption' }]
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: environment
  name: 'logs'
  properties: {
    workspaceId: workspace.id
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
  }
}

resource app 'Microsoft.App/containerApps@2026-01-01' = {
  name: name
  location: location
  tags: { ...tags, 'azd-service-name': 'handler' }
  kind: 'functionapp'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    environmentId: environment.id
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: { external: true, targetPort: 8080, transport: 'auto', allowInsecure: false }
      registries: registry == null ? [] : [{ server: registry!, identity: identityId }]
    }
    template: {
      // An invocation is over within 160 s; the entry point drains the host before it stops.
      terminationGracePeriodSeconds: 200
      // The way back of the traffic must not start cold.
      scale: { minReplicas: 1, maxReplicas: maximumInstanceCount }
      containers: [
        {
          name: 'handler'
          image: image
          resources: { cpu: json('1.0'), memory: '2Gi' }
          env: concat(map(items(settings), setting => { name: setting.key, value: setting.value }), [
            // Addresses instead of __accountName, which assumes the public cloud.
            { name: 'AzureWebJobsStorage__blobServiceUri', value: storage.properties.primaryEndpoints.blob }
            { name: 'AzureWebJobsStorage__queueServiceUri', value: storage.properties.primaryEndpoints.queue }
            { name: 'AzureWebJobsStorage__tableServiceUri', value: storage.properties.primaryEndpoints.table }
            { name: 'AzureWebJobsStorage__credential', value: 'managedidentity' }
            { name: 'AzureWebJobsStorage__clientId', value: clientId }
            { name: 'ServiceBusConnection__fullyQualifiedNamespace', value: busHostName }
            { name: 'ServiceBusConnection__credential', value: 'managedidentity' }
            { name: 'ServiceBusConnection__clientId', value: clientId }
            { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: insightsConnection }
            { name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING', value: 'ClientId=${clientId};Authorization=AAD' }
            { name: 'AZURE_CLIENT_ID', value: clientId }
          ])
        }
      ]
    }
  }
}

@description('Host name of the HTTP function.')
output hostName string = app.properties.configuration.ingress.fqdn
