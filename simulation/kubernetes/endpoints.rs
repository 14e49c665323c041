//! The pods behind a Service, and how they are listed.
mod slices;

pub(super) use slices::of_server;

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

/// The pods that a Service selects.
pub(super) fn pods_behind<'store>(
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

/// Lists the endpoints of a Service, in the older form and in the newer.
pub(super) fn list(objects: &mut Objects, name: &Name, service: &Value, now: Timestamp) {
    let Some(wanted) = service["spec"]["selector"].as_object().filter(|wanted| !wanted.is_empty()) else { return };
    let mut groups: Vec<Group> = vec![];
    let pods = objects.store.all("pods").filter(|((space, _), pod)| *space == name.0 && matches(pod, wanted));
    for ((_, pod_name), pod) in pods {
        let over = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
        let ports = ports_of(service, pod);
        let none = ports.is_empty() && service["spec"]["ports"].as_array().is_some_and(|ports| !ports.is_empty());
        if pod["status"]["podIP"].is_null() || over || none {
            continue;
        }
        let at = groups.iter().position(|group| group.ports == ports).unwrap_or_else(|| {
            groups.push(Group { ports, ready: vec![], waiting: vec![] });
            groups.len() - 1
        });
        let target = json!({"kind": "Pod", "namespace": name.0, "name": pod_name, "uid": pod["metadata"]["uid"]});
        let address = json!({"ip": pod["status"]["podIP"], "nodeName": pod["spec"]["nodeName"], "targetRef": target});
        let ready = is_ready(pod) || service["spec"]["publishNotReadyAddresses"] == true;
        if ready { groups[at].ready.push(address) } else { groups[at].waiting.push(address) }
    }
    slices::show(objects, name, service, &groups, now);
    let subsets: Vec<Value> = groups.iter().map(Group::subset).collect();
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
        Some(found) if found["subsets"].as_array() == Some(&subsets) => {}
        Some(found) => {
            let mut updated = (*found).clone();
            updated["subsets"] = json!(subsets);
            objects.store.put("endpoints", name, updated);
        }
    }
}

/// Pods that listen on the same numbers.
struct Group {
    ports: Vec<Value>,
    ready: Vec<Value>,
    waiting: Vec<Value>,
}

impl Group {
    fn subset(&self) -> Value {
        let mut subset = Map::new();
        for (field, list) in [("addresses", &self.ready), ("notReadyAddresses", &self.waiting), ("ports", &self.ports)]
        {
            if !list.is_empty() {
                subset.insert(field.into(), json!(list));
            }
        }
        Value::Object(subset)
    }
}

/// The ports of a Service on one of its pods: a name is looked up in the pod's containers, and left out where none has it.
fn ports_of(service: &Value, pod: &Value) -> Vec<Value> {
    let ports = service["spec"]["ports"].as_array().into_iter().flatten();
    let found = ports.filter_map(|port| {
        let target = &port["targetPort"];
        let number = match target.as_str() {
            Some(name) => port_named(pod, name, port["protocol"].as_str().unwrap_or("TCP"))?,
            None if target.is_u64() => target.clone(),
            None => port["port"].clone(),
        };
        let mut shown = json!({"port": number, "protocol": port["protocol"]});
        for member in ["name", "appProtocol"] {
            if port[member].is_string() {
                shown[member] = port[member].clone();
            }
        }
        Some(shown)
    });
    found.collect()
}

fn port_named(pod: &Value, name: &str, protocol: &str) -> Option<Value> {
    let lists = ["containers", "initContainers"].map(|list| pod["spec"][list].as_array());
    let containers = lists.into_iter().flatten().flatten();
    let mut ports = containers.flat_map(|container| container["ports"].as_array().into_iter().flatten());
    let found = ports.find(|port| port["name"] == name && port["protocol"].as_str().unwrap_or("TCP") == protocol)?;
    Some(found["containerPort"].clone())
}

fn matches(pod: &Value, wanted: &Map<String, Value>) -> bool {
    pod["metadata"]["labels"].as_object().is_some_and(|labels| contains_labels(labels, wanted))
}
