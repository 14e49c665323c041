// Everything that can be switched on with the recommended hosting.
using '../main.bicep'

param name = 'full-shop'
param location = 'westeurope'
param tags = { product: 'aks-bluegreen' }
param siteGroupName = 'rg-shop'
param emails = ['night@example.com']
param people = {
  publishers: ['00000000-0000-4000-8000-0000000000a1']
  readers: ['00000000-0000-4000-8000-0000000000a2']
  operators: ['00000000-0000-4000-8000-0000000000a3']
  breakGlass: ['00000000-0000-4000-8000-0000000000a4']
}
param pipeline = '00000000-0000-4000-8000-0000000000b1'
param otlpEndpoint = 'https://collector.example.com:4318'
param tellSecretUri = 'https://kv-full-shop.vault.azure.net/secrets/tell'
param tellHosts = ['hooks.example.com']
param apiAudience = 'api://full-shop,00000000-0000-4000-8000-0000000000c1'
param apiFunctionKey = 'read'
param oldClusterHas = ['logAddOn', 'diskEncryptionSet', 'publicAddressPrefix', 'proximityPlacementGroup']
param mayAssignPullRole = true
param federatedIdentityIds = [
  '/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/rg-shop/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-till'
]
param copiedRoleGroupIds = ['/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/rg-shop']
param servingCluster = 'aks-full-shop-blue'
param baseKubernetesVersion = '1.33.5'
param baseGatewaySku = 'WAF_v2'
param baseApiServerRanges = ['192.0.2.0/24']
