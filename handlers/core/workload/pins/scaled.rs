//! What sizes the workloads of a cluster: their counts, and who rules them.
use super::{Field, Pin};
use crate::resources::answers::{list, number, text};
use crate::resources::object::{describe, group, name};
use crate::workload::conditions;
use crate::workload::fence::is_fenced;
use crate::workload::keda::why_left;
use serde_json::{Value, json};
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
    /// Its Rollouts, and whatever else autoscalers size, as far as it may be read.
    pub others: Vec<Value>,
}

/// A workload, and what rules its size.
pub(super) struct Workload<'a> {
    /// `Deployment shop/web`.
    pub key: String,
    /// How many pods it is to have.
    pub now: u64,
    /// The workload; nothing for one of a kind that its autoscaler sizes and no pin (a Rollout).
    pub object: Option<&'a Value>,
    /// The autoscaler, or KEDA's object; none: it has the size that its own `replicas` say.
    pub ruler: Option<(Field, &'a Value)>,
}

impl Scaled {
    /// Every object of it.
    pub fn all(&self) -> impl Iterator<Item = &Value> {
        [&self.autoscalers, &self.scaled_objects, &self.deployments, &self.stateful_sets].into_iter().flatten()
    }

    /// The workload that a pin keeps large.
    #[must_use]
    pub fn kept_by(&self, pin: &Pin) -> Option<&Value> {
        self.deployments.iter().chain(&self.stateful_sets).chain(&self.others).find(|object| pin.keeps(object))
    }

    /// What autoscalers size that is not listed by itself: enough of each to find it.
    #[must_use]
    pub fn further(&self) -> Vec<Value> {
        let is_argos = |one: &Value| group(text(one, "/spec/scaleTargetRef/apiVersion")) == "argoproj.io";
        let is_listed = |one: &Value| match target_kind(one) {
            ROLLOUT => is_argos(one),
            kind => LISTED.contains(&kind),
        };
        let targets = self.autoscalers.iter().filter(|one| !is_listed(one));
        let mut all: Vec<_> = targets
            .map(|one| {
                let target = &one["spec"]["scaleTargetRef"];
                let version = target["apiVersion"].as_str().filter(|version| !version.is_empty()).unwrap_or("v1");
                json!({"apiVersion": version, "kind": target["kind"],
                "metadata": {"namespace": one["metadata"]["namespace"], "name": target["name"]}})
            })
            .filter(|one| !text(one, "/kind").is_empty() && !name(one).is_empty())
            .collect();
        all.dedup();
        all
    }

    /// Where sizes may have to be given to the new cluster: the field and the namespace of each workload that only people size.
    pub fn sized_by_people(&self) -> impl Iterator<Item = (Field, &str)> {
        let all = self.workloads().filter(|workload| workload.ruler.is_none()).filter_map(|workload| workload.object);
        all.filter(|object| owner(object).is_none()).filter_map(|object| {
            let field =
                Field::ALL.into_iter().find(|field| field.is_size() && field.kind() == text(object, "/kind"))?;
            Some((field, text(object, "/metadata/namespace")))
        })
    }

    /// What KEDA sizes and no pin does, in these namespaces: the workload, and why it is left alone.
    pub fn left_alone(&self, covers: impl Fn(&str) -> bool) -> impl Iterator<Item = (String, String)> {
        let all = self.scaled_objects.iter().filter(move |one| covers(text(one, "/metadata/namespace")));
        all.filter_map(|scaled| {
            let target = &scaled["spec"]["scaleTargetRef"];
            let kind = target["kind"].as_str().unwrap_or("Deployment");
            let key = format!("{kind} {}/{}", text(scaled, "/metadata/namespace"), text(target, "/name"));
            let why = format!("{key} is left as it is: {} {}", describe(scaled), why_left(scaled)?);
            Some((key, why))
        })
    }

