//! Namespaces: what each has from its beginning, and how it ends with all that is in it.
use super::{objects::Objects, store::Name};
use jiff::Timestamp;
use serde_json::{Value, json};
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
        if inside.is_empty() {
            objects.take_out("namespaces", &(String::new(), space));
        }
    }
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
