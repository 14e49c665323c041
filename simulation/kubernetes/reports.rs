//! What controllers report in an object's status, and that those fields are theirs.
use super::{moments::second, objects::Objects, store::Name};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

const MANAGER: &str = "kube-controller-manager";
const REVISION: &str = "deployment.kubernetes.io/revision";

/// Stores an object with this status, unless it has that already.
pub(super) fn report(
    objects: &mut Objects,
    resource: &str,
    name: &Name,
    object: &Value,
    status: Value,
    now: Timestamp,
) {
    if object["status"] == status {
        return;
    }
    let mut object = object.clone();
    // Who manages nothing of an object that nobody manages would be the only one.
    if object["metadata"]["managedFields"].is_array() {
        note(&mut object, &status, now);
    }
    object["status"] = status;
    objects.store.put(resource, name, object);
}

fn note(object: &mut Value, status: &Value, now: Timestamp) {
    let mut fields = Map::new();
    if object["metadata"]["annotations"][REVISION].is_string() {
        let revision = json!({".": {}, format!("f:{REVISION}"): {}});
        fields.insert("f:metadata".into(), json!({"f:annotations": revision}));
    }
    fields.insert("f:status".into(), members(status));
    let entry = json!({
        "manager": MANAGER, "operation": "Update", "apiVersion": object["apiVersion"], "time": second(now),
        "fieldsType": "FieldsV1", "fieldsV1": fields, "subresource": "status",
    });
    let Value::Array(entries) = &mut object["metadata"]["managedFields"] else { return };
    match entries.iter_mut().find(|entry| entry["manager"] == MANAGER && entry["subresource"] == "status") {
        Some(found) => *found = entry,
        None => entries.push(entry),
    }
}

fn members(value: &Value) -> Value {
    let mut fields = Map::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        let below = if name == "conditions" { conditions(value) } else { json!({}) };
        fields.insert(format!("f:{name}"), below);
    }
    Value::Object(fields)
}

fn conditions(list: &Value) -> Value {
    let mut fields = Map::from_iter([(".".to_owned(), json!({}))]);
    for condition in list.as_array().into_iter().flatten() {
        let mut below = members(condition);
        below["."] = json!({});
        fields.insert(format!("k:{}", json!({"type": condition["type"]})), below);
    }
    Value::Object(fields)
}
