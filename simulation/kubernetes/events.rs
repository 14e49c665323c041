//! Pure: events, which two groups show in different words, and which end after an hour.
use super::{kinds::Kind, moments::second, names::hash, objects::Objects, refusal::Refusal};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

/// So long an event is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(1);

/// What a member is called in `v1`, and in `events.k8s.io/v1`.
const NAMES: &[(&str, &str)] = &[
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

fn is_newer(kind: &Kind) -> bool {
    kind.built_in && kind.group == "events.k8s.io"
}

/// An event in the words in which it is kept; anything else as it is.
pub(super) fn as_stored(kind: &Kind, mut object: Value) -> Value {
    if is_newer(kind)
        && let Some(members) = object.as_object_mut()
    {
        rename(members, |name| NAMES.iter().find(|(_, newer)| *newer == name).map(|(older, _)| *older));
    }
    object
}

/// An event in the words of this kind's group.
pub(super) fn as_shown(kind: &Kind, object: &mut Value) {
    if !is_newer(kind) {
        return;
    }
    let Some(members) = object.as_object_mut() else { return };
    for name in ["reportingComponent", "reportingInstance"] {
        if members.get(name).is_some_and(|text| text == "") {
            members.shift_remove(name);
        }
    }
    rename(members, |name| NAMES.iter().find(|(older, _)| *older == name).map(|(_, newer)| *newer));
}

fn rename(members: &mut Map<String, Value>, other: impl Fn(&str) -> Option<&'static str>) {
    let old = std::mem::take(members);
    members.extend(old.into_iter().map(|(name, value)| (other(&name).map_or(name, Into::into), value)));
}

/// Members that are always there.
pub(super) fn fill_in(object: &mut Value) {
    for (name, value) in [
        ("source", json!({})),
        ("firstTimestamp", Value::Null),
        ("lastTimestamp", Value::Null),
        ("eventTime", Value::Null),
        ("reportingComponent", json!("")),
        ("reportingInstance", json!("")),
    ] {
        if object.get(name).is_none() {
            object[name] = value;
        }
    }
}

/// An event lies in the namespace of what it is about; what has none is told of in `default`.
pub(super) fn check(kind: &Kind, object: &Value) -> Result<(), Refusal> {
    let about = &object["involvedObject"]["namespace"];
    let (about, own) =
        (about.as_str().unwrap_or_default(), object["metadata"]["namespace"].as_str().unwrap_or_default());
    if about == own || about.is_empty() && matches!(own, "default" | "kube-system") {
        return Ok(());
    }
    let wrong = format!("Invalid value: {about:?}: does not match event.namespace");
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    Err(Refusal::invalid(kind, name, "involvedObject.namespace", "FieldValueInvalid", &wrong))
}

/// Tells of something that a controller cannot do, once.
pub(super) fn tell_once(objects: &mut Objects, about: &Value, what: (&str, &str, &str), by: &str, now: Timestamp) {
    let (space, name) = place(about, what);
    if objects.store.get("events", &space, &name).is_none() {
        tell(objects, about, what, by, now);
    }
}

fn place(about: &Value, (_, reason, message): (&str, &str, &str)) -> (String, String) {
    let metadata = &about["metadata"];
    let space = metadata["namespace"].as_str().unwrap_or("default").to_owned();
    let number = hash(format!("{}/{reason}/{message}", metadata["uid"]).as_bytes());
    (space, format!("{}.{number:016x}", metadata["name"].as_str().unwrap_or_default()))
}

/// Tells of something that a controller did; the same again is counted.
pub(super) fn tell(
    objects: &mut Objects,
    about: &Value,
    (sort, reason, message): (&str, &str, &str),
    by: &str,
    now: Timestamp,
) {
    let metadata = &about["metadata"];
    let (space, name) = place(about, (sort, reason, message));
    if let Some(found) = objects.store.get("events", &space, &name) {
        let mut event = (**found).clone();
        event["count"] = json!(event["count"].as_u64().unwrap_or(1) + 1);
        event["lastTimestamp"] = json!(second(now));
        objects.store.put("events", &(space, name), event);
        return;
    }
    let mut involved = json!({"kind": about["kind"], "apiVersion": about["apiVersion"]});
    for member in ["namespace", "name", "uid", "resourceVersion"] {
        if !metadata[member].is_null() {
            involved[member] = metadata[member].clone();
        }
    }
    let event = json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": name}, "involvedObject": involved, "type": sort,
        "reason": reason, "message": message, "count": 1, "firstTimestamp": second(now), "lastTimestamp": second(now),
        "eventTime": null, "source": {"component": by}, "reportingComponent": by, "reportingInstance": "",
    });
    objects.make("events", &space, event, now);
}

/// Forgets events that are older than an hour.
pub(super) fn forget(objects: &mut Objects, now: Timestamp) {
    let Ok(oldest) = now.checked_sub(KEPT).map(second) else { return };
    // Moments in this form are in the order of their texts.
    let is_old = |event: &Value| {
        let last = event["lastTimestamp"].as_str().or_else(|| event["eventTime"].as_str());
        let last = last.or_else(|| event["metadata"]["creationTimestamp"].as_str()).unwrap_or_default();
        let made = event["metadata"]["creationTimestamp"].as_str().unwrap_or_default();
        last.max(made) < oldest.as_str()
    };
    let old = objects.store.all("events").filter(|(_, event)| is_old(event)).map(|(name, _)| name.clone());
    for name in old.collect::<Vec<_>>() {
        objects.store.remove("events", &name);
    }
}
