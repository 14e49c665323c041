//! Pure: the form that an object must have to be written, and what in it is not the writer's.
use super::target::Target;
use crate::kubernetes::refusal::Refusal;
use serde_json::{Map, Value, json};

/// Refuses an object whose outline is wrong.
pub(super) fn well_formed(target: &Target, object: &Value) -> Result<(), Refusal> {
    let kind = target.kind;
    if !object["metadata"].is_object() && !object["metadata"].is_null() {
        return Err(Refusal::bad_request(
            "json: cannot unmarshal metadata into Go struct field .metadata of type v1.ObjectMeta",
        ));
    }
    let (version, sort) = if target.subresource == "scale" {
        ("autoscaling/v1".into(), "Scale")
    } else {
        (kind.api_version(), kind.kind.as_str())
    };
    let differs = |found: &Value, expected: &str| !found.is_null() && found != expected;
    if differs(&object["apiVersion"], &version) || differs(&object["kind"], sort) {
        let message = format!(
            "{sort} in version {version:?} cannot be handled as a {}: the object in the body is {} {}",
            kind.kind, object["apiVersion"], object["kind"]
        );
        return Err(Refusal::bad_request(message));
    }
    let namespace = &object["metadata"]["namespace"];
    if kind.namespaced && differs(namespace, target.namespace) {
        let message = format!(
            "the namespace of the provided object does not match the namespace sent on the request ({namespace}, {:?})",
            target.namespace
        );
        return Err(Refusal::bad_request(message));
    }
    for (part, is_right) in [
        ("spec", object["spec"].is_null() || object["spec"].is_object() || !kind.built_in),
        ("status", object["status"].is_null() || object["status"].is_object() || !kind.built_in),
        ("metadata.labels", object["metadata"]["labels"].is_null() || object["metadata"]["labels"].is_object()),
        (
            "metadata.annotations",
            object["metadata"]["annotations"].is_null() || object["metadata"]["annotations"].is_object(),
        ),
        ("metadata.name", object["metadata"]["name"].is_null() || object["metadata"]["name"].is_string()),
    ] {
        if !is_right {
            return Err(Refusal::bad_request(format!("json: cannot unmarshal {part} of {}: wrong type", kind.kind)));
        }
    }
    Ok(())
}

/// Refuses a custom resource that shall replace another one and does not say which version of it.
pub(super) fn says_its_version(target: &Target, object: &Value) -> Result<(), Refusal> {
    let says = object["metadata"]["resourceVersion"].as_str().is_some_and(|version| !version.is_empty());
    if says || target.kind.built_in {
        return Ok(());
    }
    let wrong = "Invalid value: 0: must be specified for an update";
    let causes = [("metadata.resourceVersion".into(), "FieldValueInvalid", wrong.into())];
    Err(Refusal::invalid_as(&target.kind.plural, &target.kind.group, target.name, &causes))
}

/// Restores what the caller may not change: identity, times, and the other half of spec and status.
pub(super) fn keep_what_is_not_theirs(target: &Target, before: Option<&Value>, object: &mut Value) {
    let kind = target.kind;
    if !object["metadata"].is_object() {
        object["metadata"] = Value::Object(Map::new());
    }
    for field in
        ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "resourceVersion"]
    {
        restore(
            &mut object["metadata"],
            &before.map_or(Value::Null, |before| before["metadata"][field].clone()),
            field,
        );
    }
    object["metadata"]["name"] = json!(target.name);
    if kind.namespaced {
        object["metadata"]["namespace"] = json!(target.namespace);
    }
    object["apiVersion"] = json!(kind.api_version());
    object["kind"] = json!(kind.kind);
    match (target.subresource, before) {
        ("status", Some(before)) => {
            let (status, fields) = (object["status"].clone(), object["metadata"]["managedFields"].clone());
            *object = before.clone();
            restore(object, &status, "status");
            restore(&mut object["metadata"], &fields, "managedFields");
        }
        _ if kind.status => restore(object, &before.map_or(Value::Null, |before| before["status"].clone()), "status"),
        _ => {}
    }
}

fn restore(object: &mut Value, value: &Value, field: &str) {
    let Value::Object(members) = object else { return };
    if value.is_null() {
        members.shift_remove(field);
    } else {
        members.insert(field.into(), value.clone());
    }
}
