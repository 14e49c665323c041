// One installation of the upgrader, its rights on one site, and optionally a site to try it on. Deploying it again
// never moves traffic: what carries traffic is made once and never written again.
targetScope = 'subscription'

import { namesOf, roleId } from 'names.bicep'
import { People } from 'access/people.bicep'
import { Ranges } from 'site/network.bicep'

@description('Short name of the installation: lower case letters, digits and hyphens, a letter first. A part of every name.')
@minLength(3)
@maxLength(11)
param name string

@description('Azure region of everything.')
param location string = deployment().location

@description('Tags for every resource.')
param tags { *: string } = {}

@description('Resource group of the gateway, the network and the clusters; it is made when the base is.')
param siteGroupName string = 'rg-${name}-site'

@description('Addresses that are called at night.')
param emails string[] = []

@description('Entra groups that may do something: publish sites, read runs, steer them, turn the traffic by hand.')
param people People = { publishers: [], readers: [], operators: [], breakGlass: [] }

@description('Object id of the service principal of a pipeline that publishes the package.')
param pipeline string?

@description('How the functions are hosted: Flex Consumption (recommended), Elastic Premium, or Functions on Container Apps.')
@allowed(['flex', 'premium', 'containers'])
param hosting string = 'flex'

@description('Functions that keep one instance warm, beside HTTP; with flex. Without RestoreTraffic the way back may start cold.')
param alwaysReadyFunctions string[] = ['RestoreTraffic']

