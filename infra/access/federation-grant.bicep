// The right to make federated credentials, at one identity.

@description('Name of the identity.')
param identityName string

@description('Principal id of the functions\' identity.')
param principalId string

@description('Resource id of the same identity: known before the deployment.')
param functionsIdentityId string

@description('Id of the role.')
param role string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource federates 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: identity
  name: guid(identity.id, functionsIdentityId, role)
  properties: {
    description: 'identity federator'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}
