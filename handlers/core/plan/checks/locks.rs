//! No lock keeps the run from what it must write, or from the clusters that it will delete.
use super::{Finding, Seen};
use crate::plan::{Kind, Plan};
use crate::resources::answers::{lies_in, name_of, same_name, shortened, text};
use crate::site::{FailedCluster, Leftover, OldCluster};
use serde_json::Value;

const SUBJECT: &str = "locks";

/// Says nothing of locks that were not at hand: then the write itself tells.
pub(super) fn check(plan: &Plan, seen: &Seen) -> Vec<Finding> {
    let is_read_only = |lock: &&Value| same_name(text(lock, "/properties/level"), "ReadOnly");
    let written = written(plan).into_iter().filter_map(|(id, why)| {
        let lock = seen.locks.iter().filter(is_read_only).find(|lock| lies_in(id, scope(lock)))?;
        let what = format!("{} makes {id} read-only, but {why}", named(lock));
        Some(Finding::wrong(SUBJECT, what, "take it away"))
    });
    let mut findings: Vec<_> = written.collect();
    for Deletion { id, nodes, why, instead } in deleted(plan, seen) {
        // What is deleted goes with all that lies in it.
        let keeps = |lock: &&Value| {
            let scope = scope(lock);
            lies_in(id, scope) || lies_in(scope, id) || nodes.as_ref().is_some_and(|nodes| lies_in(scope, nodes))
        };
        if let Some(lock) = seen.locks.iter().filter(|lock| !is_read_only(lock)).find(keeps) {
            let what = format!("{} keeps {id} from being deleted, but {why}", named(lock));
            findings.push(Finding::wrong(SUBJECT, what, format!("take it away, or set {instead} in the site file")));
        }
    }
    findings
}

/// What the run writes, and why.
fn written(plan: &Plan) -> Vec<(&str, &'static str)> {
    let (old, new) = (plan.old_slot(), plan.new_slot());
    let mut written = vec![
        (plan.site.gateway.as_str(), "the run moves traffic there"),
        (new.cluster.as_str(), "the new cluster is made there"),
        (old.cluster.as_str(), "the old cluster is retired there"),
        (new.subnet.as_str(), "the new cluster's nodes go there"),
    ];
    written.extend(new.subnets.values().map(|id| (id.as_str(), "the new cluster goes there")));
    written.extend(new.ingress_subnet.iter().map(|id| (id.as_str(), "the new cluster's ingress goes there")));
    written
}

/// A cluster that the run may delete.
struct Deletion<'a> {
    id: &'a str,
    /// The group of its nodes.
    nodes: Option<String>,
    why: &'static str,
    /// What the site may say instead.
    instead: &'static str,
}

fn deleted<'a>(plan: &'a Plan, seen: &Seen) -> Vec<Deletion<'a>> {
    let (old, new) = (&plan.old_slot().cluster, &plan.new_slot().cluster);
    let makes = plan.kind != Kind::Return;
    let mut deleted = vec![];
    if plan.site.old_cluster == OldCluster::Delete {
        let (why, instead) = ("the site deletes the old cluster after the soak", "\"oldCluster\": \"keep\"");
        deleted.push(Deletion { id: old, nodes: nodes(old, seen.old_cluster.as_ref()), why, instead });
    }
    if makes && plan.site.failed_cluster == FailedCluster::Delete {
        let (why, instead) = ("a new cluster that is turned back is deleted", "\"failedCluster\": \"keep\"");
        deleted.push(Deletion { id: new, nodes: None, why, instead });
    }
    if makes && plan.site.leftover == Leftover::Delete && seen.new_cluster.is_some() {
        let (why, instead) = ("the leftover there must make room", "other slots");
        deleted.push(Deletion { id: new, nodes: nodes(new, seen.new_cluster.as_ref()), why, instead });
    }
    deleted
}

fn nodes(id: &str, cluster: Option<&Value>) -> Option<String> {
    let group = text(cluster?, "/properties/nodeResourceGroup");
    let subscription = id.split('/').nth(2)?;
    (!group.is_empty()).then(|| format!("/subscriptions/{subscription}/resourceGroups/{group}"))
}

/// What a lock lies on.
fn scope(lock: &Value) -> &str {
    let id = text(lock, "/id");
    let at = id.to_ascii_lowercase().rfind("/providers/microsoft.authorization/locks/");
    at.map_or("/", |at| &id[..at])
}

fn named(lock: &Value) -> String {
    format!("the lock {} on {}", shortened(name_of(text(lock, "/id"))), scope(lock))
}

/// The subscriptions whose locks count.
pub(super) fn subscriptions(plan: &Plan) -> Vec<String> {
    let ids = [&plan.site.gateway, &plan.old_slot().cluster, &plan.new_slot().cluster, &plan.new_slot().subnet];
    let mut all: Vec<_> = ids.iter().filter_map(|id| Some(id.split('/').nth(2)?.to_lowercase())).collect();
    all.sort_unstable();
    all.dedup();
    all
}
