//! Which cluster serves behind the gateway, and where its successor finds room.
use super::{Found, Sheet};
use crate::resources::answers::{lies_in, list, name_of, same_id, same_name, text};
use crate::resources::gateway::Gateway;
use crate::resources::subnet::{self, Place, in_use, place, ranges};
use serde_json::{Value, json};
use std::net::Ipv4Addr;

/// The cluster that serves, its subnet, and what leads to it.
#[derive(Clone, Debug)]
pub struct Serving<'a> {
    /// The cluster.
    pub cluster: &'a Value,
    /// The subnet of its nodes.
    pub subnet: &'a Value,
    /// The pools whose members lie in that subnet.
    pub pools: Vec<String>,
    /// Those members, each once, in order.
    pub addresses: Vec<Ipv4Addr>,
}

/// The cluster behind a gateway: the one in whose subnet members of the gateway's pools lie.
///
/// # Errors
/// When there is none, or more than one and none was asked for.
pub fn serving<'a>(
    gateway: &Gateway,
    networks: &'a [Value],
    clusters: &'a [Value],
    wanted: Option<&str>,
) -> Result<Serving<'a>, String> {
    let found = clusters.iter().filter(|cluster| wanted.is_none_or(|id| same_id(id, text(cluster, "/id"))));
    let mut found: Vec<_> = found.filter_map(|cluster| behind(gateway, networks, cluster)).collect();
    let id = text(&gateway.0, "/id");
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(format!(
            "no pool of {id} holds an address in the subnet of {}: expected the internal addresses of a cluster's \
             ingress in a pool. Bring the workload behind an internal load balancer, or name another gateway",
            wanted.unwrap_or("a cluster that can be seen")
        )),
        _ => {
            let names: Vec<_> = found.iter().map(|serving| text(serving.cluster, "/id")).collect();
            Err(format!("the pools of {id} lead to {}: say which is meant with --cluster", names.join(" and ")))
        }
    }
}

/// The gateways that lead to a cluster.
#[must_use]
pub fn serving_gateways<'a>(gateways: &'a [Gateway], networks: &[Value], cluster: &Value) -> Vec<&'a Gateway> {
    gateways.iter().filter(|gateway| behind(gateway, networks, cluster).is_some()).collect()
}

fn behind<'a>(gateway: &Gateway, networks: &'a [Value], cluster: &'a Value) -> Option<Serving<'a>> {
    let subnet = subnet_of(networks, cluster)?;
    let ranges = ranges(subnet);
    let is_inside = |address: &Ipv4Addr| place(&ranges, *address) == Place::Inside;
    let pools: Vec<_> = gateway.pools().filter(|pool| pool.addresses().any(|address| is_inside(&address))).collect();
    let mut addresses: Vec<_> = pools.iter().flat_map(|pool| pool.addresses()).filter(is_inside).collect();
    addresses.sort_unstable();
    addresses.dedup();
    let pools: Vec<_> = pools.iter().map(|pool| pool.name().to_owned()).collect();
    (!pools.is_empty()).then_some(Serving { cluster, subnet, pools, addresses })
}

fn subnet_of<'a>(networks: &'a [Value], cluster: &Value) -> Option<&'a Value> {
    let pools = list(cluster, "/properties/agentPoolProfiles");
    let id = pools.iter().map(|pool| text(pool, "/vnetSubnetID")).find(|id| !id.is_empty())?;
    subnets(networks).find(|subnet| same_id(text(subnet, "/id"), id))
}

fn subnets(networks: &[Value]) -> impl Iterator<Item = &Value> {
    networks.iter().flat_map(|network| list(network, "/properties/subnets"))
}

/// Writes both slots.
pub(super) fn write(sheet: &mut Sheet, found: &Found, serving: &Serving<'_>, agic: bool) {
    let name = text(serving.cluster, "/name");
    let (ours, other) = if name.to_lowercase().contains("green") { ("green", "blue") } else { ("blue", "green") };
    let path = |colour: &str, member: &str| format!("/slots/{colour}/{member}");
    let addresses = if agic {
        json!([sheet.undecided(&path(ours, "addresses/0"), "internal addresses of the ingress; the pools hold pods'")])
    } else {
        json!(serving.addresses)
    };
    let slot = json!({
        "cluster": text(serving.cluster, "/id"), "subnet": text(serving.subnet, "/id"), "addresses": addresses,
    });
    let version = text(serving.cluster, "/properties/currentKubernetesVersion");
    sheet.note(&format!("/slots/{ours}"), &format!("Serves now: {name}, Kubernetes {version}."));
    let idle = idle(sheet, found, serving, other);
    let (blue, green) = if ours == "blue" { (slot, idle) } else { (idle, slot) };
    sheet.set("slots", json!({"blue": blue, "green": green}));
}

