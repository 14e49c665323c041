//! A Deployment's ReplicaSets: made, sized, and one brought up while the others are brought down.
use crate::kubernetes::{
    conditions::{owned_by, share_of},
    events,
    objects::Objects,
    pods::{is_ready, pods_of},
    store::Name,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::sync::Arc;

pub(super) const REPLICA_SETS: &str = "replicasets.apps";
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MOST: &str = "deployment.kubernetes.io/max-replicas";
/// Annotations of a Deployment that its ReplicaSets do not get.
const NOT_HANDED_ON: &[&str] = &[
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision-history",
    "deprecated.deployment.rollback.to",
    REVISION,
    DESIRED,
    MOST,
];

/// Moves replicas from the old ReplicaSets to the current one, as far as the strategy and the pods allow.
pub(super) fn shift(
    objects: &mut Objects,
    deployment: &Value,
    (current_name, current): (&Name, &Value),
    sets: Vec<(Name, Arc<Value>)>,
    now: Timestamp,
) {
    let desired = count(&deployment["spec"]["replicas"]);
    let rolling = &deployment["spec"]["strategy"]["rollingUpdate"];
    let recreate = deployment["spec"]["strategy"]["type"] == "Recreate";
    let surge = surge(deployment);
    let unavailable = share_of(&rolling["maxUnavailable"], desired, false).max(u64::from(surge == 0));
    let ready = |set: &Value| pods_of(&objects.store, set).iter().filter(|(_, pod)| is_ready(pod)).count() as u64;
    let ready_new = ready(current);
    let old: Vec<(Name, Arc<Value>, u64)> =
        sets.into_iter().map(|(name, set)| (name, Arc::clone(&set), ready(&set))).collect();
    let size_old: u64 = old.iter().map(|(_, set, _)| count(&set["spec"]["replicas"])).sum();
    let pods_old: usize = old.iter().map(|(_, set, _)| pods_of(&objects.store, set).len()).sum();
    let size_new = count(&current["spec"]["replicas"]);
    let new = size_of_new(deployment, size_new, size_old, pods_old > 0);
    // Old pods that are not ready go first; ready ones only while enough others are ready.
    let least = if recreate { 0 } else { desired.saturating_sub(unavailable) };
    let mut spare_sick = (size_old + new).saturating_sub(least + new.saturating_sub(ready_new));
    let ready_old: u64 = old.iter().map(|(_, _, ready)| ready).sum();
    let mut spare_ready = (ready_old + ready_new.min(new)).saturating_sub(least);
    for (set_name, set, ready) in &old {
        let size = count(&set["spec"]["replicas"]);
        let sick = size.saturating_sub(*ready).min(spare_sick);
        let well = size.min(*ready).min(spare_ready);
        spare_sick -= sick;
        spare_ready -= well;
        let size = if recreate || desired == 0 { 0 } else { size - sick - well };
        size_set(objects, deployment, set_name, set, size, now);
    }
    size_set(objects, deployment, current_name, current, new, now);
}

/// How many pods a Deployment may have beyond those that it is to have.
fn surge(deployment: &Value) -> u64 {
    let spec = &deployment["spec"];
    share_of(&spec["strategy"]["rollingUpdate"]["maxSurge"], count(&spec["replicas"]), true)
}

/// How large the current ReplicaSet is to be now, beside old ones of this size.
fn size_of_new(deployment: &Value, size: u64, size_old: u64, has_old_pods: bool) -> u64 {
    let desired = count(&deployment["spec"]["replicas"]);
    match (size > desired, deployment["spec"]["strategy"]["type"] == "Recreate") {
        (false, true) if has_old_pods => size,
        (true, _) | (false, true) => desired,
        (false, false) => desired.min((desired + surge(deployment)).saturating_sub(size_old).max(size)),
    }
}

/// A number in an object; none is zero.
pub(super) fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// An old ReplicaSet that is wanted again gets the newest revision.
pub(super) fn renew(objects: &mut Objects, set: &Name, number: u64) -> u64 {
    if let Some(found) = objects.store.get(REPLICA_SETS, &set.0, &set.1).cloned() {
        let mut object = (*found).clone();
        object["metadata"]["annotations"][REVISION] = json!(number.to_string());
        objects.store.put(REPLICA_SETS, set, object);
    }
    number
}

/// The ReplicaSet of a template, beside old ones.
pub(super) fn make_set(
    objects: &mut Objects,
    (name, deployment): (&Name, &Value),
    template: &str,
    number: u64,
    old: &[(Name, Arc<Value>)],
    now: Timestamp,
) -> Arc<Value> {
    let size_old = old.iter().map(|(_, set)| count(&set["spec"]["replicas"])).sum();
    let has_old_pods = old.iter().any(|(_, set)| !pods_of(&objects.store, set).is_empty());
    let size = size_of_new(deployment, 0, size_old, has_old_pods);
    let mut spec = json!({"replicas": size, "selector": deployment["spec"]["selector"], "template": deployment["spec"]["template"]});
    spec["selector"]["matchLabels"]["pod-template-hash"] = json!(template);
    spec["template"]["metadata"]["labels"]["pod-template-hash"] = json!(template);
    let mut annotations: Map<String, Value> =
        deployment["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
    annotations.retain(|name, _| !NOT_HANDED_ON.contains(&name.as_str()));
    annotations.insert(REVISION.into(), json!(number.to_string()));
    let set_name = set_name(name, template);
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": set_name.1, "labels": spec["template"]["metadata"]["labels"], "generation": 1,
                     "annotations": annotations, "ownerReferences": owned_by(deployment)},
        "spec": spec,
    });
    note_sizes(deployment, &mut object);
    if size > 0 {
        tell_of_size(objects, &set_name, &object, 0, size, now);
    }
    objects.make(REPLICA_SETS, &name.0, object, now)
}

