//! How many addresses of a subnet the clusters need and use. Pure.
use super::super::answers::{Refusal, refuse};
use super::super::kinds::CLUSTERS;
use super::super::place::{Place, key};
use super::super::store::Store;
use serde_json::{Value, json};

/// Addresses that a pool takes at once: with Azure CNI in the node subnet one for each node and each of its pods.
pub(super) fn needed(pool: &Value, properties: &Value) -> u64 {
    let nodes = pool["count"].as_u64().unwrap_or(1);
    let network = &properties["networkProfile"];
    let is = |field: &str, value: &str| network[field].as_str().is_some_and(|found| found.eq_ignore_ascii_case(value));
    let pods_in_subnet =
        is("networkPlugin", "azure") && !is("networkPluginMode", "overlay") && pool["podSubnetID"].is_null();
    let each = if pods_in_subnet { pool["maxPods"].as_u64().unwrap_or(30) + 1 } else { 1 };
    nodes * each
}

/// Refuses a subnet of another service, and one without the way out that the cluster is to have.
///
/// <https://aka.ms/aks/outboundtype>; the codes by <https://github.com/MicrosoftDocs/azure-docs/issues/108240> and
/// <https://github.com/hashicorp/terraform-provider-azurerm/issues/8609>
pub(super) fn usable(store: &Store, subnet: &Value, properties: &Value) -> Result<(), Refusal> {
    let own = &subnet["properties"];
    let id = subnet["id"].as_str().unwrap_or_default();
    if own["delegations"].as_array().is_some_and(|all| !all.is_empty()) {
        let message = format!("Subnet {id} is delegated to another service and cannot be used for nodes.");
        return Err(refuse(400, "SubnetIsDelegated", message));
    }
    let out = properties["networkProfile"]["outboundType"].as_str().unwrap_or_default();
    if out.eq_ignore_ascii_case("userAssignedNATGateway") && own["natGateway"]["id"].as_str().is_none() {
        let message = format!("Outbound type userAssignedNATGateway needs a NAT gateway on the subnet {id}.");
        return Err(refuse(400, "InvalidSubnet", message));
    }
    if !out.eq_ignore_ascii_case("userDefinedRouting") {
        return Ok(());
    }
    let table = own["routeTable"]["id"].as_str().unwrap_or_default();
    let Some(found) = store.get(&key(table)).filter(|_| !table.is_empty()) else {
        let message = format!("Outbound type userDefinedRouting needs a route table on the subnet {id}.");
        return Err(refuse(400, "RouteTableNotFound", message));
    };
    let mut routes = found["properties"]["routes"].as_array().into_iter().flatten().map(|route| &route["properties"]);
    let Some(default) = routes.find(|route| route["addressPrefix"] == "0.0.0.0/0") else {
        let message = format!("Default route 0.0.0.0/0 missing from route table {table}");
        return Err(refuse(400, "RouteTableMissingDefaultRouteError", message));
    };
    let hop = default["nextHopType"].as_str().unwrap_or_default();
    if ["VirtualAppliance", "VirtualNetworkGateway"].iter().any(|good| hop.eq_ignore_ascii_case(good)) {
        return Ok(());
    }
    let message = format!(
        "Default route 0.0.0.0/0 has a next hop of {hop} but only next hops of VirtualAppliance or VirtualNetworkGateway are allowed. Please see http://aka.ms/aks/outboundtype for more details"
    );
    Err(refuse(400, "RouteTableInvalidNextHop", message))
}

/// How many addresses the prefix of a subnet has.
pub(super) fn size(subnet: &Value) -> u64 {
    let properties = &subnet["properties"];
    let prefix = properties["addressPrefix"].as_str().or(properties["addressPrefixes"][0].as_str());
    let bits: u32 = prefix.and_then(|prefix| prefix.split_once('/')?.1.parse().ok()).unwrap_or(24);
    1 << 32u32.saturating_sub(bits).min(32)
}

/// Addresses in use by everything but this pool of this cluster.
pub(super) fn in_use(store: &Store, subnet: &str, cluster: &str, pool: &str) -> u64 {
    let pools = pools_in(store, subnet).filter(|(owner, other, _)| {
        !(key(owner["id"].as_str().unwrap_or_default()) == cluster && other["name"].as_str() == Some(pool))
    });
    let own = store.get(subnet).and_then(|body| body["properties"]["ipConfigurations"].as_array()).map_or(0, Vec::len);
    pools.map(|(_, _, count)| count).sum::<u64>() + own as u64
}

fn pools_in<'world>(
    store: &'world Store,
    subnet: &'world str,
) -> impl Iterator<Item = (&'world Value, &'world Value, u64)> {
    store.of_kind("/subscriptions/", CLUSTERS).flat_map(move |cluster| {
        let pools = cluster["properties"]["agentPoolProfiles"].as_array().into_iter().flatten();
        let inside = pools.filter(move |pool| pool["vnetSubnetID"].as_str().is_some_and(|id| key(id) == subnet));
        inside.map(move |pool| (cluster, pool, needed(pool, &cluster["properties"])))
    })
}

/// The network interfaces of the clusters' nodes, as a subnet lists them.
pub(crate) fn addresses_in(store: &Store, subnet: &str) -> Vec<Value> {
    let mut addresses = vec![];
    for (cluster, pool, count) in pools_in(store, subnet) {
        let group = cluster["properties"]["nodeResourceGroup"].as_str().unwrap_or_default();
        let subscription = Place::of(cluster["id"].as_str().unwrap_or_default()).subscription.unwrap_or_default();
        let name = pool["name"].as_str().unwrap_or_default();
        let each = count / pool["count"].as_u64().unwrap_or(1).max(1);
        addresses.extend((0..count).map(|at| {
            let (node, own) = (at / each.max(1), at % each.max(1) + 1);
            json!({"id": format!(
                "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachineScaleSets/aks-{name}-vmss/virtualMachines/{node}/networkInterfaces/aks-{name}-vmss/ipConfigurations/ipconfig{own}"
            )})
        }));
    }
    addresses
}
