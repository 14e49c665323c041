// The functions' roles outside their own resource group.
targetScope = 'subscription'

import { roleId } from '../names.bicep'

@description('Short name of the installation.')
param name string

@description('Resource group of the gateway, the network and the clusters.')
param siteGroupName string

@description('Principal id of the functions\' identity.')
param principalId string

@description('Resource id of the same identity: known before the deployment.')
param identityId string

@description('Let the functions give AcrPull on this resource group to service principals, and nothing else to nobody else.')
param mayAssignPullRole bool

@description('Resource ids of the identities at which the functions make federated credentials.')
param federatedIdentityIds string[]

@description('Resource ids of the groups in which the functions give new clusters\' identities the old ones\' roles.')
param copiedRoleGroupIds string[]

@description('Guids of the roles that they may give there.')
param copiedRoles string[]

var regionReader = roleId(subscription().subscriptionId, name, 'region reader')

// On the subscription, because operations are followed below /subscriptions/{id}/providers/.../locations/: rights on
// a resource group do not reach there. Without it a write succeeds and every look at it answers 403.
resource readsRegion 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, identityId, regionReader)
  properties: {
    description: 'region reader'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', regionReader)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

module site 'group-grants.bicep' = {
  scope: resourceGroup(siteGroupName)
  params: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    identityId: identityId
    roles: {
      'cluster replacer': roleId(subscription().subscriptionId, name, 'cluster replacer')
      'traffic turner': roleId(subscription().subscriptionId, name, 'traffic turner')
      // On the group, because the new cluster does not exist when roles are given; controllers bring ClusterRoles.
      'Azure Kubernetes Service RBAC Cluster Admin': 'b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b'
    }
    mayAssign: mayAssignPullRole ? ['7f951dda-4ed3-4680-a7ca-43fe172d538d'] : []
  }
}

module federation 'federation-grant.bicep' = [
  for id in federatedIdentityIds: {
    scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
    params: {
      identityName: last(split(id, '/'))
      principalId: principalId
      functionsIdentityId: identityId
      role: roleId(subscription().subscriptionId, name, 'identity federator')
    }
  }
]

var roleReader = roleId(subscription().subscriptionId, name, 'role reader')

// On the subscription, because what the old cluster's identities may do can lie in any group.
resource readsRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(copiedRoleGroupIds)) {
  name: guid(subscription().id, identityId, roleReader)
  properties: {
    description: 'role reader'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleReader)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

module roleGiving 'role-giving.bicep' = [
  for id in copiedRoleGroupIds: {
    scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
    params: {
      principalId: principalId
      functionsIdentityId: identityId
      role: roleId(subscription().subscriptionId, name, 'role giver')
      mayGive: copiedRoles
    }
  }
]
