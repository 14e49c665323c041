//! HorizontalPodAutoscalers: every 15 s each sizes what it scales by the load of its pods, between its bounds.
mod scaling;

use super::{
    conditions::set_condition,
    loads::{Loads, bears},
    objects::Objects,
    pods::is_ready,
    reports::report,
    store::Name,
};
use jiff::{SignedDuration, Timestamp};
use scaling::wanted;
pub(super) use scaling::{resize, size_of};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) const AUTOSCALERS: &str = "horizontalpodautoscalers.autoscaling";
const EVERY: SignedDuration = SignedDuration::from_secs(15);

/// When the autoscalers act next, and what each has found lately: it follows the largest of that downwards.
#[derive(Debug, Default)]
pub(super) struct Autoscalers {
    next: Option<Timestamp>,
    found: BTreeMap<Name, Vec<(Timestamp, u64)>>,
}

impl Autoscalers {
    /// Lets each act, if it is time.
    pub fn run(&mut self, objects: &mut Objects, loads: &Loads, now: Timestamp) {
        let all = objects.store.copy(AUTOSCALERS);
        if all.is_empty() {
            *self = Self::default();
            return;
        }
        // Whoever comes first waits for its turn, too.
        let is_time = self.next.is_some_and(|next| next <= now);
        if is_time || self.next.is_none() {
            self.next = now.saturating_add(EVERY).ok();
        }
        if !is_time {
            return;
        }
        self.found.retain(|name, _| all.iter().any(|(other, _)| other == name));
        for (name, autoscaler) in all {
            let status = self.act(objects, loads, &name, &autoscaler, now);
            report(objects, AUTOSCALERS, &name, &autoscaler, status, now);
        }
    }

    /// When they act next. Nobody outside notices that by itself.
    pub fn moments(&self) -> impl Iterator<Item = Timestamp> {
        self.next.into_iter()
    }

    pub fn moments_mut(&mut self) -> impl Iterator<Item = &mut Timestamp> {
        let found = self.found.values_mut().flatten().map(|(at, _)| at);
        self.next.iter_mut().chain(found)
    }

    /// One autoscaler's turn: what it says of it.
    fn act(&mut self, objects: &mut Objects, loads: &Loads, name: &Name, autoscaler: &Value, now: Timestamp) -> Value {
        let mut status = autoscaler["status"].clone();
        let Some((resource, target)) = size_of(objects, name, autoscaler) else {
            set_condition(
                &mut status,
                "AbleToScale",
                "False",
                "FailedGetScale",
                "the scale target does not exist",
                now,
            );
            return status;
        };
        let current = target["spec"]["replicas"].as_u64().unwrap_or(1);
        status["currentReplicas"] = json!(current);
        set_condition(&mut status, "AbleToScale", "True", "SucceededGetScale", "", now);
        if current == 0 {
            status["desiredReplicas"] = json!(0);
            let message = "scaling is disabled since the replica count of the target is zero";
            set_condition(&mut status, "ScalingActive", "False", "ScalingDisabled", message, now);
            return status;
        }
        let used = used(objects, loads, &name.0, &target);
        let (value, reason) =
            if used.is_some() { ("True", "ValidMetricFound") } else { ("False", "FailedGetResourceMetric") };
        set_condition(&mut status, "ScalingActive", value, reason, "", now);
        let found = self.found.entry(name.clone()).or_insert_with(|| vec![(now, current)]);
        let desired = wanted(&autoscaler["spec"], current, used, found, now);
        status["desiredReplicas"] = json!(desired);
        if let Some(used) = used {
            let percent = (100.0 * used / current as f64).round();
            status["currentMetrics"] = json!([{"type": "Resource", "resource": {"name": "cpu", "current": {
                "averageUtilization": percent as u64, "averageValue": format!("{}m", percent as u64)}}}]);
        }
        if desired != current {
            status["lastScaleTime"] = json!(super::moments::second(now));
            resize(objects, resource, &target, desired, now);
        }
        status
    }
}

/// How many pods' whole strength the load takes: no pod works more than it can. `None`: nobody measures it.
fn used(objects: &Objects, loads: &Loads, namespace: &str, target: &Value) -> Option<f64> {
    let template = &target["spec"]["template"];
    let bears = bears(template)?;
    let load = loads.of_pods(&objects.store, namespace, template["metadata"]["labels"].as_object()?)?;
    let own = |((space, _), pod): &(&Name, &std::sync::Arc<Value>)| {
        space == namespace
            && ::kinds::rules::selects(&target["spec"]["selector"], &pod["metadata"]["labels"])
            && is_ready(pod)
    };
    let ready = objects.store.all("pods").filter(own).count();
    (ready > 0).then(|| (load / bears).min(ready as f64))
}
