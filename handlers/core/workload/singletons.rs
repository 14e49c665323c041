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

use crate::resources::answers::text;
use crate::resources::object::describe;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The annotation that says what a run has made of it.
pub const SINGLETON: &str = "aks-bluegreen/singleton";
const PAUSED: &str = "/metadata/annotations/autoscaling.keda.sh~1paused";
const PAUSED_REPLICAS: &str = "/metadata/annotations/autoscaling.keda.sh~1paused-replicas";

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
        SingletonKind::ScaledJob => (PAUSED, "true".into()),
        SingletonKind::ScaledObject => (PAUSED_REPLICAS, "0".into()),
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
    let (at, off) = switch(kind);
    object.pointer(at) == Some(&off)
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
    let mut others = vec![];
    let scaling = beside.iter().filter_map(|object| Some((singletons.iter().find(|one| one.is(object))?, object)));
    let mut targets: Vec<_> = scaling.filter_map(|(one, object)| target(one, object)).collect();
    for object in objects {
        match singletons.iter().find(|one| one.is(object)) {
            Some(one) => {
                targets.extend(target(one, object));
                let was = object.pointer(switch(one.kind).0).cloned().unwrap_or_default();
                let off = switch(one.kind).1;
                put(object, switch(one.kind).0, off);
                let mark = Mark { run: run.to_owned(), stopped: true, back: false, was };
                put(object, "/metadata/annotations/aks-bluegreen~1singleton", json!(said(&mark)));
            }
            None => others.push(object),
        }
    }
    for object in others {
        if targets.iter().any(|target| target.is(object)) {
            put(object, "/spec/replicas", 0.into());
        }
    }
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
/// it since.
#[must_use]
pub fn stop(kind: SingletonKind, live: &Value, run: &str, back: bool) -> Option<Value> {
    let (at, off) = switch(kind);
    let own = marked(live).filter(|mark| mark.run == run && mark.stopped);
    if own.as_ref().is_some_and(|own| own.back == back) && is_off(kind, live) {
        return None;
    }
    let was = own.map_or_else(|| live.pointer(at).cloned().unwrap_or_default(), |own| own.was);
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
    *was == switch(kind).1
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
