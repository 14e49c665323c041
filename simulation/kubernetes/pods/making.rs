//! Pods as their controllers make and find them.
use crate::kubernetes::{
    admission,
    conditions::{is_owned_by, owned_by},
    events,
    merge::merge_patch,
    names::letters,
    objects::Objects,
    policies,
    store::{Name, Store},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// More pods than this one controller cannot make: the cluster's network has no more addresses.
pub(in crate::kubernetes) const MOST_PODS: u64 = 1000;

/// Makes a pod from its controller's template.
pub(in crate::kubernetes) fn make_pod(
    objects: &mut Objects,
    owner: &Value,
    name: Option<&str>,
    more_labels: &Value,
    node: Option<&str>,
    now: Timestamp,
) {
    let template = &owner["spec"]["template"];
    let namespace = owner["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
    let prefix = owner["metadata"]["name"].as_str().unwrap_or_default();
    let name = name.map_or_else(|| format!("{prefix}-{}", letters(objects.issue(), 5)), ToOwned::to_owned);
    let mut labels = template["metadata"]["labels"].as_object().cloned().unwrap_or_default();
    labels.extend(more_labels.as_object().cloned().unwrap_or_default());
    let mut object = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "generation": 1, "generateName": format!("{prefix}-"), "labels": labels, "ownerReferences": owned_by(owner)},
        "spec": template["spec"], "status": {"phase": "Pending"},
    });
    if template["metadata"]["annotations"].is_object() {
        object["metadata"]["annotations"] = template["metadata"]["annotations"].clone();
    }
    if let Some(node) = node {
        let field = json!([{"key": "metadata.name", "operator": "In", "values": [node]}]);
        let terms = json!({"nodeSelectorTerms": [{"matchFields": field}]});
        let affinity = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}});
        merge_patch(&mut object, &json!({"spec": {"affinity": affinity}}));
    }
    object["metadata"]["namespace"] = json!(namespace);
    admission::furnish(objects, &mut object);
    if let Some(why) = policies::keeps_out(objects, &namespace, &object) {
        let sort = owner["kind"].as_str().unwrap_or_default().to_lowercase();
        // Its name is another each time.
        let why =
            format!("Error creating: {}", why.replace(&format!("{name:?}"), &format!("{:?}", format!("{prefix}-"))));
        return events::tell_once(
            objects,
            owner,
            ("Warning", "FailedCreate", &why),
            &format!("{sort}-controller"),
            now,
        );
    }
    objects.make("pods", &namespace, object, now);
}

/// The machine that a DaemonSet's pod is for.
pub(in crate::kubernetes) fn pinned_to(pod: &Value) -> Option<&str> {
    let terms = &pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    terms["nodeSelectorTerms"][0]["matchFields"][0]["values"][0].as_str()
}

/// Whether this pod gets traffic now.
pub(in crate::kubernetes) fn is_ready(object: &Value) -> bool {
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
        && object["metadata"]["deletionTimestamp"].is_null()
}

/// The pods of a controller: name and object.
pub(in crate::kubernetes) fn pods_of(store: &Store, owner: &Value) -> Vec<(Name, Arc<Value>)> {
    let mine = store.all("pods").filter(|(_, object)| is_owned_by(object, owner));
    mine.map(|(name, object)| (name.clone(), Arc::clone(object))).collect()
}
