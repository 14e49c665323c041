// The emergency way back needs neither the functions nor their store: people write the gateway themselves, with the
// same two roles that the functions have for it.
targetScope = 'subscription'

import { roleId } from '../names.bicep'

@description('Short name of the installation.')
param name string

@description('Resource group of the gateway.')
param siteGroupName string

@description('Object ids of the Entra groups that may.')
param groups string[]

var regionReader = roleId(subscription().subscriptionId, name, 'region reader')

resource followsOperations 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for group in groups: {
    name: guid(subscription().id, group, regionReader)
    properties: {
      description: 'region reader, for an emergency'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', regionReader)
      principalId: group
      principalType: 'Group'
    }
  }
]

module site 'group-grants.bicep' = [
  for group in groups: {
    scope: resourceGroup(siteGroupName)
    params: {
      principalId: group
      principalType: 'Group'
      identityId: group
      roles: { 'traffic turner': roleId(subscription().subscriptionId, name, 'traffic turner') }
    }
  }
]
