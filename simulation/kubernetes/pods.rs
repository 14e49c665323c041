//! Pods: the scheduler gives them a node, their kubelet starts them and ends them.
mod making;
mod rights;
mod shown;
mod state;

pub(super) use making::{MOST_PODS, is_ready, make_pod, pinned_to, pods_of};
pub(crate) use rights::Question;
pub(crate) use state::ENDS_AFTER;

use super::{
    conditions::has_finalizers,
    names::hash,
    nodes::{Nodes, placing::fits},
    objects::Objects,
    store::Name,
};
use jiff::Timestamp;
use serde_json::Value;
use shown::show;
use state::PodState;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is not in the pods' objects: their places in time, what they are told of their rights, and the registries
/// from which their nodes may not pull.
#[derive(Debug, Default)]
pub(super) struct Pods(BTreeMap<Name, PodState>, BTreeMap<Question, String>, BTreeSet<String>);

impl Pods {
    /// Lets scheduler and kubelets act; `broken`: no pod is ready.
    pub fn run(&mut self, objects: &mut Objects, nodes: &Nodes, broken: bool, now: Timestamp) {
        let is_same = |(namespace, name): &Name, state: &PodState| {
            let found = objects.store.get("pods", namespace, name);
            found.is_some_and(|object| object["metadata"]["uid"] == state.uid.as_str())
        };
        self.0.retain(|name, state| is_same(name, state));
        let usable = nodes.usable(objects, now);
        for (name, object) in objects.store.copy("pods") {
            let state = self.0.entry(name.clone()).or_insert_with(|| PodState::new(&object, objects.issue()));
            if object["metadata"]["deletionTimestamp"].is_string() {
                state.told_to_end(now);
            }
            let machine_gone = state.node.as_ref().is_some_and(|node| !nodes.has(node));
            let ended = state.ends.is_some_and(|ends| ends <= now) && !has_finalizers(&object);
            if machine_gone || ended {
                objects.take_out("pods", &name);
                self.0.remove(&name);
                continue;
            }
            if state.scheduled.is_none()
                && state.ends.is_none()
                && let Some(node) = chosen(&usable, &name, &object)
            {
                state.node = Some(node.clone());
                state.scheduled = Some(now);
            }
            if !state.registries.iter().any(|registry| self.2.contains(registry)) {
                state.has_its_images(now);
            }
            state.says = state.asks.as_ref().and_then(|question| self.1.get(question)).cloned().unwrap_or_default();
            let stage = state.stage(broken, now);
            if state.shown.replace(stage) != Some(stage) {
                let updated = show(&object, state, stage, now);
                objects.store.put("pods", &name, updated);
            }
        }
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What pods ask of their rights.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.0.values().filter_map(|state| state.asks.as_ref())
    }

    /// What they are told.
    pub fn tell_rights(&mut self, told: BTreeMap<Question, String>) {
        self.1 = told;
    }

    /// From which registries no node may pull. Says whether that is news.
    pub fn tell_pulls(&mut self, refused: BTreeSet<String>) -> bool {
        let is_news = self.2 != refused;
        self.2 = refused;
        is_news
    }

    /// The next moment after `now` of each pod at which it changes by itself.
    pub fn moments(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        self.0.values().filter_map(move |pod| pod.next_change(now))
    }

    pub fn moments_mut(&mut self) -> impl Iterator<Item = &mut Timestamp> {
        self.0.values_mut().flat_map(PodState::moments_mut)
    }
}

/// The machine that the scheduler gives to a pod; `None`: none fits.
fn chosen<'nodes>(usable: &'nodes [(String, Arc<Value>)], name: &Name, pod: &Value) -> Option<&'nodes String> {
    let fitting = usable.iter().filter(|(_, node)| fits(&pod["spec"], node));
    let candidates: Vec<&String> = fitting.map(|(node, _)| node).collect();
    candidates.get(hash(name.1.as_bytes()) as usize % candidates.len().max(1)).copied()
}
