//! Deployments: rolling updates, and what their status says about them.
mod progress;
mod replicas;

use super::{conditions::is_owned_by, names::template_hash, objects::Objects, reports::report, store::Name};
use jiff::Timestamp;
use progress::{Progress, Sizes, shown};
use replicas::{REPLICA_SETS, REVISION, make_set, renew, revision, set_name, shift};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const DEPLOYMENTS: &str = "deployments.apps";

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
            None => {
                let made = make_set(objects, (name, deployment), &template, newest + 1, &sets, now);
                Some((set_name(name, &template), made))
            }
        };
        let Some((current_name, current)) = current else {
            return self.show(objects, name, deployment, &template, now);
        };
        shift(objects, deployment, (&current_name, &current), sets, now);
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
        report(objects, DEPLOYMENTS, name, deployment, status, now);
    }
}
