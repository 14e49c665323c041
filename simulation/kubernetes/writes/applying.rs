//! Server-side apply as a call: what may be sent, and what is written then.
use super::{
    MODIFIED, admit_to_namespace, find, finish,
    form::well_formed,
    target::{Target, Written},
};
use crate::kubernetes::{
    apply::{self, Writer},
    objects::Objects,
    refusal::Refusal,
    typed,
};
use serde_json::{Value, json};

/// A server-side apply. Says whether the object is new.
pub(in crate::kubernetes) fn apply_call(
    objects: &mut Objects,
    target: &Target,
    mut wanted: Value,
    writer: &Writer,
    force: bool,
) -> Result<(Written, bool), Refusal> {
    let kind = target.kind;
    well_formed(target, &wanted)?;
    if wanted["apiVersion"].is_null() || wanted["kind"].is_null() {
        return Err(Refusal::bad_request("invalid object type: apiVersion and kind are required for apply"));
    }
    if wanted["metadata"]["name"].is_null() {
        wanted["metadata"]["name"] = json!(target.name);
    }
    if wanted["metadata"]["name"] != target.name {
        return Err(Refusal::bad_request(format!(
            "the name of the object ({}) does not match the name on the URL ({})",
            wanted["metadata"]["name"], target.name
        )));
    }
    if wanted["metadata"]["managedFields"].as_array().is_some_and(|list| !list.is_empty()) {
        return Err(Refusal::bad_request("metadata.managedFields must be nil"));
    }
    if target.subresource.is_empty() {
        typed::check(kind, &wanted)?;
    }
    if let Some(custom) = &kind.custom {
        custom.schema.fill_in_keys(&mut wanted);
    }
    let live = find(objects, target).ok();
    if live.is_none() {
        if !target.subresource.is_empty() {
            return Err(Refusal::not_found(kind, target.name));
        }
        admit_to_namespace(objects, kind, target.namespace, target.name)?;
    }
    // What may not be written here is not owned either.
    match target.subresource {
        "status" => drop(wanted.as_object_mut().map(|object| object.shift_remove("spec"))),
        _ if kind.status => drop(wanted.as_object_mut().map(|object| object.shift_remove("status"))),
        _ => {}
    }
    if let Some(asked) = wanted["metadata"]["resourceVersion"].as_str().filter(|version| !version.is_empty())
        && live.as_ref().is_none_or(|live| live["metadata"]["resourceVersion"] != asked)
    {
        return Err(Refusal::conflict(kind, target.name, MODIFIED));
    }
    let empty = json!({"apiVersion": kind.api_version(), "kind": kind.kind, "metadata": {"name": target.name}});
    let merged = apply::apply(kind, live.as_deref().unwrap_or(&empty), &wanted, writer, force)?;
    Ok((finish(objects, target, live.as_deref(), merged, writer, true)?, live.is_none()))
}
