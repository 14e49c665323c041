//! Deleting objects: at once, or as soon as nobody holds them back.
use super::{find, target::Target};
use crate::kubernetes::{
    conditions::has_finalizers, definitions, garbage::orphan, moments::second, objects::Objects, refusal::Refusal,
    view::shown,
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Deletes an object; the answer is the object while it lingers, else a `Status`.
pub(in crate::kubernetes) fn delete(
    objects: &mut Objects,
    target: &Target,
    options: &Value,
    now: Timestamp,
) -> Result<Value, Refusal> {
    let kind = target.kind;
    let live = find(objects, target)?;
    for field in ["uid", "resourceVersion"] {
        let asked = &options["preconditions"][field];
        if !asked.is_null() && *asked != live["metadata"][field] {
            let why = format!(
                "Precondition failed: {field} in precondition: {asked}, {field} in object meta: {}",
                live["metadata"][field]
            );
            return Err(Refusal::conflict(kind, target.name, &why));
        }
    }
    if kind.kind == "Namespace" && matches!(target.name, "default" | "kube-system" | "kube-public") {
        let message = format!("namespaces {:?} is forbidden: this namespace may not be deleted", target.name);
        return Err(Refusal::new(403, "Forbidden", message));
    }
    let success = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": {"name": target.name, "group": kind.group, "kind": kind.plural, "uid": live["metadata"]["uid"]},
    });
    if target.dry_run {
        return Ok(success);
    }
    let name = (target.namespace.to_owned(), target.name.to_owned());
    let mut object = (*live).clone();
    match options["propagationPolicy"].as_str() {
        Some("Foreground") if object["metadata"]["deletionTimestamp"].is_null() => {
            let finalizers = object["metadata"]["finalizers"].as_array_mut().map(std::mem::take).unwrap_or_default();
            object["metadata"]["finalizers"] = finalizers.into_iter().chain([json!("foregroundDeletion")]).collect();
        }
        Some("Orphan") => orphan(objects, &live),
        _ => {}
    }
    if kind.built_in && kind.kind == "CustomResourceDefinition" && object["metadata"]["deletionTimestamp"].is_null() {
        definitions::begin_end(&mut object, now);
    }
    let at_once = options["gracePeriodSeconds"] == 0;
    let lingers = has_finalizers(&object) || kind.kind == "Namespace" || kind.kind == "Pod" && !at_once;
    if !lingers {
        objects.take_out(&kind.resource(), &name);
        return Ok(success);
    }
    if object["metadata"]["deletionTimestamp"].is_null() {
        object["metadata"]["deletionTimestamp"] = json!(second(now));
        if kind.kind != "CustomResourceDefinition" {
            object["metadata"]["deletionGracePeriodSeconds"] = json!(if kind.kind == "Pod" { 30 } else { 0 });
        }
        if kind.kind == "Namespace" {
            object["status"] = json!({"phase": "Terminating"});
        }
    }
    let stored = objects.store.put(&kind.resource(), &name, object);
    Ok(shown(kind, &stored))
}