    /// What of these objects, of manifests say, sizes workloads. What says no namespace lies in `default`.
    #[must_use]
    pub fn of_objects(objects: &[Value]) -> Self {
        let mut scaled = Self::default();
        for object in objects {
            let all = match (text(object, "/kind"), group(text(object, "/apiVersion"))) {
                ("HorizontalPodAutoscaler", "autoscaling") => &mut scaled.autoscalers,
                ("ScaledObject", "keda.sh") => &mut scaled.scaled_objects,
                ("Deployment", "apps") => &mut scaled.deployments,
                ("StatefulSet", "apps") => &mut scaled.stateful_sets,
                (ROLLOUT, "argoproj.io") => &mut scaled.others,
                _ => continue,
            };
            let mut object = object.clone();
            if text(&object, "/metadata/namespace").is_empty() {
                object["metadata"]["namespace"] = "default".into();
            }
            all.push(object);
        }
        scaled
    }

    /// The workloads that run and whose size is no fence, each with its ruler. One that KEDA rules for its own reasons is left
    /// out; one that it has taken to 0 since nothing triggers it is not.
    pub(super) fn workloads(&self) -> impl Iterator<Item = Workload<'_>> {
        let listed = self.deployments.iter().chain(&self.stateful_sets);
        let listed = listed.filter(|object| !is_fenced(object)).filter_map(|object| self.ruled(object));
        let by_hand = self.others.iter().filter_map(|object| self.ruled(object)).filter(|one| one.ruler.is_none());
        listed.chain(by_hand).chain(self.of_other_kinds())
    }

    fn ruled<'a>(&'a self, object: &'a Value) -> Option<Workload<'a>> {
        let (key, now) = (describe(object), replicas(object));
        let of = |ruler| Some(Workload { key, now, object: Some(object), ruler });
        if let Some(scaled) = self.scaled_objects.iter().find(|one| scales(one, object)) {
            return follows_traffic(scaled).then(|| of(Some((Field::ScaledObject, scaled)))).flatten();
        }
        // Somebody has stopped it, and no autoscaler starts it.
        if now == 0 {
            return None;
        }
        match self.autoscalers.iter().find(|one| scales(one, object)) {
            Some(autoscaler) if is_kedas(autoscaler) => None,
            Some(autoscaler) => of(Some((Field::HorizontalPodAutoscaler, autoscaler))),
            None => of(None),
        }
    }

    /// What autoscalers size that is neither a Deployment nor a StatefulSet, by what they say of it.
    fn of_other_kinds(&self) -> impl Iterator<Item = Workload<'_>> {
        let others = self.autoscalers.iter().filter(|one| !LISTED.contains(&target_kind(one)));
        others.filter_map(|autoscaler| {
            let target = &autoscaler["spec"]["scaleTargetRef"];
            let space = text(autoscaler, "/metadata/namespace");
            let key = format!("{} {space}/{}", text(target, "/kind"), text(target, "/name"));
            let now = size_by(autoscaler);
            if !is_kedas(autoscaler) {
                let ruler = Some((Field::HorizontalPodAutoscaler, autoscaler));
                return (!is_stopped(autoscaler)).then_some(Workload { key, now, object: None, ruler });
            }
            let owner = owner(autoscaler).map(|owner| text(owner, "/name")).unwrap_or_default();
            let is_it = |one: &&Value| text(one, "/metadata/namespace") == space && name(one) == owner;
            let scaled = self.scaled_objects.iter().find(is_it).filter(|one| follows_traffic(one))?;
            Some(Workload { key, now, object: None, ruler: Some((Field::ScaledObject, scaled)) })
        })
    }

    /// The autoscaler that carries a pin out: itself, or KEDA's.
    fn autoscaler_of(&self, pin: &Pin) -> Option<&Value> {
        self.autoscalers.iter().filter(|one| text(one, "/metadata/namespace") == pin.namespace).find(|one| {
            match pin.kind {
                Field::ScaledObject => {
                    is_kedas(one) && owner(one).is_some_and(|owner| text(owner, "/name") == pin.name)
                }
                _ => name(one) == pin.name,
            }
        })
    }
}

