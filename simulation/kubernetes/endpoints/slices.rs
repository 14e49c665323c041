//! EndpointSlices: the pods behind a Service in the newer form, and those of the server itself in both.
use super::Group;
use crate::kubernetes::{names::hash, names::letters, objects::Objects, store::Name};
use jiff::Timestamp;
use serde_json::{Value, json};

const SLICES: &str = "endpointslices.discovery.k8s.io";
const OF: &str = "kubernetes.io/service-name";

/// Brings the slices of a Service to what they shall be: one for each set of ports, and an empty one where no pod is.
pub(super) fn show(objects: &mut Objects, name: &Name, service: &Value, groups: &[Group], now: Timestamp) {
    let empty = Group { ports: vec![], ready: vec![], waiting: vec![] };
    let groups: Vec<&Group> = if groups.is_empty() { vec![&empty] } else { groups.iter().collect() };
    let mut kept = vec![];
    for group in groups {
        let number = hash(format!("{}{}", service["metadata"]["uid"], json!(group.ports)).as_bytes());
        let own = format!("{}-{}", name.1, letters(number, 5));
        let ends = ends(group);
        match objects.store.get(SLICES, &name.0, &own).cloned() {
            None => drop(objects.make(SLICES, &name.0, slice(&own, name, service, group, &ends), now)),
            Some(found) if found["endpoints"].as_array() == Some(&ends) => {}
            Some(found) => {
                let mut slice = (*found).clone();
                slice["endpoints"] = json!(ends);
                slice["metadata"]["generation"] = json!(slice["metadata"]["generation"].as_u64().unwrap_or(1) + 1);
                objects.store.put(SLICES, &(name.0.clone(), own.clone()), slice);
            }
        }
        kept.push(own);
    }
    let uid = &service["metadata"]["uid"];
    let old: Vec<Name> = objects
        .store
        .all(SLICES)
        .filter(|((space, own), slice)| {
            *space == name.0 && slice["metadata"]["ownerReferences"][0]["uid"] == *uid && !kept.contains(own)
        })
        .map(|(name, _)| name.clone())
        .collect();
    for name in old {
        objects.store.remove(SLICES, &name);
    }
}

fn ends(group: &Group) -> Vec<Value> {
    let end = |address: &Value, ready: bool| {
        json!({
            "addresses": [address["ip"]], "nodeName": address["nodeName"], "targetRef": address["targetRef"],
            "conditions": {"ready": ready, "serving": ready, "terminating": false},
        })
    };
    let ready = group.ready.iter().map(|address| end(address, true));
    ready.chain(group.waiting.iter().map(|address| end(address, false))).collect()
}

fn slice(own: &str, name: &Name, service: &Value, group: &Group, ends: &[Value]) -> Value {
    let mut labels = service["metadata"]["labels"].as_object().cloned().unwrap_or_default();
    labels.insert("endpointslice.kubernetes.io/managed-by".into(), json!("endpointslice-controller.k8s.io"));
    labels.insert(OF.into(), json!(name.1));
    let ports: Vec<Value> = group
        .ports
        .iter()
        .map(|port| {
            let mut port = port.clone();
            if port["name"].is_null() {
                port["name"] = json!("");
            }
            port
        })
        .collect();
    json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {
            "name": own, "generateName": format!("{}-", name.1), "generation": 1, "labels": labels,
            "ownerReferences": [{"apiVersion": "v1", "kind": "Service", "name": name.1, "uid": service["metadata"]["uid"],
                                 "controller": true, "blockOwnerDeletion": true}],
        },
        "endpoints": ends, "ports": ports,
    })
}

/// Where the server itself is found from within its cluster.
pub(in crate::kubernetes) fn of_server(host: &str) -> [Value; 2] {
    let number = hash(format!("{host} address").as_bytes());
    let address = format!("20.{}.{}.{}", 40 + number % 100, number / 256 % 254 + 1, number / 65_536 % 254 + 1);
    let ports = json!([{"name": "https", "port": 443, "protocol": "TCP"}]);
    let old = json!({
        "apiVersion": "v1", "kind": "Endpoints",
        "metadata": {"name": "kubernetes", "namespace": "default",
                     "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
        "subsets": [{"addresses": [{"ip": address}], "ports": ports}],
    });
    let slice = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": "kubernetes", "namespace": "default", "generation": 1, "labels": {OF: "kubernetes"}},
        "endpoints": [{"addresses": [address], "conditions": {"ready": true}}], "ports": ports,
    });
    [old, slice]
}
