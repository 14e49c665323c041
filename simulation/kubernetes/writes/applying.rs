//! Server-side apply as a call: what may be sent, and what is written then.
use super::{
    MODIFIED, admit_to_namespace, find, finish,
    form::{other_name, scaled, well_formed},
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
    is_of_the_kind(target, &wanted)?;
    well_formed(target, &wanted)?;
    if wanted["metadata"]["name"].is_null() {
        wanted["metadata"]["name"] = json!(target.name);
    }
    if wanted["metadata"]["name"] != target.name {
        return Err(other_name(&wanted, target));
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
        if let Some(uid) = wanted["metadata"]["uid"].as_str().filter(|uid| !uid.is_empty()) {
            let why =
                format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
            return Err(Refusal::conflict(kind, target.name, &why));
        }
    }
    // What may not be written here is not owned either.
    match target.subresource {
        "status" => drop(wanted.as_object_mut().map(|object| object.shift_remove("spec"))),
        _ if kind.status => drop(wanted.as_object_mut().map(|object| object.shift_remove("status"))),
        _ => {}
    }
    if let Some(asked) = wanted["metadata"]["resourceVersion"].as_str().filter(|version| !version.is_empty())
        && live.as_ref().is_some_and(|live| live["metadata"]["resourceVersion"] != asked)
    {
        return Err(Refusal::conflict(kind, target.name, MODIFIED));
    }
    let empty = json!({"apiVersion": kind.api_version(), "kind": kind.kind, "metadata": {"name": target.name}});
    if target.subresource == "scale"
        && let Some(live) = &live
    {
        return scale(objects, target, live, &wanted, writer, force);
    }
    let merged = apply::apply(kind, live.as_deref().unwrap_or(&empty), &wanted, writer, force)?;
    Ok((finish(objects, target, live.as_deref(), merged, writer, true)?, live.is_none()))
}

fn is_of_the_kind(target: &Target, wanted: &Value) -> Result<(), Refusal> {
    let kind = target.kind;
    let (version, sort) = if target.subresource == "scale" {
        ("autoscaling/v1".into(), "Scale")
    } else {
        (kind.api_version(), kind.kind.as_str())
    };
    if wanted["apiVersion"] == version && wanted["kind"] == sort {
        return Ok(());
    }
    let text = |member: &str| wanted[member].as_str().unwrap_or_default().to_owned();
    let (version, sort) = (text("apiVersion"), text("kind"));
    let (group, version) = version.split_once('/').unwrap_or(("", version.as_str()));
    Err(Refusal::bad_request(format!("invalid object type: {group}/{version}, Kind={sort}")))
}

/// An apply of a `Scale` is one of the object's replicas.
fn scale(
    objects: &mut Objects,
    target: &Target,
    live: &Value,
    scale: &Value,
    writer: &Writer,
    force: bool,
) -> Result<(Written, bool), Refusal> {
    let kind = target.kind;
    let replicas = scaled(target, scale)?;
    if !force && live["spec"]["replicas"] != replicas && !apply::has_an_owner(live, &["f:spec", "f:replicas"]) {
        return Err(apply::before_first_apply(".spec.replicas"));
    }
    let wanted = json!({"apiVersion": kind.api_version(), "kind": kind.kind, "metadata": {"name": target.name},
        "spec": {"replicas": replicas}});
    let merged = apply::apply(kind, live, &wanted, writer, force)?;
    Ok((finish(objects, target, Some(live), merged, writer, true)?, false))
}
