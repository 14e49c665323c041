// Optional base, first part: the network, the way out of the functions, and the public address. Each is made once and
// never written again: AKS attaches route tables to the subnets, people add rules, and a second deployment would take
// them off.

@export()
@description('Address ranges. With node-subnet CNI a cluster needs nodes x (maxPods + 1) addresses, with overlay one a node.')
type Ranges = {
  network: string
  gateway: string
  blue: string
  green: string
  functions: string
}

@description('Short name of the installation.')
param name string

@description('Azure region.')
param location string

@description('Tags for every resource.')
param tags { *: string }

@description('Address ranges.')
param ranges Ranges

@description('Availability zones; empty in a region without.')
param zones string[]

@description('What the subnet of the functions is delegated to.')
param delegation string

// The gateway's own management reaches it on high ports; testers reach the candidate listener from the functions alone.
var open = [
  { name: 'clients', priority: 100, from: 'Internet', protocol: 'Tcp', ports: ['80', '443'] }
  { name: 'gateway-manager', priority: 110, from: 'GatewayManager', protocol: 'Tcp', ports: ['65200-65535'] }
  { name: 'load-balancer', priority: 120, from: 'AzureLoadBalancer', protocol: '*', ports: ['0-65535'] }
  { name: 'smoke-tests', priority: 130, from: egressAddress.properties.ipAddress, protocol: 'Tcp', ports: ['8080'] }
]

@onlyIfNotExists()
resource egressAddress 'Microsoft.Network/publicIPAddresses@2025-07-01' = {
  name: 'pip-${name}-egress'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { publicIPAllocationMethod: 'Static' }
}

// One known address for everything that the functions call: also what the API servers may let in.
@onlyIfNotExists()
resource egress 'Microsoft.Network/natGateways@2025-07-01' = {
  name: 'ng-${name}'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { publicIpAddresses: [{ id: egressAddress.id }] }
}

@onlyIfNotExists()
resource gatewayRules 'Microsoft.Network/networkSecurityGroups@2025-07-01' = {
  name: 'nsg-${name}-gateway'
  location: location
  tags: tags
  properties: {
    securityRules: map(open, rule => {
      name: rule.name
      properties: {
        priority: rule.priority
        direction: 'Inbound'
        access: 'Allow'
        protocol: rule.protocol
        sourceAddressPrefix: rule.from
        sourcePortRange: '*'
        destinationAddressPrefix: '*'
        destinationPortRanges: rule.ports
      }
    })
  }
}

@onlyIfNotExists()
resource network 'Microsoft.Network/virtualNetworks@2025-07-01' = {
  name: 'vnet-${name}'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [ranges.network] }
    // Said aloud where nothing needs the default way out: its default changed with this version of the API.
    subnets: [
      {
        name: 'gateway'
        properties: { addressPrefix: ranges.gateway, networkSecurityGroup: { id: gatewayRules.id } }
      }
      { name: 'blue', properties: { addressPrefix: ranges.blue, defaultOutboundAccess: false } }
      { name: 'green', properties: { addressPrefix: ranges.green, defaultOutboundAccess: false } }
      {
        name: 'functions'
        properties: {
          addressPrefix: ranges.functions
          natGateway: { id: egress.id }
          defaultOutboundAccess: false
          delegations: [{ name: 'functions', properties: { serviceName: delegation } }]
        }
      }
    ]
  }

  resource functionsSubnet 'subnets' existing = { name: 'functions' }
}

@onlyIfNotExists()
resource address 'Microsoft.Network/publicIPAddresses@2025-07-01' = {
  name: 'pip-${name}'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  zones: zones
  properties: { publicIPAllocationMethod: 'Static' }
}

@description('Resource id of the subnet for the functions.')
output functionsSubnetId string = network::functionsSubnet.id

@description('Address from which the functions call.')
output egress string = egressAddress.properties.ipAddress
