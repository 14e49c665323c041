//! What sizes the workloads of a cluster: their counts, and who rules them.
use super::{Field, Pin};
use crate::resources::answers::{list, number, text};
use crate::resources::object::{describe, name};
use crate::workload::fence::is_fenced;
use serde_json::Value;
use std::collections::BTreeMap;

/// How many pods each workload has, or had at most: by `Deployment shop/web`.
pub type Counts = BTreeMap<String, u64>;

/// What of a cluster says how large its workloads are.
#[derive(Clone, Debug, Default)]
pub struct Scaled {
    /// Its autoscalers.
    pub autoscalers: Vec<Value>,
    /// KEDA's objects, if it has KEDA.
    pub scaled_objects: Vec<Value>,
    /// Its Deployments.
    pub deployments: Vec<Value>,
    /// Its StatefulSets.
    pub stateful_sets: Vec<Value>,
}

/// A workload, and what rules its size.
pub(super) struct Workload<'a> {
    pub object: &'a Value,
    /// The autoscaler, or KEDA's object; none: it has the size that its own `replicas` say.
    pub ruler: Option<(Field, &'a Value)>,
}

/// Triggers of KEDA that follow the load of what they scale. Others count what waits somewhere: such a workload is a consumer,
/// whatever traffic does.
const FOLLOW_TRAFFIC: [&str; 13] = [
    "cpu",
    "memory",
    "cron",
    "kubernetes-workload",
    "prometheus",
    "metrics-api",
    "azure-monitor",
    "azure-log-analytics",
    "azure-app-insights",
    "datadog",
    "new-relic",
    "external",
    "external-push",
];

impl Scaled {
    /// Every object of it.
    pub fn all(&self) -> impl Iterator<Item = &Value> {
        [&self.autoscalers, &self.scaled_objects, &self.deployments, &self.stateful_sets].into_iter().flatten()
    }

    /// The workload that a pin keeps large.
    #[must_use]
    pub fn kept_by(&self, pin: &Pin) -> Option<&Value> {
        self.deployments.iter().chain(&self.stateful_sets).find(|object| pin.keeps(object))
    }

    /// The workloads that run and whose size is no fence, each with its ruler. One that KEDA rules for its own reasons is left
    /// out.
    pub(super) fn workloads(&self) -> impl Iterator<Item = Workload<'_>> {
        let all = self.deployments.iter().chain(&self.stateful_sets);
        all.filter(|object| replicas(object) > 0 && !is_fenced(object)).filter_map(|object| {
            let Some(autoscaler) = self.autoscalers.iter().find(|one| scales(one, object)) else {
                let scaled = self.scaled_objects.iter().find(|one| scales(one, object));
                // KEDA rules it, and keeps no autoscaler at the moment: it is paused, or was just made.
                return scaled.is_none().then_some(Workload { object, ruler: None });
            };
            let Some(owner) = owner(autoscaler) else {
                return Some(Workload { object, ruler: Some((Field::HorizontalPodAutoscaler, autoscaler)) });
            };
            if text(owner, "/kind") != "ScaledObject" {
                return Some(Workload { object, ruler: Some((Field::HorizontalPodAutoscaler, autoscaler)) });
            }
            let space = text(autoscaler, "/metadata/namespace");
            let is_it = |one: &&Value| text(one, "/metadata/namespace") == space && name(one) == text(owner, "/name");
            let scaled = self.scaled_objects.iter().find(is_it).filter(|one| follows_traffic(one))?;
            Some(Workload { object, ruler: Some((Field::ScaledObject, scaled)) })
        })
    }
}

/// How many pods each workload has that an autoscaler rules.
#[must_use]
pub fn counts(scaled: &Scaled) -> Counts {
    let ruled = scaled.workloads().filter(|workload| workload.ruler.is_some());
    ruled.map(|workload| (describe(workload.object), replicas(workload.object))).collect()
}

/// Why a workload is not as large and ready as a pin wants it.
#[must_use]
pub fn unready(scaled: &Scaled, pin: &Pin) -> Option<String> {
    let (found, to) = (scaled.kept_by(pin)?, pin.to);
    let ready = number(found, "/status/readyReplicas").unwrap_or(0);
    let observed = number(found, "/status/observedGeneration") >= number(found, "/metadata/generation");
    let size = replicas(found);
    let short = ready < to || size < to || !observed;
    short.then(|| format!("{}: {} of {to} pods are ready, as many as the load wants", describe(found), ready.min(size)))
}

/// How many pods a workload is to have.
pub(super) fn replicas(object: &Value) -> u64 {
    number(object, "/spec/replicas").unwrap_or(1)
}

/// Whether an autoscaler, or KEDA's object, scales this.
fn scales(ruler: &Value, object: &Value) -> bool {
    let target = &ruler["spec"]["scaleTargetRef"];
    let kind = target["kind"].as_str().unwrap_or("Deployment");
    ruler["metadata"]["namespace"] == object["metadata"]["namespace"]
        && kind == text(object, "/kind")
        && text(target, "/name") == name(object)
}

/// Who controls an object.
pub(super) fn owner(object: &Value) -> Option<&Value> {
    list(object, "/metadata/ownerReferences").iter().find(|owner| owner["controller"] == true)
}

/// Whether it is not paused, and scales by what its pods have to do.
fn follows_traffic(scaled: &Value) -> bool {
    let annotations = scaled["metadata"]["annotations"].as_object();
    let is_paused = |name: &&String| name.starts_with("autoscaling.keda.sh/paused");
    annotations.is_none_or(|all| !all.keys().any(|name| is_paused(&name)))
        && list(scaled, "/spec/triggers").iter().any(|trigger| FOLLOW_TRAFFIC.contains(&text(trigger, "/type")))
}
