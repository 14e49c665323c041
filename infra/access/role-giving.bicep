// The right to give a few roles to service principals in one resource group, and to take them back: never another role,
// never to people or groups, and never to the functions themselves.

@description('Principal id of the functions\' identity.')
param principalId string

@description('Resource id of the same identity: known before the deployment.')
param functionsIdentityId string

@description('Id of the role.')
param role string

@description('Guids of the roles that may be given.')
param mayGive string[]

var only = '{${join(mayGive, ', ')}}'
var assignments = 'Microsoft.Authorization/roleAssignments'
var clauses = map(
  [{ verb: 'write', of: '@Request' }, { verb: 'delete', of: '@Resource' }],
  clause =>
    '((!(ActionMatches{\'${assignments}/${clause.verb}\'})) OR (${clause.of}[${assignments}:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals ${only} AND ${clause.of}[${assignments}:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {\'ServicePrincipal\'} AND ${clause.of}[${assignments}:PrincipalId] ForAnyOfAllValues:GuidNotEquals {${principalId}}))'
)

resource gives 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, functionsIdentityId, role)
  properties: {
    description: 'role giver, limited'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    principalId: principalId
    principalType: 'ServicePrincipal'
    condition: join(clauses, ' AND ')
    conditionVersion: '2.0'
  }
}
