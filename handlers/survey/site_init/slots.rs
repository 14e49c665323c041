//! Which cluster serves behind the gateway, and where its successor finds room.
use super::{Found, Sheet, further};
use crate::resources::answers::{lies_in, list, name_of, same_id, same_name, text};
use crate::resources::gateway::{Foreign, Gateway, Pool};
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
    /// The subnet of its ingress, where that is another.
    pub ingress: Option<&'a Value>,
    /// The pools whose members lie in the subnet of its ingress.
    pub pools: Vec<String>,
    /// Those members, each once, in order.
    pub addresses: Vec<Ipv4Addr>,
}

/// The cluster behind a gateway: the one in whose subnet members of the gateway's pools lie, or in a subnet of its ingress.
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
    let mut found: Vec<_> = found.filter_map(|cluster| behind(gateway, networks, clusters, cluster)).collect();
    let id = text(&gateway.0, "/id");
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(format!(
            "no pool of {id} holds an address in the subnet of {}: expected the internal addresses of a cluster's \
             ingress in a pool. {}, or name another gateway",
            wanted.unwrap_or("a cluster that can be seen"),
            instead(gateway, networks, clusters)
        )),
        _ => {
            let names: Vec<_> = found.iter().map(|serving| text(serving.cluster, "/id")).collect();
            Err(format!("the pools of {id} lead to {}: say which is meant with --cluster", names.join(" and ")))
        }
    }
}

/// What to do where no pool holds an address of a cluster, by what they hold.
fn instead(gateway: &Gateway, networks: &[Value], clusters: &[Value]) -> String {
    match gateway.pools().find_map(Pool::foreign) {
        Some(Foreign::Interface) => {
            return "Nodes are members by their network interfaces: bring the workload behind an internal load balancer".into();
        }
        Some(Foreign::Name) => {
            return "Names are members: put the internal addresses to which they lead in their place".into();
        }
        None => {}
    }
    let has_no_network = |cluster: &Value| subnet_ids(cluster).next().is_none();
    if !clusters.is_empty() && clusters.iter().all(has_no_network) {
        let why = "AKS made the cluster's network for it alone, and no second one can lie beside it";
        return format!("{why}: make a cluster in a network of your own");
    }
    let addresses: Vec<_> = gateway.pools().flat_map(Pool::addresses).collect();
    let has = |subnet: &&Value| addresses.iter().any(|address| place(&ranges(subnet), *address) == Place::Inside);
    match subnets(networks).find(has) {
        Some(subnet) => format!(
            "Its pools hold addresses in the subnet {}: say with --cluster whose ingress that is",
            text(subnet, "/name")
        ),
        None => "Bring the workload behind an internal load balancer".to_owned(),
    }
}

/// The gateways that lead to a cluster.
#[must_use]
pub fn serving_gateways<'a>(
    gateways: &'a [Gateway],
    networks: &[Value],
    clusters: &[Value],
    cluster: &Value,
) -> Vec<&'a Gateway> {
    gateways.iter().filter(|gateway| behind(gateway, networks, clusters, cluster).is_some()).collect()
}

fn behind<'a>(gateway: &Gateway, networks: &'a [Value], clusters: &[Value], cluster: &'a Value) -> Option<Serving<'a>> {
    let nodes = subnet_of(networks, cluster)?;
    let own = subnets(networks).filter(|subnet| may_be_ingress(subnet, nodes, clusters, cluster));
    let in_subnet = |subnet: &'a Value| led_to(gateway, cluster, nodes, subnet);
    in_subnet(nodes).or_else(|| own.filter_map(in_subnet).next())
}

/// Whether the ingress of a cluster may have its addresses in this subnet: its load balancers are there, or there is no
/// other cluster in the network whose they could be.
fn may_be_ingress(subnet: &Value, nodes: &Value, clusters: &[Value], cluster: &Value) -> bool {
    let network = |id: &str| id.to_lowercase().split("/subnets/").next().unwrap_or_default().to_owned();
    let (id, home) = (text(subnet, "/id"), network(text(nodes, "/id")));
    let is_nodes = clusters.iter().any(|cluster| subnet_ids(cluster).any(|nodes| same_id(nodes, id)));
    if network(id) != home || is_nodes {
        return false;
    }
    let group = format!("/resourcegroups/{}/", text(cluster, "/properties/nodeResourceGroup").to_lowercase());
    let used = list(subnet, "/properties/ipConfigurations").iter();
    let has_balancer = used.map(|it| text(it, "/id").to_lowercase()).any(|id| id.contains(&group));
    let is_other = |other: &&Value| !same_id(text(other, "/id"), text(cluster, "/id"));
    let lies_here = |other: &Value| subnet_ids(other).any(|id| network(id) == home);
    has_balancer || !clusters.iter().filter(is_other).any(lies_here)
}

