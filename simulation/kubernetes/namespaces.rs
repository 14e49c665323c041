//! Namespaces: what each has from its beginning, and how it ends with all that is in it.
use super::{
    conditions::{has_finalizers, set_condition},
    objects::Objects,
    store::Name,
    writes::Target,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Empties namespaces that end, and furnishes the others.
pub(super) fn run(objects: &mut Objects, now: Timestamp) {
    for ((_, space), object) in objects.store.copy("namespaces") {
        if object["metadata"]["deletionTimestamp"].is_null() {
            furnish(objects, &space, now);
            continue;
        }
        let inside: Vec<(String, Name, Arc<Value>)> = objects
            .store
            .everything()
            .filter(|(_, (namespace, _), _)| *namespace == space)
            .map(|(resource, name, object)| (resource.clone(), name.clone(), Arc::clone(object)))
            .collect();
        for (resource, name, object) in &inside {
            objects.let_go(resource, name, object, now);
        }
        let freed = object["spec"]["finalizers"].as_array().is_none_or(Vec::is_empty);
        if inside.is_empty() && has_finalizers(&object) {
            continue;
        }
        if inside.is_empty() || freed {
            objects.take_out("namespaces", &(String::new(), space));
        } else {
            show(objects, &space, &object, now);
        }
    }
}

/// Says in a namespace's status what still holds it.
fn show(objects: &mut Objects, space: &str, object: &Value, now: Timestamp) {
    let (mut kinds, mut holders): (BTreeMap<String, usize>, BTreeMap<String, usize>) = Default::default();
    for (resource, _, object) in objects.store.everything().filter(|(_, (own, _), _)| own == space) {
        let resource = if resource.contains('.') { resource.clone() } else { format!("{resource}.") };
        *kinds.entry(resource).or_default() += 1;
        for finalizer in object["metadata"]["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            *holders.entry(finalizer.to_owned()).or_default() += 1;
        }
    }
    let counted = |found: &BTreeMap<String, usize>, middle: &str| {
        found
            .iter()
            .map(|(name, count)| format!("{name} {middle} {count} resource instances"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut status = object["status"].clone();
    for (sort, reason, message) in [
        ("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        (
            "NamespaceDeletionContentFailure",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
    ] {
        set_condition(&mut status, sort, "False", reason, message, now);
    }
    let kinds = format!("Some resources are remaining: {}", counted(&kinds, "has"));
    set_condition(&mut status, "NamespaceContentRemaining", "True", "SomeResourcesRemain", &kinds, now);
    let (value, reason, message) = if holders.is_empty() {
        ("False", "ContentHasNoFinalizers", "All content-preserving finalizers finished".into())
    } else {
        let message = format!("Some content in the namespace has finalizers remaining: {}", counted(&holders, "in"));
        ("True", "SomeFinalizersRemain", message)
    };
    set_condition(&mut status, "NamespaceFinalizersRemaining", value, reason, &message, now);
    objects.store.put_status("namespaces", &(String::new(), space.into()), object, status);
}

/// Keeps what of a namespace is not its writers': its name as a label, and at `/finalize` all but the finalizers.
pub(super) fn keep(target: &Target, before: Option<&Value>, object: &mut Value) {
    if let (Some(before), "finalize") = (before, target.subresource) {
        let finalizers = object["spec"]["finalizers"].clone();
        *object = before.clone();
        object["spec"]["finalizers"] = finalizers;
    } else if let Some(before) = before.filter(|before| before["spec"]["finalizers"].is_array()) {
        object["spec"]["finalizers"] = before["spec"]["finalizers"].clone();
    }
    if !object["metadata"]["labels"].is_object() {
        object["metadata"]["labels"] = json!({});
    }
    object["metadata"]["labels"]["kubernetes.io/metadata.name"] = json!(target.name);
}

/// Every namespace has these two objects, which no one asked for.
fn furnish(objects: &mut Objects, space: &str, now: Timestamp) {
    if objects.store.get("serviceaccounts", space, "default").is_some()
        && objects.store.get("configmaps", space, "kube-root-ca.crt").is_some()
    {
        return;
    }
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
    objects.make_if_missing("serviceaccounts", space, account, now);
    let certificate = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kube-root-ca.crt"}, "data": {"ca.crt": ""}});
    objects.make_if_missing("configmaps", space, certificate, now);
}
