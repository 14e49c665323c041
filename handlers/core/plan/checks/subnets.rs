//! The new slot's subnets let the new cluster be made, and serve as the old one's do: what hangs on them is compared.
use super::addresses::planned_cluster;
use super::routes::{self, routes};
use super::{Finding, Seen};
use crate::plan::cluster_body::pools;
use crate::plan::{Kind, Plan};
use crate::resources::answers::{lies_in, list, name_of, same_id, same_name, shortened, text};
use crate::resources::subnet;
use ipnet::Ipv4Net;
use serde_json::Value;

pub(super) const SUBJECT: &str = "subnet";

/// A subnet of the old slot, and the one that takes its place.
pub(super) struct Pair<'a> {
    pub id: &'a str,
    pub old: &'a Value,
    pub new: &'a Value,
}

pub(super) fn check(plan: &Plan, seen: &Seen) -> Vec<Finding> {
    let (Some(old), Some(planned)) = (&seen.old_cluster, planned_cluster(plan, seen)) else { return vec![] };
    // A kept cluster lies where it always did.
    if plan.kind == Kind::Return {
        return vec![];
    }
    let mut findings: Vec<_> = shared(old, &planned);
    for pair in pairs(plan, seen) {
        findings.extend(impossible(&pair, seen, &planned));
        findings.extend(routes(&pair, seen, old, &planned));
        if !plan.site.subnets_may_differ {
            findings.extend(different(&pair, old));
        }
    }
    findings
}

/// Which subnets follow which: the nodes', and the further ones of the same name, as far as they were seen.
fn pairs<'a>(plan: &'a Plan, seen: &'a Seen) -> Vec<Pair<'a>> {
    let (from, to) = (plan.old_slot(), plan.new_slot());
    let further = from.subnets.iter().filter_map(|(name, from)| Some((from, to.subnets.get(name)?)));
    let ids = [(&from.subnet, &to.subnet)].into_iter().chain(further);
    ids.filter_map(|(from, to)| Some(Pair { id: to, old: seen.subnet(plan, from)?, new: seen.subnet(plan, to)? }))
        .collect()
}

/// Nodes and pods of the new cluster would go where the old one's are.
fn shared(old: &Value, planned: &Value) -> Vec<Finding> {
    let mut findings = vec![];
    for (member, whose) in [("/vnetSubnetID", "nodes"), ("/podSubnetID", "pods")] {
        let is_olds = |id: &str| pools(old).iter().any(|pool| same_id(text(pool, member), id));
        for pool in pools(planned).iter().filter(|pool| !text(pool, member).is_empty() && is_olds(text(pool, member))) {
            let (name, subnet) = (shortened(text(pool, "/name")), text(pool, member));
            let what = format!(
                "the {whose} of the pool {name} have a subnet of their own, {}, and the new cluster's would go there, too, \
                 where the old one needs the room",
                name_of(subnet)
            );
            let remedy = "name another subnet for the new cluster: both slots' under one name in \"subnets\", or the pools, \
                          complete, in \"clusterChanges\"";
            findings.push(Finding::wrong(SUBJECT, what, remedy));
        }
    }
    findings
}

/// Where Azure makes no cluster.
fn impossible(pair: &Pair<'_>, seen: &Seen, planned: &Value) -> Vec<Finding> {
    let id = pair.id;
    let mut findings = vec![];
    let mut wrong = |what: String, remedy: &str| findings.push(Finding::wrong(SUBJECT, what, remedy));
    let services = |subnet: &Value| -> Vec<String> {
        let delegations = list(subnet, "/properties/delegations").iter();
        delegations.map(|it| text(it, "/properties/serviceName").to_lowercase()).collect()
    };
    let known = services(pair.old);
    for service in services(pair.new).iter().filter(|service| !known.contains(service)) {
        let what = format!("{id} is delegated to {}: nobody else may be in it", shortened(service));
        wrong(what, "take the delegation away, or name another subnet");
    }
    let gateway = seen.gateway.as_ref().map(|gateway| list(&gateway.0, "/properties/gatewayIPConfigurations"));
    let mut gateways = gateway.into_iter().flatten().map(|at| text(at, "/properties/subnet/id"));
    if gateways.any(|gateways| same_id(gateways, id)) {
        wrong(format!("{id} is the gateway's own, in which nothing else may be"), "name another subnet");
    }
    let name = name_of(id);
    if KEPT.iter().any(|kept| same_name(kept, name)) {
        wrong(format!("Azure keeps the name {name} for services of its own"), "name another subnet");
    }
    for member in ["serviceCidr", "podCidr"] {
        let range = text(planned, &format!("/properties/networkProfile/{member}"));
        let Ok(range) = range.parse::<Ipv4Net>() else { continue };
        let overlaps = |own: &Ipv4Net| own.contains(&range.network()) || range.contains(&own.network());
        if let Some(own) = subnet::ranges(pair.new).into_iter().find(overlaps) {
            let what = format!("the range {own} of {id} overlaps the cluster's {member} {range}");
            wrong(what, "name a subnet with another range, or another range in \"clusterChanges\"");
        }
    }
    findings
}

