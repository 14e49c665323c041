// Custom roles, because no built-in one is small enough: exactly the actions that infra/actions.json has for them.
// A test plays whole upgrades with these rights and no other. Roles may be assigned only where that is asked for
// (role-giving.bicep): else both clusters use identities that exist before them.
targetScope = 'subscription'

import { roleId } from '../names.bicep'

@description('Short name of the installation.')
param name string

@description('What makes the roles\' names unique in the tenant.')
param suffix string

@description('What the old cluster has that its copy needs further rights for.')
param oldClusterHas string[]

var listed = loadJsonContent('../actions.json')
var granted = filter(listed, entry => !contains(entry, 'when') || contains(oldClusterHas, entry.?when ?? ''))
var roles = {
  'region reader': 'Reads versions, quota, locks, the names of groups and the state of operations.'
  'cluster replacer': 'Creates, watches and deletes clusters, and sees what hangs on them.'
  'traffic turner': 'Reads and writes the application gateway.'
  // Whoever may write them can be the identity: given at the identities that a site names, and nowhere else.
  'identity federator': 'Makes and removes federated credentials of an identity.'
  // Given under a condition, in the groups that whoever deploys names.
  'role giver': 'Gives a few roles to the identities of new clusters, and takes them back.'
  'role reader': 'Sees who has which role, and the access policies of vaults.'
  // The scale controller's, too: without it messages are not counted but peeked at, one and then ten, and no error says so.
  'message counter': 'Counts messages, for scaling, and sees the subscriptions.'
}

resource definition 'Microsoft.Authorization/roleDefinitions@2022-04-01' = [
  for role in items(roles): {
    name: roleId(subscription().subscriptionId, name, role.key)
    properties: {
      roleName: 'AKS blue-green ${role.key} (${name}-${suffix})'
      description: role.value
      assignableScopes: [subscription().id]
      permissions: [
        {
          actions: map(filter(granted, entry => contains(entry.roles, role.key)), entry => entry.action)
        }
      ]
    }
  }
]