fn idle(sheet: &mut Sheet, found: &Found, serving: &Serving<'_>, colour: &str) -> Value {
    let path = |member: &str| format!("/slots/{colour}/{member}");
    let rooms = rooms(found, serving);
    let Some(room) = rooms.first() else {
        let why = "a subnet as large as the other slot's, with nothing else in it: there is none yet";
        return json!({
            "cluster": idle_cluster(sheet, found, serving, None, &path("cluster")),
            "subnet": sheet.undecided(&path("subnet"), why),
            "addresses": [sheet.undecided(&path("addresses/0"), "as many internal addresses in that subnet as the other slot has")],
        });
    };
    let names: Vec<_> = rooms.iter().map(|subnet| text(subnet, "/name")).collect();
    match &names[..] {
        [only] => {
            sheet.note(&path("subnet"), &format!("{only} is the only subnet of the network with room for a cluster."));
        }
        [first, others @ ..] => {
            sheet.decide(
                &path("subnet"),
                &format!("{first} has room for a cluster, and so have {}.", others.join(", ")),
            );
        }
        [] => {}
    }
    let cluster = idle_cluster(sheet, found, serving, Some(room), &path("cluster"));
    let addresses = mirrored(serving, room);
    let addresses = if addresses.len() == serving.addresses.len() {
        sheet.decide(
            &path("addresses"),
            "they lie as far into the subnet as the other slot's. See that nothing else takes them.",
        );
        json!(addresses)
    } else {
        json!(
            [sheet.undecided(&path("addresses/0"), "as many internal addresses of this subnet as the other slot has")]
        )
    };
    json!({"cluster": cluster, "subnet": text(room, "/id"), "addresses": addresses})
}

fn idle_cluster(sheet: &mut Sheet, found: &Found, serving: &Serving<'_>, room: Option<&Value>, path: &str) -> Value {
    if let Some(there) = room.and_then(|room| occupant(found, serving, room)) {
        sheet.note(
            path,
            &format!("In the subnet already: Kubernetes {}.", text(there, "/properties/kubernetesVersion")),
        );
        return json!(text(there, "/id"));
    }
    sheet.decide(path, "the name that the new cluster gets.");
    let id = text(serving.cluster, "/id");
    let (group, name) = id.rsplit_once('/').unwrap_or_default();
    json!(format!("{group}/{}", swapped(name)))
}

/// The cluster in the idle subnet.
fn occupant<'a>(found: &'a Found, serving: &Serving<'_>, room: &Value) -> Option<&'a Value> {
    let others = found.clusters.iter().filter(|cluster| !same_id(text(cluster, "/id"), text(serving.cluster, "/id")));
    let mut inside = others.filter(|cluster| {
        let pools = list(cluster, "/properties/agentPoolProfiles");
        pools.iter().any(|pool| same_id(text(pool, "/vnetSubnetID"), text(room, "/id")))
    });
    inside.next()
}

/// The subnets that could be the idle slot's, the best first.
fn rooms<'a>(found: &'a Found, serving: &Serving<'_>) -> Vec<&'a Value> {
    let own = text(serving.subnet, "/id");
    let network = own.split("/subnets/").next().unwrap_or_default();
    let size = |subnet: &Value| ranges(subnet).iter().map(|range| subnet::size(*range)).sum::<u64>();
    let counterpart = swapped(text(serving.cluster, "/name"));
    let is_counterparts = |subnet: &Value| {
        occupant(found, serving, subnet).is_some_and(|there| same_name(text(there, "/name"), &counterpart))
    };
    let gateways: Vec<_> = list(&found.gateway.0, "/properties/gatewayIPConfigurations").iter().collect();
    let is_room = |subnet: &&Value| {
        let id = text(subnet, "/id");
        let is_gateways = gateways.iter().any(|at| same_id(text(at, "/properties/subnet/id"), id));
        let is_empty = in_use(subnet, None) == 0 && occupant(found, serving, subnet).is_none();
        let is_anothers = !list(subnet, "/properties/delegations").is_empty() || is_reserved(name_of(id));
        lies_in(id, network)
            && !same_id(id, own)
            && !is_gateways
            && !is_anothers
            && size(subnet) >= size(serving.subnet)
            && (is_empty || is_counterparts(subnet))
    };
    let mut rooms: Vec<_> = subnets(&found.networks).filter(is_room).collect();
    let twin = swapped(text(serving.subnet, "/name"));
    rooms.sort_by_key(|subnet| (!is_counterparts(subnet), !same_name(text(subnet, "/name"), &twin), size(subnet)));
    rooms
}

/// Names that Azure keeps for services of its own.
fn is_reserved(name: &str) -> bool {
    name.starts_with("Azure") || ["GatewaySubnet", "RouteServerSubnet"].contains(&name)
}

/// The addresses that lie as far into another subnet.
fn mirrored(serving: &Serving<'_>, room: &Value) -> Vec<Ipv4Addr> {
    let (from, to) = (ranges(serving.subnet), ranges(room));
    let mirror = |address: &Ipv4Addr| {
        let offset = from.iter().find_map(|range| subnet::offset(*range, *address))?;
        to.iter().find_map(|range| subnet::at(*range, offset)).filter(|address| place(&to, *address) == Place::Inside)
    };
    serving.addresses.iter().filter_map(mirror).collect()
}

/// The name with the other colour in it.
fn swapped(name: &str) -> String {
    for (one, other) in [("blue", "green"), ("Blue", "Green"), ("BLUE", "GREEN")] {
        if name.contains(one) {
            return name.replace(one, other);
        }
        if name.contains(other) {
            return name.replace(other, one);
        }
    }
    format!("{name}-green")
}
