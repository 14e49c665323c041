//! What may run in one cluster only, as objects: applied suspended, stopped, seen stopped, started.
//!
//! ```text
//! new cluster   suspended (as it is applied) ─────────────────────► started
//! old cluster   runs ─► stopped (with what it was) ─► seen stopped ┘
//! ```
//! Every stop and every start writes the annotation, and names the version that was looked at: a late write of an earlier
//! decision meets a newer version, and is refused.
mod declared;
mod remains;
mod schedules;

pub use declared::{Singleton, SingletonKind, in_slot};
pub use remains::{Around, remains};
pub use schedules::{knows_until, made_until};

use super::keda::{PAUSED, is_yes, says_paused};
use crate::resources::answers::{number, text};
use crate::resources::object::describe;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The annotation that says what a run has made of it.
pub const SINGLETON: &str = "aks-bluegreen/singleton";
const PAUSED_AT: &str = "/metadata/annotations/autoscaling.keda.sh~1paused";
const PAUSED_REPLICAS_AT: &str = "/metadata/annotations/autoscaling.keda.sh~1paused-replicas";

/// What the annotation says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Whose word it is.
    pub run: String,
    /// It was stopped; otherwise it may run.
    pub stopped: bool,
    /// By the way back, which says so also where the way forward had stopped it before: what that sent last meets another
    /// version.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub back: bool,
    /// What its switch said before it was stopped; null: nothing.
    #[serde(default)]
    pub was: Value,
}

/// Where an object says whether it runs, and the value with which it does not.
fn switch(kind: SingletonKind) -> (&'static str, Value) {
    match kind {
        SingletonKind::CronJob | SingletonKind::CronWorkflow => ("/spec/suspend", true.into()),
        SingletonKind::Deployment | SingletonKind::StatefulSet => ("/spec/replicas", 0.into()),
        SingletonKind::ScaledJob => (PAUSED_AT, "true".into()),
        SingletonKind::ScaledObject => (PAUSED_REPLICAS_AT, "0".into()),
    }
}

/// What a run, or the one before it, has made of an object.
#[must_use]
pub fn marked(object: &Value) -> Option<Mark> {
    serde_json::from_str(object["metadata"]["annotations"][SINGLETON].as_str()?).ok()
}

/// Whether it does not run, by its own words.
#[must_use]
pub fn is_off(kind: SingletonKind, object: &Value) -> bool {
    object.pointer(switch(kind).0).is_some_and(|value| stays_off(kind, value))
}

/// Whether KEDA keeps what it scales at as many pods as there are, and the object does not say how many.
#[must_use]
pub fn is_paused_as_it_is(kind: SingletonKind, object: &Value) -> bool {
    kind == SingletonKind::ScaledObject && says_paused(object) && object.pointer(PAUSED_REPLICAS_AT).is_none()
}

/// What its switch says. Paused at so many pods as there are is the same as paused at their number; where that is unknown, it
/// stays off.
fn said_by(kind: SingletonKind, object: &Value, pods: Option<u64>) -> Value {
    if is_paused_as_it_is(kind, object) {
        return pods.unwrap_or(0).to_string().into();
    }
    object.pointer(switch(kind).0).cloned().unwrap_or_default()
}

/// The objects as they are applied to a new cluster: those that may run in one only are suspended, and what a suspended
/// ScaledObject scales is made with no pod. `beside`: what is applied at another time, and may scale something of these.
pub fn suspend<'a>(
    objects: impl Iterator<Item = &'a mut Value>,
    beside: &[Value],
    singletons: &[Singleton],
    run: &str,
) {
    if singletons.is_empty() {
        return;
    }
    let (mut found, mut others) = (vec![], vec![]);
    for object in objects {
        match singletons.iter().find(|one| one.is(object)) {
            Some(one) => found.push((one, object)),
            None => others.push(object),
        }
    }
    let scaling = beside.iter().filter_map(|object| target(singletons.iter().find(|one| one.is(object))?, object));
    let mut targets: Vec<_> = scaling.collect();
    for (one, object) in found {
        let scaled = target(one, object);
        let all = others.iter().map(|other| &**other).chain(beside);
        let pods = scaled.as_ref().and_then(|scaled| all.into_iter().find(|other| scaled.is(other))).map(wanted_pods);
        let mark = Mark { run: run.to_owned(), stopped: true, back: false, was: said_by(one.kind, object, pods) };
        if is_paused_as_it_is(one.kind, object)
            && let Some(annotations) = object["metadata"]["annotations"].as_object_mut()
        {
            // How many is what counts from now on.
            annotations.shift_remove(PAUSED);
        }
        let (at, off) = switch(one.kind);
        put(object, at, off);
        put(object, "/metadata/annotations/aks-bluegreen~1singleton", json!(said(&mark)));
        targets.extend(scaled);
    }
    for object in others {
        if targets.iter().any(|target| target.is(object)) {
            put(object, "/spec/replicas", 0.into());
        }
    }
}

