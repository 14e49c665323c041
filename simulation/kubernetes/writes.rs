//! Creating, changing and deleting objects: one path that every write takes.
use super::{
    admission,
    apply::{self, Writer},
    conditions::has_finalizers,
    kinds::Kind,
    moments::second,
    names::letters,
    refusal::Refusal,
    server::Server,
    view::{scale_of, shown},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What a write is about.
pub(super) struct Target<'a> {
    pub kind: &'a Kind,
    pub namespace: &'a str,
    /// Empty for a create.
    pub name: &'a str,
    pub subresource: &'a str,
    pub dry_run: bool,
}

const MODIFIED: &str = "the object has been modified; please apply your changes to the latest version and try again";

impl Server {
    pub(super) fn find(&self, target: &Target) -> Result<Arc<Value>, Refusal> {
        let found = self.store.get(&target.kind.resource(), target.namespace, target.name);
        found.cloned().ok_or_else(|| Refusal::not_found(target.kind, target.name))
    }

    pub(super) fn create(&mut self, target: &Target, mut object: Value, writer: &Writer) -> Result<Value, Refusal> {
        let kind = target.kind;
        well_formed(target, &object)?;
        if object["metadata"]["name"].as_str().is_none_or(str::is_empty)
            && let Some(prefix) = object["metadata"]["generateName"].as_str().map(ToOwned::to_owned)
        {
            object["metadata"]["name"] = json!(format!("{prefix}{}", letters(self.issue(), 5)));
        }
        if object["metadata"]["resourceVersion"].as_str().is_some_and(|version| !version.is_empty()) {
            return Err(Refusal::bad_request("resourceVersion should not be set on objects to be created"));
        }
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        self.admit_to_namespace(kind, target.namespace, &name)?;
        if self.store.get(&kind.resource(), target.namespace, &name).is_some() {
            return Err(Refusal::already_exists(kind, &name));
        }
        self.finish(&Target { name: &name, ..*target }, None, object, writer, false)
    }

    pub(super) fn replace(&mut self, target: &Target, object: Value, writer: &Writer) -> Result<Value, Refusal> {
        well_formed(target, &object)?;
        self.change(target, writer, |_| Ok(object))
    }

