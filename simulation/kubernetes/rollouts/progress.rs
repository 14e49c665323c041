//! How far a Deployment's rollout has come, and what its status says about that. Pure.
use super::replicas::{REPLICA_SETS, count, set_name};
use crate::kubernetes::{
    conditions::{is_owned_by, set_condition, share_of},
    pods::{is_ready, pods_of},
    store::{Name, Store},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// How far a Deployment's rollout has come, and since when nothing has moved.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Progress {
    template: String,
    updated: u64,
    ready: u64,
    complete: bool,
    patience: i64,
    pub since: Timestamp,
}

impl Progress {
    /// A rollout of this template that begins now.
    pub fn begun(template: &str, deployment: &Value, sizes: &Sizes, now: Timestamp) -> Self {
        let (updated, ready, patience) = (sizes.updated, sizes.updated_ready, patience_with(deployment));
        Self { template: template.into(), updated, ready, complete: false, patience, since: now }
    }

    /// Notes how far it has come.
    pub fn note(&mut self, template: &str, deployment: &Value, sizes: &Sizes, now: Timestamp) {
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
    pub fn deadline(&self) -> Option<Timestamp> {
        (!self.complete).then(|| self.since.saturating_add(SignedDuration::from_secs(self.patience)).ok()).flatten()
    }
}

/// The seconds in which something must move.
fn patience_with(deployment: &Value) -> i64 {
    deployment["spec"]["progressDeadlineSeconds"].as_i64().unwrap_or(600)
}

/// How many pods a Deployment wants and has.
pub(super) struct Sizes {
    desired: u64,
    total: u64,
    ready: u64,
    /// Those of the present template.
    updated: u64,
    updated_ready: u64,
}

impl Sizes {
    pub fn of(store: &Store, deployment: &Value, template: &str) -> Self {
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

/// A Deployment's status.
pub(super) fn shown(
    name: &Name,
    deployment: &Value,
    template: &str,
    sizes: &Sizes,
    progress: &Progress,
    now: Timestamp,
) -> Value {
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
