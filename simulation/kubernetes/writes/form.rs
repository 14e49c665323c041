//! Pure: the form that an object must have to be written, and what in it is not the writer's.
use super::{MODIFIED, target::Target};
use crate::kubernetes::{kinds::Kind, refusal::Refusal};
use ::kinds::rules::texts::{label, subdomain};
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
    if differs(&object["apiVersion"], &version) {
        let found = object["apiVersion"].as_str().unwrap_or_default();
        let message =
            format!("the API version in the data ({found}) does not match the expected API version ({version})");
        return Err(Refusal::bad_request(message));
    }
    if differs(&object["kind"], sort) {
        let (found, version) = (object["kind"].as_str().unwrap_or_default(), &kind.version);
        let group = kind.group.split('.').next().filter(|group| !group.is_empty()).unwrap_or("core");
        let message = format!(
            "{found} in version {version:?} cannot be handled as a {sort}: converting ({version}.{found}) to \
             ({group}.{sort}): unknown conversion"
        );
        return Err(Refusal::bad_request(message));
    }
    let namespace = &object["metadata"]["namespace"];
    if kind.namespaced && differs(namespace, target.namespace) && namespace != "" {
        let message = "the namespace of the provided object does not match the namespace sent on the request";
        return Err(Refusal::bad_request(message));
    }
    if kind.built_in {
        return Ok(());
    }
    for (part, is_right) in [
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

/// What a server warns of when a name becomes that of pods, or their hostname.
pub(super) fn warning_of_name(kind: &Kind, name: &str) -> Option<String> {
    let used = match kind.kind.as_str() {
        "Deployment" | "ReplicaSet" | "Job" | "CronJob" if kind.built_in => "in Pod names and hostnames",
        "Pod" if kind.built_in => "in the Pod's hostname",
        _ => return None,
    };
    let wrong = label(name);
    let words = format!(
        "metadata.name: this is used {used}, which can result in surprising behavior; a DNS label is recommended: [{}]",
        wrong.join(" ")
    );
    (!wrong.is_empty() && subdomain(name).is_empty()).then_some(words)
}

/// An object that has another name than its place.
pub(super) fn other_name(object: &Value, target: &Target) -> Refusal {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let place = target.name;
    Refusal::bad_request(format!("the name of the object ({name}) does not match the name on the URL ({place})"))
}

/// Refuses a change that is based on another version, or meant for another object of the same name.
pub(super) fn is_of_this(target: &Target, live: &Value, edited: &Value) -> Result<(), Refusal> {
    let based_on = edited["metadata"]["resourceVersion"].as_str().unwrap_or_default();
    if !based_on.is_empty() && live["metadata"]["resourceVersion"] != based_on {
        if target.kind.built_in && based_on.parse::<u64>().is_err() {
            let message = format!("strconv.ParseUint: parsing {based_on:?}: invalid syntax");
            return Err(Refusal::new(500, "", message));
        }
        return Err(Refusal::conflict(target.kind, target.name, MODIFIED));
    }
    if let Some(uid) = edited["metadata"]["uid"].as_str().filter(|uid| live["metadata"]["uid"] != *uid) {
        let space = if target.namespace.is_empty() { String::new() } else { format!("{}/", target.namespace) };
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: /registry/{}/{space}{}, ResourceVersion: 0, AdditionalErrorMsg: \
             Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            target.kind.plural,
            target.name,
            live["metadata"]["uid"].as_str().unwrap_or_default()
        );
        return Err(Refusal::conflict(target.kind, target.name, &why));
    }
    Ok(())
}

/// The replicas that a `Scale` asks for.
pub(super) fn scaled(target: &Target, scale: &Value) -> Result<Value, Refusal> {
    let replicas = &scale["spec"]["replicas"];
    if replicas.as_i64().is_some_and(|count| count < 0) {
        let wrong = format!("Invalid value: {replicas}: must be greater than or equal to 0");
        let causes = [("spec.replicas".into(), "FieldValueInvalid", wrong)];
        return Err(Refusal::invalid_as("Scale", "autoscaling", target.name, &causes));
    }
    Ok(replicas.as_u64().map_or(json!(0), |count| json!(count)))
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
