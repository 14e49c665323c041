//! A cluster that goes out by the routes of its subnet finds them there: Azure makes none without a default route.
use super::subnets::{Pair, SUBJECT, is_of_nodes};
use super::{Finding, Seen};
use crate::resources::answers::{list, name_of, same_id, same_name, shortened, text};
use serde_json::Value;

/// Whether the routes of its subnets are a cluster's way out.
#[must_use]
pub fn goes_out_by_routes(cluster: &Value) -> bool {
    same_name(text(cluster, "/properties/networkProfile/outboundType"), "userDefinedRouting")
}

/// The next hop of the default route of a table: its type, and its address where it has one.
pub(super) fn default_route(table: &Value) -> Option<(&str, &str)> {
    let routes = list(table, "/properties/routes").iter();
    let mut defaults = routes.filter(|route| text(route, "/properties/addressPrefix") == "0.0.0.0/0");
    let route = defaults.next()?;
    Some((text(route, "/properties/nextHopType"), text(route, "/properties/nextHopIpAddress")))
}

/// What of a subnet's ways out keeps Azure from making the cluster.
pub(super) fn routes(pair: &Pair<'_>, seen: &Seen, old: &Value, planned: &Value) -> Vec<Finding> {
    let out = text(planned, "/properties/networkProfile/outboundType");
    if same_name(out, "userAssignedNATGateway") && text(pair.new, "/properties/natGateway/id").is_empty() {
        let what = format!("the cluster goes out through the NAT gateway of its subnet, but {} has none", pair.id);
        return vec![Finding::wrong(SUBJECT, what, "hang the NAT gateway on it, too")];
    }
    own_table(pair, old, planned).or_else(|| by_routes(pair, seen, planned)).into_iter().collect()
}

/// With kubenet each cluster writes its pods' routes into its table: two would write over each other.
fn own_table(pair: &Pair<'_>, old: &Value, planned: &Value) -> Option<Finding> {
    let (before, after) = (table(pair.old), table(pair.new));
    let is_kubenet = same_name(text(planned, "/properties/networkProfile/networkPlugin"), "kubenet");
    let is_olds = same_id(before, after) || is_of_nodes(after, old);
    (is_kubenet && !after.is_empty() && is_olds).then(|| {
        let what =
            format!("with kubenet each cluster needs a route table of its own, but {} has the old one's", pair.id);
        Finding::wrong(SUBJECT, what, "hang another route table on it, with the same routes but for the pods'")
    })
}

fn by_routes(pair: &Pair<'_>, seen: &Seen, planned: &Value) -> Option<Finding> {
    if !goes_out_by_routes(planned) {
        return None;
    }
    let wrong = |what: String, remedy: &str| Some(Finding::wrong(SUBJECT, what, remedy));
    let make = "the cluster goes out by the routes of its subnet: hang a route table on it whose route 0.0.0.0/0 leads to a \
                firewall (VirtualAppliance) or a VirtualNetworkGateway";
    let id = table(pair.new);
    if id.is_empty() {
        return wrong(format!("{} has no route table", pair.id), make);
    }
    let Some(found) = seen.part(id) else {
        let what = format!("whether the route table {id} of {} has a default route cannot be seen", pair.id);
        return wrong(what, "make it, or give the functions the right to read it (Microsoft.Network/routeTables/read)");
    };
    match default_route(found) {
        Some((hop, _)) if ["VirtualAppliance", "VirtualNetworkGateway"].iter().any(|good| same_name(hop, good)) => None,
        Some((hop, _)) => {
            let name = shortened(name_of(id));
            wrong(format!("the route 0.0.0.0/0 of the route table {name} leads to {:?}", shortened(hop)), make)
        }
        None => wrong(format!("the route table {} has no route 0.0.0.0/0", shortened(name_of(id))), make),
    }
}

fn table(subnet: &Value) -> &str {
    text(subnet, "/properties/routeTable/id")
}
