//! The new slot's subnets have room for the new cluster, also while it upgrades its nodes, and for its ingress.
use super::{Finding, Seen};
use crate::plan::cluster_body::{new_cluster, pools};
use crate::plan::{Kind, Plan};
use crate::resources::answers::{is_true, list, number, same_id, same_name, shortened, text};
use crate::resources::subnet::{self, AZURES_OWN, Place};
use serde_json::Value;

const SUBJECT: &str = "addresses";
/// Of a pool that says nothing, for Azure CNI with pods in the nodes' subnet.
const USUAL_PODS: u64 = 30;
/// Of a pool that says nothing, in percent.
const USUAL_SURGE: &str = "10%";

pub(super) fn check(plan: &Plan, seen: &Seen) -> Vec<Finding> {
    let slot = plan.new_slot();
    let mut findings = ingress(plan, seen);
    let Some(body) = planned_cluster(plan, seen) else { return findings };
    // Every address of the slot is a load balancer's.
    let named = slot.addresses.len() as u64;
    let all = u64::from(plan.site.internal_load_balancers).max(named);
    let beside_nodes = if slot.ingress_subnet.is_some() { all.saturating_sub(named) } else { all };
    let mut balancers = vec![(slot.subnet.as_str(), beside_nodes)];
    if let Some(ingress) = &slot.ingress_subnet {
        balancers.push((ingress, named));
    }
    for id in further(&body, seen) {
        if !balancers.iter().any(|(known, _)| same_id(known, id)) {
            balancers.push((id, 0));
        }
    }
    for (id, count) in balancers {
        findings.extend(room(plan, seen, &body, id, count));
    }
    findings
}

/// The subnets of the new cluster's nodes and pods that are not the old one's, too: of those it is said elsewhere.
fn further<'a>(body: &'a Value, seen: &Seen) -> Vec<&'a str> {
    let of = |pool: &'a Value| [text(pool, "/vnetSubnetID"), text(pool, "/podSubnetID")];
    let olds: Vec<_> = seen
        .old_cluster
        .iter()
        .flat_map(pools)
        .flat_map(|pool| [text(pool, "/vnetSubnetID"), text(pool, "/podSubnetID")])
        .collect();
    let ids = pools(body).iter().flat_map(of);
    ids.filter(|id| !id.is_empty() && !olds.iter().any(|olds| same_id(olds, id))).collect()
}

/// Whether a subnet has room for what the new cluster puts there.
fn room(plan: &Plan, seen: &Seen, body: &Value, id: &str, load_balancers: u64) -> Option<Finding> {
    let Some(subnet) = seen.subnet(plan, id) else {
        let what = format!("the subnet {id} is expected, but does not exist, or cannot be seen");
        return Some(Finding::wrong(SUBJECT, what, "make it, or correct it in the site file"));
    };
    let ranges = subnet::ranges(subnet);
    if ranges.is_empty() {
        let what = format!("the subnet {id} has no address range that can be read");
        return Some(Finding::wrong(SUBJECT, what, "look at its addressPrefixes"));
    }
    let need = match needed(body, id, load_balancers) {
        Ok(need) => need,
        Err(why) => return Some(Finding::wrong(SUBJECT, why, "correct it at the old cluster, or in clusterChanges")),
    };
    let size = ranges.iter().map(|range| subnet::size(*range)).fold(0, u64::saturating_add);
    let in_use = subnet::in_use(subnet, own_node_group(plan, seen).as_deref());
    let total = need.total();
    (total > size.saturating_sub(in_use)).then(|| {
        let what = format!(
            "the new cluster needs {total} addresses ({need}), but the subnet {id} has {size}, of which {in_use} are in use"
        );
        let remedy = "make the subnet larger, or the pools' maxCount, maxPods or maxSurge smaller";
        Finding::wrong(SUBJECT, what, remedy)
    })
}

/// The cluster that will be in the new slot. What cannot be made is judged elsewhere.
pub(super) fn planned_cluster(plan: &Plan, seen: &Seen) -> Option<Value> {
    match plan.kind {
        Kind::Return => {
            let found = seen.new_cluster.as_ref()?;
            Some(plan.kept.as_ref().map_or_else(|| found.clone(), |kept| kept.before.given_to(found)))
        }
        Kind::Upgrade | Kind::Replace => new_cluster(seen.old_cluster.as_ref()?, plan, "planned").ok(),
    }
}

/// The group for nodes of what is in the idle slot: it is deleted first, or it is the cluster itself.
fn own_node_group(plan: &Plan, seen: &Seen) -> Option<String> {
    let group = text(seen.new_cluster.as_ref()?, "/properties/nodeResourceGroup");
    let subscription = plan.new_slot().cluster.split('/').nth(2)?;
    (!group.is_empty()).then(|| format!("/subscriptions/{subscription}/resourceGroups/{group}"))
}

