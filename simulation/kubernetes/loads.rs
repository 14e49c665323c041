//! What users ask of a cluster's Services a second, and how much of that their pods bear. Nobody asks by numbers unless a
//! world is told so (`Traffic::demand`): then a pod answers as many requests a second as its annotation says.
use super::{
    endpoints::pods_behind,
    pods::is_ready,
    selectors::contains_labels,
    store::{Name, Store},
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many requests a second a pod bears; without it a pod bears any number.
const BEARS: &str = "simulated-azure/requests-per-second";

/// The load of the Services of one cluster.
#[derive(Debug, Default)]
pub(super) struct Loads {
    /// Requests a second by Service; `None`: nobody asks by numbers here.
    asked: Option<BTreeMap<Name, f64>>,
    /// The part of a request by which a Service has answered too many.
    owed: BTreeMap<Name, f64>,
}

impl Loads {
    /// From now on this is asked of each Service.
    pub fn set(&mut self, asked: BTreeMap<Name, f64>) {
        self.asked = Some(asked);
    }

    /// The requests a second that reach the ready pods with these labels; `None`: nobody measures them.
    pub fn of_pods(&self, store: &Store, namespace: &str, labels: &Map<String, Value>) -> Option<f64> {
        let asked = self.asked.as_ref()?;
        let mut sum = 0.0;
        for ((_, service), load) in asked.iter().filter(|((space, _), _)| space == namespace) {
            let ready: Vec<_> = pods_behind(store, namespace, service).filter(|(_, pod)| is_ready(pod)).collect();
            let own = ready.iter().filter(|(_, pod)| has_labels(pod, labels)).count();
            sum += load * own as f64 / ready.len().max(1) as f64;
        }
        Some(sum)
    }

    /// Whether users ask anything of a Service of pods with these labels, though none may be there.
    pub fn reaches(&self, store: &Store, namespace: &str, labels: &Map<String, Value>) -> bool {
        let is_behind = |service: &Name| {
            let found = store.get("services", &service.0, &service.1);
            found.and_then(|found| Some(contains_labels(labels, found["spec"]["selector"].as_object()?))) == Some(true)
        };
        let asked = self.asked.iter().flatten().filter(|((space, _), load)| space == namespace && **load > 0.0);
        asked.into_iter().any(|(service, _)| is_behind(service))
    }

    /// Whether the next request to a Service is one too many: of those above what its ready pods bear each fails, evenly.
    pub fn sheds(&mut self, store: &Store, service: &Name) -> bool {
        let Some(load) = self.asked.as_ref().and_then(|asked| asked.get(service)).copied() else { return false };
        let ready = pods_behind(store, &service.0, &service.1).filter(|(_, pod)| is_ready(pod));
        let Some(bears) = ready.map(|(_, pod)| bears(pod)).sum::<Option<f64>>().filter(|bears| *bears < load) else {
            return false;
        };
        let owed = self.owed.entry(service.clone()).or_default();
        *owed += 1.0 - bears / load;
        let sheds = *owed >= 1.0;
        *owed -= f64::from(u8::from(sheds));
        sheds
    }
}

/// How many requests a second a pod, or a pod of a template, bears; `None`: any number.
pub(super) fn bears(pod: &Value) -> Option<f64> {
    pod["metadata"]["annotations"][BEARS].as_str()?.parse().ok().filter(|bears| *bears > 0.0)
}

fn has_labels(pod: &Arc<Value>, wanted: &Map<String, Value>) -> bool {
    pod["metadata"]["labels"].as_object().is_some_and(|labels| contains_labels(labels, wanted))
}
