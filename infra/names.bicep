// Every name in one place, computed before the deployment starts: what-if and the snapshots can then show every
// resource. A name that comes from another module's output makes both blind.

@export()
type Names = {
  @description('Six characters that no other installation has, in any subscription.')
  suffix: string
  group: string
  identity: string
  storage: string
  bus: string
  plan: string
  app: string
  insights: string
  workspace: string
  environment: string
}

@export()
@description('The names of one installation. What must be unique in the world or in the tenant gets a suffix that is always the same.')
func namesOf(name string, subscriptionId string) Names => {
  suffix: take(uniqueString(subscriptionId, name), 6)
  group: 'rg-${name}-upgrader'
  identity: 'id-${name}-upgrader'
  storage: 'st${replace(name, '-', '')}${take(uniqueString(subscriptionId, name), 11)}'
  bus: 'sb-${name}-${take(uniqueString(subscriptionId, name), 6)}'
  plan: 'plan-${name}-upgrader'
  app: 'func-${name}-${take(uniqueString(subscriptionId, name), 6)}'
  insights: 'appi-${name}-upgrader'
  workspace: 'log-${name}-upgrader'
  environment: 'cae-${name}-upgrader'
}

@export()
@description('The guid of a custom role of one installation. Names of roles are unique in the whole tenant, so is this.')
func roleId(subscriptionId string, name string, role string) string => guid(subscriptionId, name, role)
