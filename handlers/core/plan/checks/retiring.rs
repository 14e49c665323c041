//! What the site wants of the old cluster in the end can be done with it, and both clusters have room for our tags.
use super::{Finding, Seen};
use crate::plan::cluster_body::pools;
use crate::plan::{Kind, Plan};
use crate::resources::answers::{same_name, shortened, text};
use crate::resources::tags::{MOST_TAGS, RETIRED_TAG, RUN_TAG, tag};
use crate::site::OldCluster;
use serde_json::Value;

const SUBJECT: &str = "old cluster's end";

pub(super) fn check(plan: &Plan, seen: &Seen) -> Vec<Finding> {
    let (Some(old), wish) = (&seen.old_cluster, plan.site.old_cluster) else { return vec![] };
    let cannot = match wish {
        OldCluster::Stop => cannot_stop(old),
        OldCluster::ScaleDown => cannot_scale(old),
        OldCluster::Keep | OldCluster::Delete => None,
    };
    let mut findings: Vec<_> = cannot
        .map(|why| {
            let wish = if wish == OldCluster::Stop { "stop" } else { "scaleDown" };
            let what = format!("the site's \"oldCluster\" is \"{wish}\", but {why}");
            Finding::wrong(SUBJECT, what, "set it to \"keep\" or \"delete\" in the site file")
        })
        .into_iter()
        .collect();
    if wish != OldCluster::Delete {
        findings.extend(room(&plan.old_slot().cluster, old, RETIRED_TAG));
    }
    if plan.kind == Kind::Return {
        findings.extend(seen.new_cluster.as_ref().and_then(|kept| room(&plan.new_slot().cluster, kept, RUN_TAG)));
    }
    findings
}

/// Types of pools that are no scale sets: with those alone a cluster is stopped.
///
/// <https://learn.microsoft.com/azure/aks/start-stop-cluster>
const NOT_STOPPED: [&str; 2] = ["AvailabilitySet", "VirtualMachines"];

/// Why Azure does not stop this cluster; `None`: it does.
#[must_use]
pub fn cannot_stop(cluster: &Value) -> Option<String> {
    if same_name(text(cluster, "/properties/nodeProvisioningProfile/mode"), "Auto") {
        return Some("Azure stops no cluster whose nodes it provisions by itself (nodeProvisioningProfile)".to_owned());
    }
    let is_of = |pool: &&Value, kind| same_name(text(pool, "/type"), kind);
    let (kind, pool) =
        NOT_STOPPED.iter().find_map(|kind| Some((kind, pools(cluster).iter().find(|it| is_of(it, kind))?)))?;
    let name = shortened(text(pool, "/name"));
    Some(format!("Azure stops no cluster with a pool of the type {kind}, as {name} is"))
}

fn cannot_scale(cluster: &Value) -> Option<String> {
    let of_machines = pools(cluster).iter().find(|pool| same_name(text(pool, "/type"), "VirtualMachines"))?;
    let name = shortened(text(of_machines, "/name"));
    Some(format!("the pool {name} is of single machines (VirtualMachines), which have no one count to lower"))
}

fn room(id: &str, cluster: &Value, ours: &str) -> Option<Finding> {
    let count = cluster.get("tags").and_then(Value::as_object).map_or(0, serde_json::Map::len);
    (count >= MOST_TAGS && tag(cluster, ours).is_none()).then(|| {
        let what = format!("{id} has {count} tags, as many as a resource can have, and none is left for our {ours}");
        Finding::wrong("tags", what, "take a tag off that nobody needs")
    })
}
