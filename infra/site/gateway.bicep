// Optional base, second part: the gateway. Made once: the functions own its pools' members afterwards, and a second
// deployment would write the template's members over the live ones.

@description('Short name of the installation.')
param name string

@description('Azure region.')
param location string

@description('Tags for every resource.')
param tags { *: string }

@description('Availability zones; empty in a region without.')
param zones string[]

@description('Internal addresses of blue\'s ingress.')
param blueAddresses string[]

@description('Host name that the probes ask for: an ingress knows no other.')
param host string

@description('WAF_v2 comes with a policy in prevention mode.')
@allowed(['Standard_v2', 'WAF_v2'])
param sku string

@description('Resource id of the workspace for the access log.')
param workspaceId string

var gatewayName = 'agw-${name}'
var listeners = [{ name: 'live', port: 80 }, { name: 'candidate', port: 8080 }]

resource network 'Microsoft.Network/virtualNetworks@2025-07-01' existing = {
  name: 'vnet-${name}'

  resource subnet 'subnets' existing = { name: 'gateway' }
}

resource address 'Microsoft.Network/publicIPAddresses@2025-07-01' existing = {
  name: 'pip-${name}'
}

@onlyIfNotExists()
resource firewall 'Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies@2025-07-01' = if (sku == 'WAF_v2') {
  name: 'waf-${name}'
  location: location
  tags: tags
  properties: {
    policySettings: { state: 'Enabled', mode: 'Prevention' }
    managedRules: { managedRuleSets: [{ ruleSetType: 'OWASP', ruleSetVersion: '3.2' }] }
  }
}

@onlyIfNotExists()
resource gateway 'Microsoft.Network/applicationGateways@2025-07-01' = {
  name: gatewayName
  location: location
  tags: tags
  zones: zones
  properties: {
    sku: { name: sku, tier: sku }
    autoscaleConfiguration: { minCapacity: 1, maxCapacity: 5 }
    enableHttp2: true
    sslPolicy: { policyType: 'Predefined', policyName: 'AppGwSslPolicy20220101S' }
    firewallPolicy: sku == 'WAF_v2' ? { id: firewall.id } : null
    gatewayIPConfigurations: [{ name: 'gateway', properties: { subnet: { id: network::subnet.id } } }]
    frontendIPConfigurations: [{ name: 'public', properties: { publicIPAddress: { id: address.id } } }]
    frontendPorts: [for listener in listeners: { name: listener.name, properties: { port: listener.port } }]
    // What users get, and what lets the gateway itself probe the other cluster before any traffic moves.
    backendAddressPools: [
      { name: 'live', properties: { backendAddresses: [for ip in blueAddresses: { ipAddress: ip }] } }
      { name: 'candidate', properties: { backendAddresses: [] } }
    ]
    probes: [
      {
        name: 'ingress'
        properties: {
          protocol: 'Http'
          host: host
          path: '/healthz'
          interval: 5
          timeout: 5
          unhealthyThreshold: 2
        }
      }
    ]
    backendHttpSettingsCollection: [
      {
        name: 'ingress'
        properties: {
          port: 80
          protocol: 'Http'
          requestTimeout: 30
          probe: { id: resourceId('Microsoft.Network/applicationGateways/probes', gatewayName, 'ingress') }
          connectionDraining: { enabled: true, drainTimeoutInSec: 60 }
        }
      }
    ]
    httpListeners: [
      for listener in listeners: {
        name: listener.name
        properties: {
          protocol: 'Http'
          frontendIPConfiguration: {
            id: resourceId('Microsoft.Network/applicationGateways/frontendIPConfigurations', gatewayName, 'public')
          }
          frontendPort: {
            id: resourceId('Microsoft.Network/applicationGateways/frontendPorts', gatewayName, listener.name)
          }
        }
      }
    ]
    requestRoutingRules: [
      for (listener, i) in listeners: {
        name: listener.name
        properties: {
          ruleType: 'Basic'
          priority: 100 + i
          httpListener: {
            id: resourceId('Microsoft.Network/applicationGateways/httpListeners', gatewayName, listener.name)
          }
          backendAddressPool: {
            id: resourceId('Microsoft.Network/applicationGateways/backendAddressPools', gatewayName, listener.name)
          }
          backendHttpSettings: {
            id: resourceId(
              'Microsoft.Network/applicationGateways/backendHttpSettingsCollection',
              gatewayName,
              'ingress'
            )
          }
        }
      }
    ]
  }
}

// What must never disappear. Not the group and not the clusters: the lock would be inherited, and the functions delete
// clusters. Nor ReadOnly: it would forbid the turn of the traffic.
resource keep 'Microsoft.Authorization/locks@2020-05-01' = {
  scope: gateway
  name: 'keep'
  properties: { level: 'CanNotDelete', notes: 'Carries the live traffic.' }
}

resource accessLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: gateway
  name: 'access'
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [{ category: 'ApplicationGatewayAccessLog', enabled: true }]
  }
}
