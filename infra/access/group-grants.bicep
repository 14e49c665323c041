// Roles on one resource group.

@description('Principal id of who gets them.')
param principalId string

@description('What kind of principal that is.')
@allowed(['ServicePrincipal', 'Group'])
param principalType string

@description('What the names of the assignments are made of: known before the deployment.')
param identityId string

@description('The roles: their names and guids.')
param roles { *: string }

@description('Guids of roles that it may itself give to service principals here; empty: none.')
param mayAssign string[] = []

var roleAdministrator = 'f58310d9-a9f6-439a-9e8d-f62e7b41a168'
var only = '{${join(mayAssign, ', ')}}'
var assignments = 'Microsoft.Authorization/roleAssignments'
// One clause for what is written, one for what is deleted: neither may touch another role or another kind of principal.
var clauses = map(
  [{ verb: 'write', of: '@Request' }, { verb: 'delete', of: '@Resource' }],
  clause =>
    '((!(ActionMatches{\'${assignments}/${clause.verb}\'})) OR (${clause.of}[${assignments}:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals ${only} AND ${clause.of}[${assignments}:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {\'ServicePrincipal\'}))'
)

resource grant 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in items(roles): {
    name: guid(resourceGroup().id, identityId, role.value)
    properties: {
      description: role.key
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.value)
      principalId: principalId
      principalType: principalType
    }
  }
]

resource delegated 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(mayAssign)) {
  name: guid(resourceGroup().id, identityId, roleAdministrator)
  properties: {
    description: 'Role Based Access Control Administrator, limited'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleAdministrator)
    principalId: principalId
    principalType: principalType
    condition: join(clauses, ' AND ')
    conditionVersion: '2.0'
  }
}