fn ingress(plan: &Plan, seen: &Seen) -> Vec<Finding> {
    let slot = plan.new_slot();
    let own = slot.ingress_subnet.as_ref();
    let id = own.unwrap_or(&slot.subnet);
    let ranges = seen.subnet(plan, id).map(subnet::ranges).unwrap_or_default();
    if ranges.is_empty() {
        return vec![];
    }
    let correct = "correct the slot's addresses in the site file";
    let at = |place: Place| {
        let there = slot.addresses.iter().filter(|address| subnet::place(&ranges, **address) == place);
        there.map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let judge = |(place, why): (Place, &str)| {
        let addresses = at(place);
        let remedy = match (place, own) {
            (Place::Outside, None) => {
                let named = "if the ingress lies in a subnet of its own, name that as \"ingressSubnet\" of both slots";
                format!("{correct}; {named}")
            }
            (Place::Inside | Place::KeptByAzure | Place::Outside, _) => correct.to_owned(),
        };
        let what = format!("the slot's addresses are expected in the subnet {id}, but {why}: {addresses}");
        (!addresses.is_empty()).then(|| Finding::wrong(SUBJECT, what, remedy))
    };
    let wrong = [(Place::KeptByAzure, "Azure keeps for itself"), (Place::Outside, "outside it lie")];
    wrong.into_iter().filter_map(judge).collect()
}

/// The addresses that a cluster needs in its slot's subnet.
struct Need {
    nodes: u64,
    surge: u64,
    pods: u64,
    load_balancers: u64,
}

impl Need {
    fn total(&self) -> u64 {
        [self.nodes, self.surge, self.pods, self.load_balancers, AZURES_OWN].into_iter().fold(0, u64::saturating_add)
    }
}

impl std::fmt::Display for Need {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { nodes, surge, pods, load_balancers, .. } = self;
        write!(
            formatter,
            "{nodes} nodes + {surge} more while nodes are upgraded + {pods} for their pods + {load_balancers} internal \
             load balancers + {AZURES_OWN} of Azure"
        )
    }
}

/// What a cluster needs in one subnet.
fn needed(cluster: &Value, id: &str, load_balancers: u64) -> Result<Need, String> {
    let mut need = Need { nodes: 0, surge: 0, pods: 0, load_balancers };
    for pool in pools(cluster) {
        let (of_nodes, of_pods) = (text(pool, "/vnetSubnetID"), text(pool, "/podSubnetID"));
        let has_pods = if of_pods.is_empty() {
            pods_lie_with_nodes(cluster) && same_id(of_nodes, id)
        } else {
            same_id(of_pods, id)
        };
        if !has_pods && !same_id(of_nodes, id) {
            continue;
        }
        let nodes = most_nodes(pool);
        let surge = surge(pool, nodes)?;
        if same_id(of_nodes, id) {
            need.nodes = need.nodes.saturating_add(nodes);
            need.surge = need.surge.saturating_add(surge);
        }
        if has_pods {
            let pods = number(pool, "/maxPods").unwrap_or(USUAL_PODS);
            need.pods = need.pods.saturating_add(nodes.saturating_add(surge).saturating_mul(pods));
        }
    }
    Ok(need)
}

fn pods_lie_with_nodes(cluster: &Value) -> bool {
    same_name(text(cluster, "/properties/networkProfile/networkPlugin"), "azure")
        && !same_name(text(cluster, "/properties/networkProfile/networkPluginMode"), "overlay")
}

/// As many nodes as a pool may have.
pub(super) fn most_nodes(pool: &Value) -> u64 {
    let count = number(pool, "/count").unwrap_or(0);
    if is_true(pool, "/enableAutoScaling") {
        return number(pool, "/maxCount").unwrap_or(count).max(count);
    }
    // A pool of single machines counts each size on its own.
    let sum = |pointer: &str, member: &str| -> u64 {
        let counts = list(pool, pointer).iter().filter_map(|size| number(size, member));
        counts.fold(0, u64::saturating_add)
    };
    let machines = sum("/virtualMachinesProfile/scale/manual", "/count")
        .saturating_add(sum("/virtualMachinesProfile/scale/autoscale", "/maxCount"));
    count.max(machines)
}

/// How many nodes more a pool has while its nodes are upgraded: a count, or percent of its nodes, rounded up.
pub(super) fn surge(pool: &Value, nodes: u64) -> Result<u64, String> {
    let asked = text(pool, "/upgradeSettings/maxSurge");
    let asked = if asked.is_empty() { USUAL_SURGE } else { asked };
    let wrong = || {
        let pool = shortened(text(pool, "/name"));
        format!("maxSurge of the pool {pool} is expected to be a count or percent, but is {:?}", shortened(asked))
    };
    match asked.strip_suffix('%') {
        Some(percent) => {
            let percent: u64 = percent.parse().map_err(|_| wrong())?;
            Ok(nodes.saturating_mul(percent).div_ceil(100))
        }
        None => asked.parse().map_err(|_| wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_surge_is_a_count_or_percent_rounded_up_and_ten_percent_if_nothing_is_said() {
        for (asked, nodes, expected) in [("33%", 10, 4), ("1", 10, 1), ("0", 10, 0), ("", 11, 2), ("100%", 3, 3)] {
            let pool = json!({"upgradeSettings": {"maxSurge": asked}});
            assert_eq!(surge(&pool, nodes), Ok(expected), "{asked}");
        }
        assert!(
            surge(&json!({"name": "web", "upgradeSettings": {"maxSurge": "many"}}), 1).unwrap_err().contains("web")
        );
    }

    #[test]
    fn a_pool_is_counted_as_large_as_it_may_become() {
        for (pool, expected) in [
            (json!({"count": 3}), 3),
            (json!({"count": 3, "enableAutoScaling": true, "maxCount": 9}), 9),
            (json!({"count": 3, "enableAutoScaling": false, "maxCount": 9}), 3),
            (json!({"virtualMachinesProfile": {"scale": {"manual": [{"count": 2}, {"count": 1}]}}}), 3),
            (json!({"count": "three"}), 0),
        ] {
            assert_eq!(most_nodes(&pool), expected, "{pool}");
        }
    }
}