/// How many pods each workload has that an autoscaler rules.
#[must_use]
pub fn counts(scaled: &Scaled) -> Counts {
    let ruled = scaled.workloads().filter(|workload| workload.ruler.is_some());
    ruled.map(|workload| (workload.key, workload.now)).collect()
}

/// Why a workload is not as large and ready as a pin wants it.
#[must_use]
pub fn unready(scaled: &Scaled, pin: &Pin) -> Option<String> {
    let to = pin.to;
    let found = scaled.kept_by(pin);
    let Some(found) = found.filter(|found| LISTED.contains(&text(found, "/kind"))) else {
        return unready_of_another_kind(scaled, pin, found);
    };
    let ready = number(found, "/status/readyReplicas").unwrap_or(0);
    let observed = number(found, "/status/observedGeneration") >= number(found, "/metadata/generation");
    let size = replicas(found);
    let short = ready < to || size < to || !observed;
    short.then(|| format!("{}: {} of {to} pods are ready, as many as the load wants", describe(found), ready.min(size)))
}

/// The same of what is neither a Deployment nor a StatefulSet: it says itself whether its pods are ready, if it counts them.
fn unready_of_another_kind(scaled: &Scaled, pin: &Pin, found: Option<&Value>) -> Option<String> {
    let to = pin.to;
    let autoscaler = scaled.autoscaler_of(pin).filter(|one| !LISTED.contains(&target_kind(one)))?;
    let (kind, name) = pin.workload.split_once(' ')?;
    let what = format!("{kind} {}/{name}", pin.namespace);
    let size = size_by(autoscaler);
    if size < to {
        return Some(format!("{what}: {size} of {to} pods are there, as many as the load wants"));
    }
    let Some(found) = found else {
        return Some(format!("{what} cannot be read, so that nobody knows whether it is ready"));
    };
    let counted = ["readyReplicas", "availableReplicas"].into_iter();
    let ready = counted.filter_map(|member| number(found, &format!("/status/{member}"))).min();
    match ready.filter(|ready| *ready < to) {
        Some(ready) => Some(format!("{what}: {ready} of {to} pods are ready, as many as the load wants")),
        None => conditions::unready(found),
    }
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

/// The kinds that are listed themselves.
pub(super) const LISTED: [&str; 2] = ["Deployment", "StatefulSet"];
/// A kind of Argo's: it is listed, too, and no pin gives it a size.
const ROLLOUT: &str = "Rollout";

/// The kind that an autoscaler scales.
fn target_kind(autoscaler: &Value) -> &str {
    text(autoscaler, "/spec/scaleTargetRef/kind")
}

/// How many pods there are, as an autoscaler says.
fn size_by(autoscaler: &Value) -> u64 {
    number(autoscaler, "/status/currentReplicas").unwrap_or(0)
}

/// Whether somebody has stopped what an autoscaler scales, or it is not there.
fn is_stopped(autoscaler: &Value) -> bool {
    let conditions = list(autoscaler, "/status/conditions").iter();
    conditions.map(|one| text(one, "/reason")).any(|reason| matches!(reason, "ScalingDisabled" | "FailedGetScale"))
}

/// Whether an autoscaler is one that KEDA keeps.
fn is_kedas(autoscaler: &Value) -> bool {
    owner(autoscaler).is_some_and(|owner| text(owner, "/kind") == "ScaledObject")
}

/// Who controls an object.
pub(super) fn owner(object: &Value) -> Option<&Value> {
    list(object, "/metadata/ownerReferences").iter().find(|owner| owner["controller"] == true)
}

/// Whether its own workload has to do with traffic.
fn follows_traffic(scaled: &Value) -> bool {
    why_left(scaled).is_none()
}