/// Names of subnets in which Azure lets nothing but the service.
const KEPT: [&str; 6] = [
    "AzureBastionSubnet",
    "AzureFirewallManagementSubnet",
    "AzureFirewallSubnet",
    "AzureGatewaySubnet",
    "GatewaySubnet",
    "RouteServerSubnet",
];

/// What hangs on the old subnet and not on the new one: the new cluster would serve unprotected, or not reach what it needs.
fn different(pair: &Pair<'_>, old: &Value) -> Vec<Finding> {
    let mut lacks: Vec<String> = vec![];
    let nodes = format!("/resourceGroups/{}/", text(old, "/properties/nodeResourceGroup"));
    for (member, what) in [
        ("networkSecurityGroup", "network security group"),
        ("routeTable", "route table"),
        ("natGateway", "NAT gateway"),
    ] {
        let id = |subnet: &Value| text(subnet, &format!("/properties/{member}/id")).to_owned();
        let (before, after) = (id(pair.old), id(pair.new));
        // What AKS hung there for the old cluster it makes anew for the new one.
        let is_clusters = before.to_lowercase().contains(&nodes.to_lowercase());
        if !before.is_empty() && after.is_empty() && !is_clusters {
            lacks.push(format!("the {what} {}", shortened(name_of(&before))));
        }
    }
    let named = |subnet: &Value, list_at: &str, at: &str| -> Vec<String> {
        list(subnet, list_at).iter().map(|it| text(it, at).to_owned()).filter(|name| !name.is_empty()).collect()
    };
    for (at, name, what) in [
        ("/properties/serviceEndpoints", "/service", "the service endpoint"),
        ("/properties/serviceEndpointPolicies", "/id", "the service endpoint policy"),
    ] {
        let after = named(pair.new, at, name);
        let missing = named(pair.old, at, name).into_iter().filter(|one| !after.iter().any(|it| same_id(it, one)));
        lacks.extend(missing.map(|one| format!("{what} {}", shortened(name_of(&one)))));
    }
    let mut findings = vec![];
    let meant = "or, if that is meant, set \"subnetsMayDiffer\": true in the site file";
    if !lacks.is_empty() {
        let what = format!("the old slot's subnet has {}, and {} has none", lacks.join(", "), pair.id);
        findings.push(Finding::wrong(SUBJECT, what, format!("hang the same, or its like, on it; {meant}")));
    }
    for policies in ["privateEndpointNetworkPolicies", "privateLinkServiceNetworkPolicies"] {
        let at = format!("/properties/{policies}");
        let (before, after) = (text(pair.old, &at), text(pair.new, &at));
        if !before.is_empty() && !after.is_empty() && !same_name(before, after) {
            let what = format!(
                "{policies} of the old slot's subnet are {}, of {} {}",
                shortened(before),
                pair.id,
                shortened(after)
            );
            findings.push(Finding::wrong(SUBJECT, what, format!("make them the same; {meant}")));
        }
    }
    findings
}

/// The ids of parts of the network beside the slots' own subnets without which the plan cannot be judged.
pub(super) fn named(plan: &Plan, seen: &Seen) -> Vec<String> {
    let (from, to) = (plan.old_slot(), plan.new_slot());
    let planned = planned_cluster(plan, seen).unwrap_or_default();
    let of_pools = pools(&planned).iter().flat_map(|pool| [text(pool, "/vnetSubnetID"), text(pool, "/podSubnetID")]);
    let of_ingress = from.ingress_subnet.iter().chain(&to.ingress_subnet);
    let of_slots = from.subnets.values().chain(to.subnets.values()).chain(of_ingress).map(String::as_str);
    let mut ids: Vec<_> = of_pools.chain(of_slots).filter(|id| !id.is_empty()).map(str::to_owned).collect();
    if routes::goes_out_by_routes(&planned) {
        let subnets = ids.iter().chain([&from.subnet, &to.subnet]).filter_map(|id| seen.subnet(plan, id));
        let tables: Vec<_> = subnets.map(|subnet| text(subnet, "/properties/routeTable/id").to_owned()).collect();
        ids.extend(tables.into_iter().filter(|id| !id.is_empty()));
    }
    ids
}

/// Whether a resource lies in the group for a cluster's nodes, by the cluster's answer.
pub(super) fn is_of_nodes(id: &str, cluster: &Value) -> bool {
    let group = text(cluster, "/properties/nodeResourceGroup");
    let subscription = id.split("/resourceGroups/").next().unwrap_or_default();
    !group.is_empty() && lies_in(id, &format!("{subscription}/resourceGroups/{group}"))
}
