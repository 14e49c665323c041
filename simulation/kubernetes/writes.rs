//! Creating and changing objects: one path that every write takes.
pub(super) mod applying;
pub(super) mod deleting;
mod form;
mod target;

pub(super) use target::{Target, Written};

use super::{
    addresses, admission,
    apply::{self, Writer},
    conditions::has_finalizers,
    customs, defaults, events, generated, generations,
    kinds::Kind,
    moments::second,
    names::letters,
    namespaces,
    objects::Objects,
    place::Place,
    policies, protection, reading,
    refusal::Refusal,
    validation,
    view::scale_of,
    webhooks,
};
use form::{keep_what_is_not_theirs, well_formed};
use serde_json::{Value, json};
use std::sync::Arc;

const MODIFIED: &str = "the object has been modified; please apply your changes to the latest version and try again";

/// The object that is meant.
pub(super) fn find(objects: &Objects, target: &Target) -> Result<Arc<Value>, Refusal> {
    let found = objects.store.get(&target.kind.resource(), target.namespace, target.name);
    found.cloned().ok_or_else(|| Refusal::not_found(target.kind, target.name))
}

/// Whether the object at a place is not there.
pub(super) fn is_missing(objects: &Objects, kind: &Kind, place: &Place) -> bool {
    objects.store.get(&kind.resource(), &place.namespace, place.name.as_deref().unwrap_or_default()).is_none()
}

/// A write that makes a new object.
pub(super) fn create(
    objects: &mut Objects,
    target: &Target,
    mut object: Value,
    writer: &Writer,
) -> Result<Written, Refusal> {
    let kind = target.kind;
    well_formed(target, &object)?;
    let mut warnings = reading::read_body(kind, &mut object, writer.strictness)?;
    objects.warnings.append(&mut warnings);
    if object["metadata"]["name"].as_str().is_none_or(str::is_empty)
        && let Some(prefix) = object["metadata"]["generateName"].as_str().map(ToOwned::to_owned)
    {
        object["metadata"]["name"] = json!(format!("{prefix}{}", letters(objects.issue(), 5)));
    }
    if object["metadata"]["resourceVersion"].as_str().is_some_and(|version| !version.is_empty()) {
        return Err(Refusal::new(500, "", "resourceVersion should not be set on objects to be created"));
    }
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    admit_to_namespace(objects, kind, target.namespace, &name)?;
    if let Some(found) = objects.store.get(&kind.resource(), target.namespace, &name) {
        let mut refusal = Refusal::already_exists(kind, &name);
        if found["metadata"]["deletionTimestamp"].is_string() {
            refusal.message = format!("object is being deleted: {}", refusal.message);
        }
        // What is wrong with an object is said first.
        finish(objects, &Target { name: &name, dry_run: true, ..*target }, None, object, writer, false)?;
        objects.warnings.extend(form::warning_of_name(kind, &name));
        return Err(refusal);
    }
    let written = finish(objects, &Target { name: &name, ..*target }, None, object, writer, false)?;
    objects.warnings.extend(form::warning_of_name(kind, &name));
    Ok(written)
}

/// A write of a whole object.
pub(super) fn replace(
    objects: &mut Objects,
    target: &Target,
    mut object: Value,
    writer: &Writer,
) -> Result<Written, Refusal> {
    well_formed(target, &object)?;
    if target.subresource != "scale" {
        let mut warnings = reading::read_body(target.kind, &mut object, writer.strictness)?;
        objects.warnings.append(&mut warnings);
        form::says_its_version(target, &object)?;
    }
    if object["metadata"]["name"].as_str().is_none_or(str::is_empty) {
        return Err(Refusal::bad_request(format!(
            "the name of the object ({} based on URL) was undeterminable: name must be provided",
            target.name
        )));
    }
    change(objects, target, writer, |_| Ok(object))
}

/// A write that begins with what is there.
pub(super) fn change(
    objects: &mut Objects,
    target: &Target,
    writer: &Writer,
    edit: impl FnOnce(&Value) -> Result<Value, Refusal>,
) -> Result<Written, Refusal> {
    let live = find(objects, target)?;
    let base = if target.subresource == "scale" { scale_of(target.kind, &live) } else { (*live).clone() };
    let mut edited = edit(&base)?;
    well_formed(target, &edited)?;
    if target.subresource != "scale" {
        let mut warnings = reading::read_patched(target.kind, &mut edited, writer.strictness)?;
        objects.warnings.append(&mut warnings);
    }
    if !edited.is_object() || !edited["metadata"].is_object() || edited["metadata"]["name"] != target.name {
        return Err(form::other_name(&edited, target));
    }
    form::is_of_this(target, &live, &edited)?;
    let object = if target.subresource == "scale" {
        let mut object = (*live).clone();
        let replicas = form::scaled(target, &edited)?;
        match &target.kind.custom {
            Some(custom) => custom.set_scale(&mut object, &replicas),
            None => object["spec"]["replicas"] = replicas,
        }
        object
    } else {
        edited
    };
    finish(objects, target, Some(&live), object, writer, false)
}

