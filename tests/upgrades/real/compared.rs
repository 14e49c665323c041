//! Pure: where two servers have an object otherwise.
use bluegreen::azure::kubernetes::MANAGER;
use bluegreen::workload::refusal::PIN;
use serde_json::{Map, Value, json};

/// What no two servers have in common: members by their names.
const OWN: &[&str] = &[
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "managedFields",
    "status",
    "clusterIP",
    "clusterIPs",
    "nodePort",
    "healthCheckNodePort",
    "batch.kubernetes.io/controller-uid",
    "controller-uid",
];
/// Differences that are meant: what the place of one has in it, and why.
const ACCEPTED: &[(&str, &str)] = &[
    (".metadata.annotations.deployment.kubernetes.io/revision", "written by a controller, sooner or later"),
    (".metadata.generation", "a controller's writes count"),
];

/// Where an object differs, and which of its fields are ours. Nothing: it is not there.
pub fn differences(name: &str, real: &Option<Value>, ours: &Option<Value>, found: &mut Vec<String>) {
    let shown = |object: &Option<Value>| {
        object.as_ref().map_or(
            Value::Null,
            |object| json!({"object": object, "applied": fields_of(object, MANAGER), "pinned": fields_of(object, PIN)}),
        )
    };
    walk(&shown(real), &shown(ours), name, found);
}

fn fields_of(object: &Value, manager: &str) -> Value {
    let mut entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    entries.find(|entry| entry["manager"] == manager).map_or(Value::Null, |entry| entry["fieldsV1"].clone())
}

fn walk(real: &Value, ours: &Value, place: &str, found: &mut Vec<String>) {
    match (real, ours) {
        (Value::Object(one), Value::Object(other)) => {
            let names = one.keys().chain(other.keys().filter(|name| !one.contains_key(*name)));
            for name in names.filter(|name| !OWN.contains(&name.as_str())) {
                let of = |members: &Map<String, Value>| members.get(name).cloned().unwrap_or_default();
                walk(&of(one), &of(other), &format!("{place}.{name}"), found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (at, (one, other)) in one.iter().zip(other).enumerate() {
                walk(one, other, &format!("{place}[{at}]"), found);
            }
        }
        _ if real == ours || ACCEPTED.iter().any(|(part, _)| place.contains(part)) => {}
        _ => {
            let cut = |value: &Value| value.to_string().chars().take(160).collect::<String>();
            found.push(format!("{place}: real {} ours {}", cut(real), cut(ours)));
        }
    }
}