@description('Upper bound of instances: of each function with flex (some regions insist on 40), of the app otherwise. It is no mutual exclusion.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 2

@description('Megabytes of an instance, shared by the host and our process; with flex.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Requests to the API that one instance takes side by side, before another is started; with flex.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 100

@description('Whose tokens the API takes, of this subscription\'s directory: the client id of its app registration, its App ID URI, or both with a comma between them. Null: no token is taken.')
param apiAudience string?

@description('What a caller of the API may who has a function key and no token. Their name proves nothing.')
@allowed(['none', 'read', 'act'])
param apiFunctionKey string = 'none'

@description('Image of the functions with its tag or digest; needed with containers.')
param image string?

@description('Login server of a registry that lets the functions\' identity pull; with containers. Give that identity AcrPull there.')
param registry string?

@description('Resource id of a subnet for the functions, delegated to Microsoft.App/environments (premium: Microsoft.Web/serverFarms). Needed where API servers are private or let in certain addresses alone. With the base, its own subnet.')
param subnetId string?

@description('Tier of the Service Bus namespace. Standard is enough.')
@allowed(['Standard', 'Premium'])
param busSku string = 'Standard'

@description('Redundancy of the storage account. A region without zones needs Standard_LRS or Standard_GRS.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageRedundancy string = 'Standard_ZRS'

@description('Gigabytes of logs a day after which no more are taken.')
@minValue(1)
@maxValue(100)
param dailyGigabytes int = 1

@description('Where spans go over OTLP, beside Application Insights: https://collector.example.com:4318.')
param otlpEndpoint string?

@description('The secret of Key Vault that says who is told over webhooks: docs/operate.md. The identity of the functions must be allowed to read it.')
param tellSecretUri string?

@description('The hosts that may be told.')
param tellHosts string[] = []

@description('What is logged, in the form of RUST_LOG.')
param log string = 'warn,bluegreen=info'

@description('What the old cluster has that its copy needs further rights for: see infra/actions.json.')
param oldClusterHas ('logAddOn' | 'diskEncryptionSet' | 'publicAddressPrefix' | 'proximityPlacementGroup')[] = []

@description('Let the functions give AcrPull on the site\'s group to service principals. Only for clusters with a kubelet identity that Azure makes.')
param mayAssignPullRole bool = false

@description('Resource ids of the user-assigned identities that sites name in "federate": the functions may make federated credentials there.')
param federatedIdentityIds string[] = []

@description('Resource ids of the groups in which sites with "copyRoles" have roles copied: of the registry, the vaults, the network, the clusters. There the functions may give new clusters\' identities the roles of copied-roles.json.')
param copiedRoleGroupIds string[] = []

@description('Guids of further roles that they may give there, as in "roles" of "copyRoles". Never one that gives rights.')
param furtherCopiedRoles string[] = []

@description('Name of the cluster that serves now, for Event Grid\'s news of new versions; null: the daily look alone.')
param servingCluster string?

@description('Makes a site to try it on, the article\'s: the exact Kubernetes version of its first cluster. Null: the site exists.')
param baseKubernetesVersion string?

@description('Address ranges of the base.')
param baseRanges Ranges = {
  network: '10.1.0.0/16'
  blue: '10.1.0.0/20'
  green: '10.1.16.0/20'
  gateway: '10.1.32.0/24'
  functions: '10.1.33.0/26'
}

@description('Addresses of the internal load balancers, in the ranges of blue and green.')
param baseAddresses { blue: string[], green: string[] } = {
  blue: ['10.1.15.1', '10.1.15.2', '10.1.15.3', '10.1.15.4']
  green: ['10.1.31.1', '10.1.31.2', '10.1.31.3', '10.1.31.4']
}

@description('Host name that users of the base ask for. The gateway\'s probes ask for it, too, at /healthz.')
param baseHost string = 'shop.example.com'

@description('Tier of the base\'s gateway.')
@allowed(['Standard_v2', 'WAF_v2'])
param baseGatewaySku string = 'Standard_v2'

@description('Size and number of the nodes of the base\'s first cluster.')
param baseNodes { size: string, count: int } = { size: 'Standard_D4ds_v5', count: 3 }

@description('Object ids of the Entra groups that administer the base\'s clusters.')
param baseAdminGroups string[] = []

@description('Ranges that may reach the base\'s API servers, beside the functions; empty: all.')
param baseApiServerRanges string[] = []

@description('Availability zones of the base; empty in a region without.')
param baseZones string[] = ['1', '2', '3']

var strangers = filter(
  range(0, length(name)),
  i => !contains('abcdefghijklmnopqrstuvwxyz0123456789-', substring(name, i, 1))
)
var isName = empty(strangers) && contains('abcdefghijklmnopqrstuvwxyz', take(name, 1)) && !endsWith(name, '-')
var checkedName = isName
  ? name
  : fail('name: expected 3 to 11 lower case letters, digits and hyphens, a letter first, no hyphen last: ${name}')
var checkedImage = hosting == 'containers' && image == null ? fail('image: hosting by containers needs one') : image
var names = namesOf(checkedName, subscription().subscriptionId)
var allTags = { ...tags, 'azd-env-name': checkedName }
var withBase = baseKubernetesVersion != null
var withEvents = servingCluster != null
var identityId = resourceId(
  subscription().subscriptionId,
  names.group,
  'Microsoft.ManagedIdentity/userAssignedIdentities',
  names.identity
)

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: names.group
  location: location
  tags: allTags
}

resource siteGroup 'Microsoft.Resources/resourceGroups@2025-04-01' = if (withBase) {
  name: siteGroupName
  location: location
  tags: tags
}

module network 'site/network.bicep' = if (withBase) {
  scope: siteGroup
  params: {
    name: checkedName
    location: location
    tags: tags
    ranges: baseRanges
    zones: baseZones
    delegation: hosting == 'premium' ? 'Microsoft.Web/serverFarms' : 'Microsoft.App/environments'
  }
}

module roles 'access/roles.bicep' = {
  params: { name: checkedName, suffix: names.suffix, oldClusterHas: oldClusterHas }
}

module upgrader 'upgrader/upgrader.bicep' = {
  scope: group
  params: {
    name: checkedName
    names: names
    location: location
    tags: tags
    emails: emails
    hosting: hosting
    image: checkedImage
    registry: registry
    subnetId: subnetId ?? network.?outputs.functionsSubnetId
    maximumInstanceCount: maximumInstanceCount
    instanceMemoryMB: instanceMemoryMB
    alwaysReadyFunctions: alwaysReadyFunctions
    httpConcurrency: httpConcurrency
    apiAudience: apiAudience
    apiFunctionKey: apiFunctionKey
    busSku: busSku
    storageRedundancy: storageRedundancy
    dailyGigabytes: dailyGigabytes
    otlpEndpoint: otlpEndpoint
    tellSecretUri: tellSecretUri
    tellHosts: tellHosts
    log: log
    messageCounter: roleId(subscription().subscriptionId, checkedName, 'message counter')
    deliversEvents: withEvents
  }
  dependsOn: [roles]
}

module grants 'access/grants.bicep' = {
  params: {
    name: checkedName
    siteGroupName: siteGroupName
    principalId: upgrader.outputs.principalId
    identityId: identityId
    mayAssignPullRole: mayAssignPullRole
    federatedIdentityIds: federatedIdentityIds
    copiedRoleGroupIds: copiedRoleGroupIds
    copiedRoles: concat(map(items(loadJsonContent('copied-roles.json')), role => role.value), furtherCopiedRoles)
  }
  dependsOn: [roles]
}

module teams 'access/people.bicep' = {
  scope: group
  params: {
    people: people
    storageName: names.storage
    busName: names.bus
    appName: names.app
    publishable: hosting != 'containers'
    pipeline: pipeline
  }
  dependsOn: [upgrader]
}

module breakGlass 'access/break-glass.bicep' = {
  params: { name: checkedName, siteGroupName: siteGroupName, groups: people.breakGlass }
  dependsOn: [roles, siteGroup]
}

module gateway 'site/gateway.bicep' = if (withBase) {
  scope: siteGroup
  params: {
    name: checkedName
    location: location
    tags: tags
    zones: baseZones
    blueAddresses: baseAddresses.blue
    host: baseHost
    sku: baseGatewaySku
    workspaceId: resourceId(
      subscription().subscriptionId,
      names.group,
      'Microsoft.OperationalInsights/workspaces',
      names.workspace
    )
  }
  dependsOn: [network, upgrader]
}

module blue 'site/cluster.bicep' = if (withBase) {
  scope: siteGroup
  params: {
    name: checkedName
    location: location
    tags: tags
    zones: baseZones
    kubernetesVersion: baseKubernetesVersion!
    nodes: baseNodes
    adminGroups: baseAdminGroups
    apiServerRanges: empty(baseApiServerRanges)
      ? []
      : concat(baseApiServerRanges, ['${network.?outputs.egress ?? ''}/32'])
  }
}

module events 'events.bicep' = if (withEvents) {
  scope: resourceGroup(siteGroupName)
  params: {
    clusterName: servingCluster!
    location: location
    tags: tags
    identityId: identityId
    queueId: upgrader.outputs.versionsQueueId
    storageId: upgrader.outputs.storageId
  }
  dependsOn: [blue, grants]
}

@description('Name of the function app, for the publication of the package.')
output functionAppName string = names.app

@description('Resource group of the function app.')
output upgraderGroupName string = names.group

@description('Host name of the HTTP function.')
output functionAppHostName string = upgrader.outputs.hostName

@description('Name of the storage account with sites and runs.')
output storageAccountName string = names.storage

@description('Base URL of its blobs: the setting AzureWebJobsStorage__blobServiceUri of the operators\' tool.')
output blobServiceUri string = upgrader.outputs.blobs

@description('Host name of the bus: the setting ServiceBusConnection__fullyQualifiedNamespace of the operators\' tool.')
output serviceBusHostName string = upgrader.outputs.busHostName

@description('Client id of the functions\' identity.')
output identityClientId string = upgrader.outputs.clientId

@description('Address from which the functions call, with the base.')
output egressAddress string = network.?outputs.egress ?? ''