fn admit_to_namespace(objects: &Objects, kind: &Kind, namespace: &str, name: &str) -> Result<(), Refusal> {
    if !kind.namespaced {
        return Ok(());
    }
    let spaces = objects.kind_of("namespaces").ok_or_else(Refusal::no_such_resource)?;
    let space = objects.store.get("namespaces", "", namespace).ok_or_else(|| Refusal::not_found(spaces, namespace))?;
    if space["metadata"]["deletionTimestamp"].is_string() {
        let message = format!(
            "{} {name:?} is forbidden: unable to create new content in namespace {namespace} because it is being terminated",
            kind.resource()
        );
        let mut refusal = Refusal::new(403, "Forbidden", message);
        refusal.details = json!({"name": name, "kind": kind.plural, "causes": [{"reason": "NamespaceTerminating", "message": format!("namespace {namespace} is being terminated"), "field": "metadata.namespace"}]});
        return Err(refusal);
    }
    Ok(())
}

/// What every write ends with: what is not the caller's is restored, defaults are filled in, rules are kept.
fn finish(
    objects: &mut Objects,
    target: &Target,
    before: Option<&Value>,
    mut object: Value,
    writer: &Writer,
    applied: bool,
) -> Result<Written, Refusal> {
    let kind = target.kind;
    keep_what_is_not_theirs(target, before, &mut object);
    if kind.kind == "Namespace" && kind.built_in {
        namespaces::keep(target, before, &mut object);
    }
    if before.is_none() {
        object["metadata"]["uid"] = objects.new_uid();
        object["metadata"]["creationTimestamp"] = json!(second(writer.now));
        if kind.kind == "Namespace" {
            object["spec"]["finalizers"] = json!(["kubernetes"]);
            object["status"] = json!({"phase": "Active"});
        }
    }
    if let Some(custom) = &kind.custom {
        custom.finish(kind, before, &mut object)?;
    } else if kind.built_in && kind.kind == "CustomResourceDefinition" {
        customs::definition::fill_in(&mut object);
        customs::refuse(kind, &object, &customs::definition::check(before, &object))?;
    }
    if kind.built_in && target.subresource != "status" {
        defaults::fill_in(kind, &mut object);
    }
    deleting::refuse_new_finalizers(kind, before, &object)?;
    if kind.built_in && kind.kind == "Event" {
        events::fill_in(&mut object);
    }
    if !applied {
        apply::note_update(kind, before.unwrap_or(&json!({})), &mut object, writer);
    }
    if before.is_none() {
        protection::hold(&kind.resource(), &mut object);
    }
    complete(objects, target, before, &mut object)?;
    webhooks::call(objects, kind, &object, if before.is_some() { "UPDATE" } else { "CREATE" })?;
    if target.subresource != "status" {
        validation::check(kind, before, &object)?;
    }
    policies::admit(objects, kind, before, &object)?;
    if kind.counts_generations() {
        let old = before.map_or(0, |before| before["metadata"]["generation"].as_u64().unwrap_or(0));
        let more = before.is_none_or(|before| generations::differ(kind, before, &object));
        object["metadata"]["generation"] = json!(old + u64::from(more));
    }
    if target.dry_run {
        return Ok(Written::OnTrial(object));
    }
    let name = (target.namespace.to_owned(), target.name.to_owned());
    let version = objects.store.version();
    let stored = objects.store.put(&kind.resource(), &name, object);
    if stored["metadata"]["deletionTimestamp"].is_string()
        && !has_finalizers(&stored)
        && !matches!(kind.kind.as_str(), "Pod" | "Namespace")
    {
        objects.take_out(&kind.resource(), &name);
    }
    let concerns = objects.store.version() != version && concerns_controllers(kind, &stored);
    Ok(if concerns { Written::ForControllers(stored) } else { Written::Quietly(stored) })
}

/// Gives an object what the server gives.
fn complete(objects: &mut Objects, target: &Target, before: Option<&Value>, object: &mut Value) -> Result<(), Refusal> {
    let kind = target.kind;
    if !kind.built_in || target.subresource == "status" {
        return Ok(());
    }
    match kind.kind.as_str() {
        "Service" => addresses::give(objects, kind, before, object),
        "Job" => {
            let causes = generated::select(before, object);
            if causes.is_empty() { Ok(()) } else { Err(Refusal::invalid_for(kind, target.name, &causes)) }
        }
        "Pod" if before.is_none() && object["spec"].is_object() => admission::admit(objects, kind, object),
        _ => Ok(()),
    }
}

/// Whether a controller may have to do something after a write. Most of a chart's objects concern none.
fn concerns_controllers(kind: &Kind, object: &Value) -> bool {
    let metadata = &object["metadata"];
    let is_plain = match kind.kind.as_str() {
        "ScaledObject" => false,
        own => !kind.built_in || matches!(own, "ConfigMap" | "Secret" | "Lease" | "Event"),
    };
    !is_plain || metadata["deletionTimestamp"].is_string() || metadata["ownerReferences"].is_array()
}