/// How many pods a workload is to have.
#[must_use]
pub fn wanted_pods(workload: &Value) -> u64 {
    number(workload, "/spec/replicas").unwrap_or(1)
}

/// What a ScaledObject scales, if that is something that we can stop.
#[must_use]
pub fn target(one: &Singleton, object: &Value) -> Option<Singleton> {
    if one.kind != SingletonKind::ScaledObject {
        return None;
    }
    let scaled = object.pointer("/spec/scaleTargetRef")?;
    let kind = match text(scaled, "/kind") {
        "" | "Deployment" => SingletonKind::Deployment,
        "StatefulSet" => SingletonKind::StatefulSet,
        _ => return None,
    };
    Some(Singleton { kind, namespace: one.namespace.clone(), name: text(scaled, "/name").to_owned() })
}

/// The merge patch that stops it for a run, on its way forward or back. `None`: it is stopped by that, and nobody has started
/// it since. `pods`: how many there are of what it scales, where it [`is_paused_as_it_is`].
#[must_use]
pub fn stop(kind: SingletonKind, live: &Value, pods: Option<u64>, run: &str, back: bool) -> Option<Value> {
    let (at, off) = switch(kind);
    let own = marked(live).filter(|mark| mark.run == run && mark.stopped);
    if own.as_ref().is_some_and(|own| own.back == back) && is_off(kind, live) {
        return None;
    }
    let was = own.map_or_else(|| said_by(kind, live, pods), |own| own.was);
    Some(amended(live, at, Some(off), &Mark { run: run.to_owned(), stopped: true, back, was }))
}

/// The merge patch that starts it for a run, with the value that its switch had. `None`: this run has started it, whatever
/// somebody has made of it since. What runs already is only marked, as is what has no such value: it stays as it is.
#[must_use]
pub fn start(kind: SingletonKind, live: &Value, run: &str, with: Option<&Value>) -> Option<Value> {
    if marked(live).is_some_and(|mark| mark.run == run && !mark.stopped) {
        return None;
    }
    let mark = Mark { run: run.to_owned(), stopped: false, back: false, was: Value::Null };
    let with = with.filter(|_| is_off(kind, live)).cloned();
    Some(amended(live, switch(kind).0, with, &mark))
}

/// Whether it was off before the run stopped it: somebody wants it so, and it is not started elsewhere.
#[must_use]
pub fn stays_off(kind: SingletonKind, was: &Value) -> bool {
    match kind {
        SingletonKind::ScaledJob => is_yes(was),
        _ => *was == switch(kind).1,
    }
}

/// The commands that tell where it runs, and start it, for a person.
#[must_use]
pub fn by_hand(one: &Singleton) -> String {
    let (kind, name, space) = (one.kind.name().to_lowercase(), &one.name, &one.namespace);
    let patch = match one.kind {
        SingletonKind::CronJob | SingletonKind::CronWorkflow => {
            r#"patch KIND NAME --type merge -p '{"spec":{"suspend":false}}'"#
        }
        SingletonKind::Deployment | SingletonKind::StatefulSet => "scale KIND NAME --replicas 1",
        SingletonKind::ScaledJob => "annotate KIND NAME autoscaling.keda.sh/paused-",
        SingletonKind::ScaledObject => "annotate KIND NAME autoscaling.keda.sh/paused-replicas-",
    };
    format!("kubectl -n {space} {}", patch.replace("KIND", &kind).replace("NAME", name))
}

fn amended(live: &Value, at: &str, value: Option<Value>, mark: &Mark) -> Value {
    let mut patch = json!({"metadata": {
        "resourceVersion": live["metadata"]["resourceVersion"], "annotations": {SINGLETON: said(mark)}}});
    if let Some(value) = value {
        put(&mut patch, at, value);
    }
    patch
}

fn said(mark: &Mark) -> String {
    json!(mark).to_string()
}

/// Puts a value at a place, and makes the objects on the way to it.
fn put(object: &mut Value, at: &str, value: Value) {
    let mut place = object;
    for name in at.split('/').skip(1) {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[name.replace("~1", "/")];
    }
    *place = value;
}

/// Who would set its switch back: a manager that owns that field.
#[must_use]
pub fn reconciled(kind: SingletonKind, live: &Value) -> Option<String> {
    let at: String = switch(kind).0.split('/').skip(1).map(|name| format!("/f:{name}")).collect();
    super::pins::reconciler_of(live, &format!("/fieldsV1{at}")).map(|who| format!("{} ({who})", describe(live)))
}

#[cfg(test)]
mod tests;
