//! The subscription may use as many cores more as the new cluster has: both clusters run at once.
use super::addresses::planned_cluster;
use super::sizes::{find, machines, most_machines};
use super::{Finding, Seen};
use crate::plan::cluster_body::pools;
use crate::plan::{Kind, Plan};
use crate::resources::answers::{list, number, same_name, shortened, text};
use serde_json::Value;
use std::collections::BTreeMap;

const SUBJECT: &str = "quota";

/// Says nothing when usages or sizes are not at hand: then the creation itself tells.
pub(super) fn check(plan: &Plan, seen: &Seen) -> Vec<Finding> {
    let remedy = "ask for a higher quota, or remove what is not needed";
    let short = short_of_planned(plan, seen, machines).into_iter();
    short.map(|needs| Finding::wrong(SUBJECT, format!("the new cluster needs {needs}"), remedy)).collect()
}

/// What the cluster would lack as large as its autoscalers may make it, with the nodes that are more while it is upgraded:
/// it can be made, and then not grow.
pub(super) fn warn(plan: &Plan, seen: &Seen) -> Vec<Finding> {
    let remedy = "ask for a higher quota before the load comes; until the old cluster is retired both have their nodes";
    let lacks = short_of_planned(plan, seen, most_machines).into_iter();
    let what = |needs: String| {
        format!("with all nodes that its autoscalers and a surge may add the new cluster needs {needs}")
    };
    lacks.map(|needs| Finding::warning(SUBJECT, what(needs), remedy)).collect()
}

/// The machines of a pool by size.
pub(super) type Machines = fn(&Value) -> Vec<(&str, u64)>;

fn short_of_planned(plan: &Plan, seen: &Seen, counted: Machines) -> Vec<String> {
    planned_cluster(plan, seen).map_or_else(Vec::new, |cluster| short(plan, seen, &cluster, counted))
}

/// The quotas that have too little left, with what is needed and what is in use.
pub(super) fn short(plan: &Plan, seen: &Seen, cluster: &Value, counted: Machines) -> Vec<String> {
    let (Some(usages), Some(sizes)) = (&seen.usages, &seen.sizes) else { return Vec::new() };
    // What runs in the slot has cores already: a kept cluster grows from there, and a leftover is deleted first.
    let runs = |found: &&Value| text(found, "/properties/powerState/code") == "Running";
    let has = seen.new_cluster.as_ref().filter(runs).map(|found| needed(found, sizes, machines)).unwrap_or_default();
    let judge = |(quota, cores): (String, u64)| {
        let has = has.get(&quota).copied().unwrap_or(0);
        let usage =
            list(usages, "/value").iter().find(|usage| text(usage, "/name/value").eq_ignore_ascii_case(&quota))?;
        let (limit, used) = (number(usage, "/limit")?, number(usage, "/currentValue")?);
        let (cores, used) = match plan.kind {
            Kind::Return => (cores.saturating_sub(has), used),
            Kind::Upgrade | Kind::Replace => (cores, used.saturating_sub(has)),
        };
        let needs = || format!("{cores} cores of {}, but {used} of {limit} are in use", shortened(&quota));
        (limit.saturating_sub(used) < cores).then(needs)
    };
    needed(cluster, sizes, counted).into_iter().filter_map(judge).collect()
}

/// Cores by quota: the region's, and that of each family of sizes. Spot machines have a quota of their own.
fn needed(cluster: &Value, sizes: &Value, counted: Machines) -> BTreeMap<String, u64> {
    let mut needed = BTreeMap::new();
    for pool in pools(cluster) {
        for (name, count) in counted(pool) {
            let Some(size) = find(sizes, name) else { continue };
            let capability = list(size, "/capabilities").iter().find(|one| text(one, "/name") == "vCPUs");
            let each: u64 = capability.and_then(|one| text(one, "/value").parse().ok()).unwrap_or(0);
            let quotas = if same_name(text(pool, "/scaleSetPriority"), "Spot") {
                vec!["lowPriorityCores"]
            } else {
                vec!["cores", text(size, "/family")]
            };
            for quota in quotas {
                let sum: &mut u64 = needed.entry(quota.to_owned()).or_default();
                *sum = sum.saturating_add(each.saturating_mul(count));
            }
        }
    }
    needed
}
