// Optional base, third part: the first cluster, and the identities that both clusters share. Made once: afterwards the
// functions own versions, pools, tags and life of the clusters.

@description('Short name of the installation.')
param name string

@description('Azure region.')
param location string

@description('Tags for every resource.')
param tags { *: string }

@description('Availability zones; empty in a region without.')
param zones string[]

@description('Exact Kubernetes version of the first cluster.')
param kubernetesVersion string

@description('Size and number of the nodes of the system pool.')
param nodes { size: string, count: int }

@description('Object ids of the groups that administer the clusters.')
param adminGroups string[]

@description('Ranges that may reach the API server; empty: all.')
param apiServerRanges string[]

var clusterName = 'aks-${name}-blue'
var networkContributor = '4d97b98b-1d4f-4787-a291-c67834d212e7'
var identityOperator = 'f1a07417-d97a-45cb-824c-7a7467783830'

resource network 'Microsoft.Network/virtualNetworks@2025-07-01' existing = {
  name: 'vnet-${name}'

  resource blue 'subnets' existing = { name: 'blue' }
}

// They have their roles before any cluster exists, so nobody has to assign one when green appears.
resource clusterIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-${name}-cluster'
  location: location
  tags: tags
}

resource kubeletIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-${name}-kubelet'
  location: location
  tags: tags
}

resource joinsNetwork 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: network
  name: guid(network.id, clusterIdentity.id, networkContributor)
  properties: {
    description: 'Network Contributor: internal load balancers of both clusters'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', networkContributor)
    principalId: clusterIdentity.properties.principalId
    principalType: 'ServicePrincipal'
  }
}

resource givesIdentity 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: kubeletIdentity
  name: guid(kubeletIdentity.id, clusterIdentity.id, identityOperator)
  properties: {
    description: 'Managed Identity Operator: the control plane hands the kubelet identity to the nodes'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', identityOperator)
    principalId: clusterIdentity.properties.principalId
    principalType: 'ServicePrincipal'
  }
}

@onlyIfNotExists()
resource blue 'Microsoft.ContainerService/managedClusters@2026-06-01' = {
  name: clusterName
  location: location
  tags: tags
  sku: { name: 'Base', tier: 'Standard' }
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${clusterIdentity.id}': {} }
  }
  properties: {
    kubernetesVersion: kubernetesVersion
    dnsPrefix: clusterName
    disableLocalAccounts: true
    enableRBAC: true
    aadProfile: { managed: true, enableAzureRBAC: true, adminGroupObjectIDs: adminGroups }
    oidcIssuerProfile: { enabled: true }
    securityProfile: { workloadIdentity: { enabled: true } }
    // An automatic upgrade of the version would race ours, and new images replace nodes in the middle of one: security
    // patches seldom do.
    autoUpgradeProfile: { upgradeChannel: 'none', nodeOSUpgradeChannel: 'SecurityPatch' }
    apiServerAccessProfile: { authorizedIPRanges: apiServerRanges }
    identityProfile: {
      kubeletidentity: {
        resourceId: kubeletIdentity.id
        clientId: kubeletIdentity.properties.clientId
        objectId: kubeletIdentity.properties.principalId
      }
    }
    networkProfile: {
      networkPlugin: 'azure'
      networkPluginMode: 'overlay'
      loadBalancerSku: 'standard'
      serviceCidr: '172.16.0.0/16'
      dnsServiceIP: '172.16.0.10'
    }
    agentPoolProfiles: [
      {
        name: 'system'
        mode: 'System'
        count: nodes.count
        vmSize: nodes.size
        osType: 'Linux'
        osSKU: 'AzureLinux'
        vnetSubnetID: network::blue.id
        availabilityZones: zones
      }
    ]
  }
  dependsOn: [joinsNetwork, givesIdentity]
}