    /// A write that begins with what is there.
    pub(super) fn change(
        &mut self,
        target: &Target,
        writer: &Writer,
        edit: impl FnOnce(&Value) -> Result<Value, Refusal>,
    ) -> Result<Value, Refusal> {
        let live = self.find(target)?;
        let base = if target.subresource == "scale" { scale_of(&live) } else { (*live).clone() };
        let edited = edit(&base)?;
        well_formed(target, &edited)?;
        let name = &edited["metadata"]["name"];
        if !edited.is_object() || !edited["metadata"].is_object() || name != target.name {
            return Err(Refusal::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({})",
                target.name
            )));
        }
        let based_on = edited["metadata"]["resourceVersion"].as_str().unwrap_or_default();
        if !based_on.is_empty() && live["metadata"]["resourceVersion"] != based_on {
            return Err(Refusal::conflict(target.kind, target.name, MODIFIED));
        }
        if edited["metadata"]["uid"].as_str().is_some_and(|uid| live["metadata"]["uid"] != uid) {
            let why = format!(
                "Precondition failed: UID in precondition: {}, UID in object meta: {}",
                edited["metadata"]["uid"], live["metadata"]["uid"]
            );
            return Err(Refusal::conflict(target.kind, target.name, &why));
        }
        let object = if target.subresource == "scale" {
            let mut object = (*live).clone();
            object["spec"]["replicas"] = edited["spec"]["replicas"].as_u64().map_or(json!(0), |count| json!(count));
            object
        } else {
            edited
        };
        self.finish(target, Some(&live), object, writer, false)
    }

    /// A server-side apply. Says whether the object is new.
    pub(super) fn apply_call(
        &mut self,
        target: &Target,
        mut wanted: Value,
        writer: &Writer,
        force: bool,
    ) -> Result<(Value, bool), Refusal> {
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
        let live = self.find(target).ok();
        if live.is_none() {
            if !target.subresource.is_empty() {
                return Err(Refusal::not_found(kind, target.name));
            }
            self.admit_to_namespace(kind, target.namespace, target.name)?;
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
        Ok((self.finish(target, live.as_deref(), merged, writer, true)?, live.is_none()))
    }

    fn admit_to_namespace(&self, kind: &Kind, namespace: &str, name: &str) -> Result<(), Refusal> {
        if !kind.namespaced {
            return Ok(());
        }
        let spaces = self.kind_of("namespaces").ok_or_else(Refusal::no_such_resource)?;
        let space = self.store.get("namespaces", "", namespace).ok_or_else(|| Refusal::not_found(spaces, namespace))?;
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

    fn finish(
        &mut self,
        target: &Target,
        before: Option<&Value>,
        mut object: Value,
        writer: &Writer,
        applied: bool,
    ) -> Result<Value, Refusal> {
        let kind = target.kind;
        keep_what_is_not_theirs(target, before, &mut object);
        if before.is_none() {
            object["metadata"]["uid"] = self.new_uid();
            object["metadata"]["creationTimestamp"] = json!(second(writer.now));
            if kind.kind == "Namespace" {
                object["spec"]["finalizers"] = json!(["kubernetes"]);
                object["metadata"]["labels"]["kubernetes.io/metadata.name"] = json!(target.name);
                object["status"] = json!({"phase": "Active"});
            }
            if kind.kind == "Pod" {
                object["status"] = json!({"phase": "Pending"});
            }
        }
        admission::fill_in(kind, &mut object);
        if kind.kind == "Service" {
            self.give_cluster_address(&mut object);
        }
        admission::check(kind, before, &object)?;
        if kind.counts_generations() {
            let old = before.map_or(0, |before| before["metadata"]["generation"].as_u64().unwrap_or(0));
            let more = before.is_none_or(|before| admission::desired_differs(kind, before, &object));
            object["metadata"]["generation"] = json!(old + u64::from(more));
        }
        if !applied {
            apply::note_update(kind, before.unwrap_or(&json!({})), &mut object, writer);
        }
        if target.dry_run {
            return Ok(object);
        }
        let name = (target.namespace.to_owned(), target.name.to_owned());
        let version = self.store.version();
        let stored = self.store.put(&kind.resource(), &name, object);
        if stored["metadata"]["deletionTimestamp"].is_string()
            && !has_finalizers(&stored)
            && !matches!(kind.kind.as_str(), "Pod" | "Namespace")
        {
            self.drop_object(&kind.resource(), &name);
        }
        if self.store.version() != version && concerns_controllers(kind, &stored) {
            self.settle(writer.now);
        }
        let stored = self.store.get(&kind.resource(), target.namespace, target.name).unwrap_or(&stored);
        Ok((**stored).clone())
    }

    /// Deletes an object; the answer is the object while it lingers, else a `Status`.
    pub(super) fn delete(&mut self, target: &Target, options: &Value, now: Timestamp) -> Result<Value, Refusal> {
        let kind = target.kind;
        let live = self.find(target)?;
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
                let finalizers =
                    object["metadata"]["finalizers"].as_array_mut().map(std::mem::take).unwrap_or_default();
                object["metadata"]["finalizers"] =
                    finalizers.into_iter().chain([json!("foregroundDeletion")]).collect();
            }
            Some("Orphan") => self.orphan(&live),
            _ => {}
        }
        let at_once = options["gracePeriodSeconds"] == 0;
        let lingers = has_finalizers(&object) || kind.kind == "Namespace" || kind.kind == "Pod" && !at_once;
        if !lingers {
            self.drop_object(&kind.resource(), &name);
            self.settle(now);
            return Ok(success);
        }
        if object["metadata"]["deletionTimestamp"].is_null() {
            object["metadata"]["deletionTimestamp"] = json!(second(now));
            object["metadata"]["deletionGracePeriodSeconds"] = json!(if kind.kind == "Pod" { 30 } else { 0 });
            if kind.kind == "Namespace" {
                object["status"] = json!({"phase": "Terminating"});
            }
        }
        let stored = self.store.put(&kind.resource(), &name, object);
        self.settle(now);
        Ok(shown(kind, &stored))
    }

    /// Applies an object as server-side apply with force does, for setting a world up. Namespaces are made when missing.
    ///
    /// # Errors
    /// When the API server would refuse it, or does not know its kind.
    pub fn apply(&mut self, object: &Value, now: Timestamp) -> Result<Value, Refusal> {
        self.advance(now);
        let version = object["apiVersion"].as_str().unwrap_or_default();
        let found =
            self.kinds.iter().find(|kind| kind.api_version() == version && object["kind"] == kind.kind.as_str());
        let kind = found.cloned().ok_or_else(Refusal::no_such_resource)?;
        let namespace =
            if kind.namespaced { object["metadata"]["namespace"].as_str().unwrap_or("default") } else { "" };
        if kind.namespaced && self.store.get("namespaces", "", namespace).is_none() {
            self.apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}), now)?;
        }
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let target = Target { kind: &kind, namespace, name, subresource: "", dry_run: false };
        let writer = Writer { manager: "kubectl", subresource: "", now };
        self.apply_call(&target, object.clone(), &writer, true).map(|(object, _)| object)
    }
}

/// Whether a controller may have to do something after a write. Most of a chart's objects concern none.
fn concerns_controllers(kind: &Kind, object: &Value) -> bool {
    let metadata = &object["metadata"];
    let is_plain =
        !kind.built_in || matches!(kind.kind.as_str(), "ConfigMap" | "Secret" | "Lease" | "Event" | "Ingress");
    !is_plain || metadata["deletionTimestamp"].is_string() || metadata["ownerReferences"].is_array()
}

fn well_formed(target: &Target, object: &Value) -> Result<(), Refusal> {
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

/// Restores what the caller may not change: identity, times, and the other half of spec and status.
fn keep_what_is_not_theirs(target: &Target, before: Option<&Value>, object: &mut Value) {
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