/// Writes into a ReplicaSet how many pods its Deployment is to have, and may have.
fn note_sizes(deployment: &Value, set: &mut Value) {
    let desired = count(&deployment["spec"]["replicas"]);
    set["metadata"]["annotations"][DESIRED] = json!(desired.to_string());
    set["metadata"]["annotations"][MOST] = json!((desired + surge(deployment)).to_string());
}

fn tell_of_size(objects: &mut Objects, name: &Name, set: &Value, before: u64, size: u64, now: Timestamp) {
    let owner = &set["metadata"]["ownerReferences"][0];
    let about = json!({"kind": owner["kind"], "apiVersion": owner["apiVersion"],
        "metadata": {"namespace": name.0, "name": owner["name"], "uid": owner["uid"]}});
    let way = if size > before { "up" } else { "down" };
    let words = format!("Scaled {way} replica set {} from {before} to {size}", name.1);
    events::tell(objects, &about, ("Normal", "ScalingReplicaSet", &words), "deployment-controller", now);
}

fn size_set(objects: &mut Objects, deployment: &Value, name: &Name, set: &Value, size: u64, now: Timestamp) {
    let before = count(&set["spec"]["replicas"]);
    if before != size {
        tell_of_size(objects, name, set, before, size, now);
        let mut object = set.clone();
        object["spec"]["replicas"] = json!(size);
        object["metadata"]["generation"] = json!(count(&set["metadata"]["generation"]) + 1);
        note_sizes(deployment, &mut object);
        objects.store.put(REPLICA_SETS, name, object);
    }
}

pub(super) fn set_name(deployment: &Name, template: &str) -> Name {
    (deployment.0.clone(), format!("{}-{template}", deployment.1))
}

pub(super) fn revision(set: &Value) -> u64 {
    set["metadata"]["annotations"][REVISION].as_str().and_then(|text| text.parse().ok()).unwrap_or(0)
}