fn led_to<'a>(gateway: &Gateway, cluster: &'a Value, nodes: &'a Value, subnet: &'a Value) -> Option<Serving<'a>> {
    let ranges = ranges(subnet);
    let is_inside = |address: &Ipv4Addr| place(&ranges, *address) == Place::Inside;
    let pools: Vec<_> = gateway.pools().filter(|pool| pool.addresses().any(|address| is_inside(&address))).collect();
    let mut addresses: Vec<_> = pools.iter().flat_map(|pool| pool.addresses()).filter(is_inside).collect();
    addresses.sort_unstable();
    addresses.dedup();
    let pools: Vec<_> = pools.iter().map(|pool| pool.name().to_owned()).collect();
    let ingress = Some(subnet).filter(|subnet| !same_id(text(subnet, "/id"), text(nodes, "/id")));
    (!pools.is_empty()).then_some(Serving { cluster, subnet: nodes, ingress, pools, addresses })
}

fn subnet_ids(cluster: &Value) -> impl Iterator<Item = &str> {
    let pools = list(cluster, "/properties/agentPoolProfiles").iter();
    pools.map(|pool| text(pool, "/vnetSubnetID")).filter(|id| !id.is_empty())
}

fn subnet_of<'a>(networks: &'a [Value], cluster: &Value) -> Option<&'a Value> {
    let id = subnet_ids(cluster).next()?;
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
    let mut slot = json!({"cluster": text(serving.cluster, "/id"), "subnet": text(serving.subnet, "/id")});
    if let Some(ingress) = serving.ingress {
        slot["ingressSubnet"] = json!(text(ingress, "/id"));
        sheet.note(&path(ours, "ingressSubnet"), "Here lie the addresses that the gateway's pools hold.");
    }
    slot["addresses"] = addresses;
    let version = text(serving.cluster, "/properties/currentKubernetesVersion");
    sheet.note(&format!("/slots/{ours}"), &format!("Serves now: {name}, Kubernetes {version}."));
    let mut idle = idle(sheet, found, serving, other);
    further::write(sheet, found, serving, &mut slot, (other, &mut idle));
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
    let mut slot = json!({"cluster": cluster, "subnet": text(room, "/id")});
    let mut twin = Some(*room);
    if let Some(ingress) = serving.ingress {
        twin = counterpart(found, ingress);
        slot["ingressSubnet"] = match twin {
            Some(twin) => {
                sheet.decide(
                    &path("ingressSubnet"),
                    "the subnet of the other slot's ingress has this twin, by its name.",
                );
                json!(text(twin, "/id"))
            }
            None => sheet
                .undecided(&path("ingressSubnet"), "a subnet for this slot's ingress: there is no twin by its name"),
        };
    }
    let addresses = twin.map(|twin| mirrored(serving, twin)).unwrap_or_default();
    slot["addresses"] = if addresses.len() == serving.addresses.len() {
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
    slot
}

/// The subnet of the same network whose name has the other colour in it.
pub(super) fn counterpart<'a>(found: &'a Found, ingress: &Value) -> Option<&'a Value> {
    let (id, name) = (text(ingress, "/id"), text(ingress, "/name"));
    let network = id.split("/subnets/").next().unwrap_or_default();
    let twin = swapped(name);
    subnets(&found.networks)
        .find(|subnet| lies_in(text(subnet, "/id"), network) && same_name(text(subnet, "/name"), &twin))
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
    let (from, to) = (ranges(serving.ingress.unwrap_or(serving.subnet)), ranges(room));
    let mirror = |address: &Ipv4Addr| {
        let offset = from.iter().find_map(|range| subnet::offset(*range, *address))?;
        to.iter().find_map(|range| subnet::at(*range, offset)).filter(|address| place(&to, *address) == Place::Inside)
    };
    serving.addresses.iter().filter_map(mirror).collect()
}

/// The name with the other colour in it.
pub(super) fn swapped(name: &str) -> String {
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
