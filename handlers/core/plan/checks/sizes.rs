//! The region has the sizes of machines of the new cluster's pools, in the zones that they name.
use super::addresses::{most_nodes, planned_cluster, surge};
use super::{Finding, Seen};
use crate::plan::cluster_body::pools;
use crate::plan::{Kind, Plan};
use crate::resources::answers::{list, number, same_name, shortened, text};
use serde_json::Value;

const SUBJECT: &str = "sizes of machines";

/// Says nothing when the sizes are not at hand, or of one that is not among them: then the creation itself tells.
pub(super) fn check(plan: &Plan, seen: &Seen) -> Vec<Finding> {
    let (Some(sizes), Some(cluster)) = (&seen.sizes, planned_cluster(plan, seen)) else { return vec![] };
    // Nodes of a kept cluster that runs are there.
    if plan.kind == Kind::Return {
        return vec![];
    }
    let judge = |pool: &Value| {
        let zones: Vec<_> = list(pool, "/availabilityZones").iter().filter_map(Value::as_str).collect();
        machines(pool).into_iter().find_map(|(size, _)| {
            let why = restriction(find(sizes, size)?, &zones)?;
            let what = format!(
                "the pool {} has machines of the size {}, which this subscription cannot have {why}",
                shortened(text(pool, "/name")),
                shortened(size)
            );
            let remedy = "ask Azure's support for them, or name another size, or other zones, for the pools, complete, in \
                          \"clusterChanges\"";
            Some(Finding::wrong(SUBJECT, what, remedy))
        })
    };
    pools(&cluster).iter().filter_map(judge).collect()
}

/// The sizes of a pool's machines, each with how many there are. A pool of single machines has several.
pub(super) fn machines(pool: &Value) -> Vec<(&str, u64)> {
    let of = |kind: &str, count: &str| -> Vec<(&str, u64)> {
        let sizes = list(pool, &format!("/virtualMachinesProfile/scale/{kind}")).iter();
        sizes.map(|size| (text(size, "/size"), number(size, count).unwrap_or(0))).collect()
    };
    let single: Vec<_> = of("manual", "/count").into_iter().chain(of("autoscale", "/minCount")).collect();
    if single.is_empty() { vec![(text(pool, "/vmSize"), number(pool, "/count").unwrap_or(0))] } else { single }
}

/// The same, as many as there may be: an autoscaler's most, and what an upgrade of the nodes adds.
pub(super) fn most_machines(pool: &Value) -> Vec<(&str, u64)> {
    let size = text(pool, "/vmSize");
    if size.is_empty() {
        let most =
            |size| (text(size, "/size"), number(size, "/maxCount").or_else(|| number(size, "/count")).unwrap_or(0));
        let scale = ["/virtualMachinesProfile/scale/manual", "/virtualMachinesProfile/scale/autoscale"];
        return scale.iter().flat_map(|kind| list(pool, kind)).map(most).collect();
    }
    let nodes = most_nodes(pool);
    // A surge that cannot be read is told where addresses are counted.
    vec![(size, nodes.saturating_add(surge(pool, nodes).unwrap_or(0)))]
}

/// What is said of a size of machines.
pub(super) fn find<'a>(sizes: &'a Value, name: &str) -> Option<&'a Value> {
    let is_it = |size: &&Value| {
        text(size, "/resourceType") == "virtualMachines" && !name.is_empty() && same_name(text(size, "/name"), name)
    };
    list(sizes, "/value").iter().find(is_it)
}

/// Where a size cannot be had: in the region, or in one of these zones.
fn restriction(size: &Value, zones: &[&str]) -> Option<String> {
    list(size, "/restrictions").iter().find_map(|restriction| {
        if same_name(text(restriction, "/type"), "Location") {
            return Some("in this region".to_owned());
        }
        let mut closed = list(restriction, "/restrictionInfo/zones").iter().filter_map(Value::as_str);
        let zone = closed.find(|zone| zones.contains(zone))?;
        Some(format!("in the zone {}", shortened(zone)))
    })
}
