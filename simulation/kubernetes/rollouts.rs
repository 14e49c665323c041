//! Deployments: rolling updates, and what their status says about them.
use super::{
    conditions::{is_owned_by, owned_by, set_condition, share_of},
    names::template_hash,
    objects::Objects,
    pods::{is_ready, pods_of},
    store::{Name, Store},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const DEPLOYMENTS: &str = "deployments.apps";
const REPLICA_SETS: &str = "replicasets.apps";
const REVISION: &str = "deployment.kubernetes.io/revision";

/// How far a Deployment's rollout has come, and since when nothing has moved.
#[derive(Clone, Debug, Default, PartialEq)]
struct Progress {
    template: String,
    updated: u64,
    ready: u64,
    complete: bool,
    patience: i64,
    since: Timestamp,
}

impl Progress {
    /// A rollout of this template that begins now.
    fn begun(template: &str, deployment: &Value, sizes: &Sizes, now: Timestamp) -> Self {
        let (updated, ready, patience) = (sizes.updated, sizes.updated_ready, patience_with(deployment));
        Self { template: template.into(), updated, ready, complete: false, patience, since: now }
    }

    /// Notes how far it has come.
    fn note(&mut self, template: &str, deployment: &Value, sizes: &Sizes, now: Timestamp) {
        if self.template != template {
            *self = Self::begun(template, deployment, sizes, now);
        } else if sizes.updated > self.updated || sizes.updated_ready > self.ready {
            self.since = now;
        }
        (self.updated, self.ready, self.patience) = (sizes.updated, sizes.updated_ready, patience_with(deployment));
        // Once complete, a rollout stays so: pods that fall ill later make a Deployment unavailable, not stuck.
        self.complete |= sizes.are_complete();
    }

    /// When it will be declared stuck.
    fn deadline(&self) -> Option<Timestamp> {
        (!self.complete).then(|| self.since.saturating_add(SignedDuration::from_secs(self.patience)).ok()).flatten()
    }
}

/// The seconds in which something must move.
fn patience_with(deployment: &Value) -> i64 {
    deployment["spec"]["progressDeadlineSeconds"].as_i64().unwrap_or(600)
}

/// The rollouts of all Deployments, by their uids.
#[derive(Debug, Default)]
pub(super) struct Rollouts(BTreeMap<String, Progress>);

impl Rollouts {
    /// Takes each rollout as far as its pods allow.
    pub fn run(&mut self, objects: &mut Objects, now: Timestamp) {
        for (name, deployment) in objects.store.copy(DEPLOYMENTS) {
            if deployment["metadata"]["deletionTimestamp"].is_null() {
                self.roll(objects, &name, &deployment, now);
            }
        }
        let uids: Vec<&str> =
            objects.store.all(DEPLOYMENTS).filter_map(|(_, object)| object["metadata"]["uid"].as_str()).collect();
        self.0.retain(|uid, _| uids.contains(&uid.as_str()));
    }

    /// When rollouts will be declared stuck.
    pub fn moments(&self) -> impl Iterator<Item = Timestamp> {
        self.0.values().filter_map(Progress::deadline)
    }

    pub fn moments_mut(&mut self) -> impl Iterator<Item = &mut Timestamp> {
        self.0.values_mut().map(|progress| &mut progress.since)
    }

    fn roll(&mut self, objects: &mut Objects, name: &Name, deployment: &Value, now: Timestamp) {
        let template = template_hash(deployment);
        let mut sets: Vec<(Name, Arc<Value>)> = objects.store.copy(REPLICA_SETS);
        sets.retain(|(_, set)| is_owned_by(set, deployment));
        let newest = sets.iter().map(|(_, set)| revision(set)).max().unwrap_or(0);
        let paused = deployment["spec"]["paused"] == true;
        let at = sets.iter().position(|(_, set)| set["metadata"]["labels"]["pod-template-hash"] == template.as_str());
        let current = match at {
            Some(at) => Some(sets.remove(at)),
            None if paused => None,
            None => Some((set_name(name, &template), make_set(objects, name, deployment, &template, newest + 1, now))),
        };
        let Some((current_name, current)) = current else {
            return self.show(objects, name, deployment, &template, now);
        };
        shift(objects, deployment, (&current_name, &current), sets);
        let present = revision(&current);
        let number = if present >= newest { present } else { renew(objects, &current_name, newest + 1) };
        let number = number.to_string();
        if deployment["metadata"]["annotations"][REVISION] == *number {
            return self.show(objects, name, deployment, &template, now);
        }
        let mut object = deployment.clone();
        object["metadata"]["annotations"][REVISION] = json!(number);
        let object = objects.store.put(DEPLOYMENTS, name, object);
        self.show(objects, name, &object, &template, now);
    }

    /// Writes a Deployment's status from the pods that its ReplicaSets have.
    fn show(&mut self, objects: &mut Objects, name: &Name, deployment: &Value, template: &str, now: Timestamp) {
        let sizes = Sizes::of(&objects.store, deployment, template);
        let uid = deployment["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        let progress = self.0.entry(uid).or_insert_with(|| Progress::begun(template, deployment, &sizes, now));
        progress.note(template, deployment, &sizes, now);
        let status = shown(name, deployment, template, &sizes, progress, now);
        objects.store.put_status(DEPLOYMENTS, name, deployment, status);
    }
}

/// Moves replicas from the old ReplicaSets to the current one, as far as the strategy and the pods allow.
fn shift(
    objects: &mut Objects,
    deployment: &Value,
    (current_name, current): (&Name, &Value),
    sets: Vec<(Name, Arc<Value>)>,
) {
    let desired = count(&deployment["spec"]["replicas"]);
    let rolling = &deployment["spec"]["strategy"]["rollingUpdate"];
    let recreate = deployment["spec"]["strategy"]["type"] == "Recreate";
    let surge = share_of(&rolling["maxSurge"], desired, true);
    let unavailable = share_of(&rolling["maxUnavailable"], desired, false).max(u64::from(surge == 0));
    let ready = |set: &Value| pods_of(&objects.store, set).iter().filter(|(_, pod)| is_ready(pod)).count() as u64;
    let ready_new = ready(current);
    let old: Vec<(Name, Arc<Value>, u64)> =
        sets.into_iter().map(|(name, set)| (name, Arc::clone(&set), ready(&set))).collect();
    let size_old: u64 = old.iter().map(|(_, set, _)| count(&set["spec"]["replicas"])).sum();
    let pods_old: usize = old.iter().map(|(_, set, _)| pods_of(&objects.store, set).len()).sum();
    let size_new = count(&current["spec"]["replicas"]);
    let new = match (size_new > desired, recreate) {
        (true, _) => desired,
        (false, true) => {
            if pods_old > 0 {
                size_new
            } else {
                desired
            }
        }
        (false, false) => desired.min((desired + surge).saturating_sub(size_old).max(size_new)),
    };
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
        size_set(objects, set_name, set, if recreate || desired == 0 { 0 } else { size - sick - well });
    }
    size_set(objects, current_name, current, new);
}

/// How many pods a Deployment wants and has.
struct Sizes {
    desired: u64,
    total: u64,
    ready: u64,
    /// Those of the present template.
    updated: u64,
    updated_ready: u64,
}

impl Sizes {
    fn of(store: &Store, deployment: &Value, template: &str) -> Self {
        let desired = count(&deployment["spec"]["replicas"]);
        let mut sizes = Self { desired, total: 0, ready: 0, updated: 0, updated_ready: 0 };
        for (_, set) in store.all(REPLICA_SETS).filter(|(_, set)| is_owned_by(set, deployment)) {
            let pods = pods_of(store, set);
            let living = pods.iter().filter(|(_, pod)| pod["metadata"]["deletionTimestamp"].is_null()).count() as u64;
            let well = pods.iter().filter(|(_, pod)| is_ready(pod)).count() as u64;
            (sizes.total, sizes.ready) = (sizes.total + living, sizes.ready + well);
            if set["metadata"]["labels"]["pod-template-hash"] == template {
                (sizes.updated, sizes.updated_ready) = (living, well);
            }
        }
        sizes
    }

    fn are_complete(&self) -> bool {
        self.updated == self.desired && self.total == self.desired && self.ready >= self.desired
    }
}

fn shown(name: &Name, deployment: &Value, template: &str, sizes: &Sizes, progress: &Progress, now: Timestamp) -> Value {
    let Sizes { desired, total, ready, updated, .. } = *sizes;
    let mut status = json!({"observedGeneration": deployment["metadata"]["generation"]});
    for (field, value) in [
        ("replicas", total),
        ("updatedReplicas", updated),
        ("readyReplicas", ready),
        ("availableReplicas", ready),
        ("unavailableReplicas", desired.max(total) - ready.min(desired.max(total))),
    ] {
        // Like the real server, zero is left out.
        if value > 0 {
            status[field] = json!(value);
        }
    }
    status["conditions"] = deployment["status"]["conditions"].clone();
    let rolling = &deployment["spec"]["strategy"]["rollingUpdate"];
    let least = desired.saturating_sub(share_of(&rolling["maxUnavailable"], desired, false));
    let (value, reason, has) = match ready >= least {
        true => ("True", "MinimumReplicasAvailable", "has"),
        false => ("False", "MinimumReplicasUnavailable", "does not have"),
    };
    let message = format!("Deployment {has} minimum availability.");
    set_condition(&mut status, "Available", value, reason, &message, now);
    let stuck = progress.deadline().is_some_and(|deadline| deadline <= now);
    let (value, reason, what) = match (progress.complete, stuck) {
        (true, _) => ("True", "NewReplicaSetAvailable", "has successfully progressed"),
        (false, true) => ("False", "ProgressDeadlineExceeded", "has timed out progressing"),
        (false, false) => ("True", "ReplicaSetUpdated", "is progressing"),
    };
    let message = format!("ReplicaSet \"{}\" {what}.", set_name(name, template).1);
    set_condition(&mut status, "Progressing", value, reason, &message, now);
    status
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// An old ReplicaSet that is wanted again gets the newest revision.
fn renew(objects: &mut Objects, set: &Name, number: u64) -> u64 {
    if let Some(found) = objects.store.get(REPLICA_SETS, &set.0, &set.1).cloned() {
        let mut object = (*found).clone();
        object["metadata"]["annotations"][REVISION] = json!(number.to_string());
        objects.store.put(REPLICA_SETS, set, object);
    }
    number
}

fn make_set(
    objects: &mut Objects,
    name: &Name,
    deployment: &Value,
    template: &str,
    number: u64,
    now: Timestamp,
) -> Arc<Value> {
    let mut spec =
        json!({"replicas": 0, "selector": deployment["spec"]["selector"], "template": deployment["spec"]["template"]});
    spec["selector"]["matchLabels"]["pod-template-hash"] = json!(template);
    spec["template"]["metadata"]["labels"]["pod-template-hash"] = json!(template);
    let object = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": set_name(name, template).1, "labels": spec["template"]["metadata"]["labels"], "generation": 1,
                     "annotations": {REVISION: number.to_string()}, "ownerReferences": owned_by(deployment)},
        "spec": spec,
    });
    objects.make(REPLICA_SETS, &name.0, object, now)
}

fn size_set(objects: &mut Objects, name: &Name, set: &Value, size: u64) {
    if count(&set["spec"]["replicas"]) != size {
        let mut object = set.clone();
        object["spec"]["replicas"] = json!(size);
        object["metadata"]["generation"] = json!(count(&set["metadata"]["generation"]) + 1);
        objects.store.put(REPLICA_SETS, name, object);
    }
}

fn set_name(deployment: &Name, template: &str) -> Name {
    (deployment.0.clone(), format!("{}-{template}", deployment.1))
}

fn revision(set: &Value) -> u64 {
    set["metadata"]["annotations"][REVISION].as_str().and_then(|text| text.parse().ok()).unwrap_or(0)
}
