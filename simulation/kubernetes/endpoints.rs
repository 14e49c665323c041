//! The pods behind a Service, and how they are listed.
use super::{
    objects::Objects,
    pods::is_ready,
    selectors::contains_labels,
    store::{Name, Store},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// A pod whose containers run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub namespace: String,
    pub name: String,
    /// A pod that was made again under the same name is another pod.
    pub uid: String,
    /// Only ready pods get traffic.
    pub ready: bool,
}

/// Whether a Service has a pod that is ready.
pub(super) fn has_ready_pods(store: &Store, namespace: &str, service: &str) -> bool {
    pods_behind(store, namespace, service).any(|(_, pod)| is_ready(pod))
}

/// The pods of a Service that run and were not told to end.
pub(super) fn running_pods(store: &Store, (namespace, service): &Name) -> Vec<Endpoint> {
    let runs = |pod: &Value| pod["status"]["phase"] == "Running" && pod["metadata"]["deletionTimestamp"].is_null();
    let running = pods_behind(store, namespace, service).filter(|(_, pod)| runs(pod));
    let endpoint = |((namespace, name), pod): (&Name, &Arc<Value>)| Endpoint {
        namespace: namespace.clone(),
        name: name.clone(),
        uid: pod["metadata"]["uid"].as_str().unwrap_or_default().to_owned(),
        ready: is_ready(pod),
    };
    running.map(endpoint).collect()
}

fn pods_behind<'store>(
    store: &'store Store,
    namespace: &str,
    service: &str,
) -> impl Iterator<Item = (&'store Name, &'store Arc<Value>)> {
    let service = store.get("services", namespace, service);
    let wanted = service.and_then(|service| service["spec"]["selector"].as_object());
    let wanted = wanted.filter(|wanted| !wanted.is_empty());
    let pods = wanted.map(|wanted| (wanted, store.all("pods"))).into_iter();
    pods.flat_map(move |(wanted, pods)| {
        pods.filter(move |((space, _), pod)| space == namespace && matches(pod, wanted))
    })
}

/// Lists the endpoints of a Service.
pub(super) fn list(objects: &mut Objects, name: &Name, service: &Value, now: Timestamp) {
    let Some(wanted) = service["spec"]["selector"].as_object().filter(|wanted| !wanted.is_empty()) else { return };
    let (mut ready, mut waiting) = (vec![], vec![]);
    for ((_, pod_name), pod) in
        objects.store.all("pods").filter(|((space, _), pod)| *space == name.0 && matches(pod, wanted))
    {
        if pod["status"]["podIP"].is_null() || pod["status"]["phase"] == "Succeeded" {
            continue;
        }
        let target = json!({"kind": "Pod", "namespace": name.0, "name": pod_name, "uid": pod["metadata"]["uid"]});
        let address = json!({"ip": pod["status"]["podIP"], "nodeName": pod["spec"]["nodeName"], "targetRef": target});
        if is_ready(pod) { ready.push(address) } else { waiting.push(address) }
    }
    let ports = service["spec"]["ports"].as_array().into_iter().flatten();
    let ports: Vec<Value> = ports
        .map(|port| {
            let number = if port["targetPort"].is_u64() { &port["targetPort"] } else { &port["port"] };
            let mut shown = json!({"port": number, "protocol": port["protocol"]});
            if port["name"].is_string() {
                shown["name"] = port["name"].clone();
            }
            shown
        })
        .collect();
    let mut subset = Map::new();
    for (field, list) in [("addresses", ready), ("notReadyAddresses", waiting)] {
        if !list.is_empty() {
            subset.insert(field.into(), json!(list));
        }
    }
    let subsets = if subset.is_empty() {
        json!([])
    } else {
        subset.insert("ports".into(), json!(ports));
        json!([subset])
    };
    match objects.store.get("endpoints", &name.0, &name.1).cloned() {
        None => {
            let object = json!({
                "apiVersion": "v1", "kind": "Endpoints",
                "metadata": {"name": name.1, "labels": service["metadata"]["labels"], "ownerReferences": [{
                    "apiVersion": "v1", "kind": "Service", "name": name.1, "uid": service["metadata"]["uid"]}]},
                "subsets": subsets,
            });
            objects.make("endpoints", &name.0, object, now);
        }
        Some(found) if found["subsets"] == subsets => {}
        Some(found) => {
            let mut updated = (*found).clone();
            updated["subsets"] = subsets;
            objects.store.put("endpoints", name, updated);
        }
    }
}

fn matches(pod: &Value, wanted: &Map<String, Value>) -> bool {
    pod["metadata"]["labels"].as_object().is_some_and(|labels| contains_labels(labels, wanted))
}
