//! Pure: all groups, versions and resources in one answer, as newer clients ask for them.
use super::{entries, versions};
use crate::{Reply, answer::json_text, kubernetes::kinds::Kind};
use serde_json::{Value, json};

const SORT: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// `/api` or `/apis` as an `APIGroupDiscoveryList`.
pub(in crate::kubernetes) fn aggregated(kinds: &[Kind], core: bool) -> Reply {
    let served = if core { [("", vec!["v1"])].into_iter().collect() } else { versions(kinds) };
    let items: Vec<Value> = served.iter().map(|(group, versions)| of_group(kinds, group, versions)).collect();
    let list = json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items,
    });
    let mut reply = json_text(200, list.to_string().into());
    reply.headers_mut().insert("content-type", http::HeaderValue::from_static(SORT));
    reply
}

fn of_group(kinds: &[Kind], group: &str, versions: &[&str]) -> Value {
    let versions: Vec<Value> = versions.iter().map(|version| of_version(kinds, group, version)).collect();
    let metadata = if group.is_empty() {
        json!({"creationTimestamp": null})
    } else {
        json!({"name": group, "creationTimestamp": null})
    };
    json!({"metadata": metadata, "versions": versions})
}

fn of_version(kinds: &[Kind], group: &str, version: &str) -> Value {
    let mut resources: Vec<Value> = vec![];
    for entry in entries(kinds, group, version) {
        let name = entry["name"].as_str().unwrap_or_default();
        let kind = json!({
            "group": entry["group"].as_str().unwrap_or(if name.contains('/') { "" } else { group }),
            "version": entry["version"].as_str().unwrap_or(if name.contains('/') { "" } else { version }),
            "kind": entry["kind"],
        });
        match (name.split_once('/'), resources.last_mut()) {
            (Some((whole, part)), Some(owner)) if owner["resource"] == whole => {
                let part = json!({"subresource": part, "responseKind": kind, "verbs": entry["verbs"]});
                match owner["subresources"].as_array_mut() {
                    Some(parts) => parts.push(part),
                    None => owner["subresources"] = json!([part]),
                }
            }
            _ => resources.push(of_resource(&entry, &kind)),
        }
    }
    json!({"version": version, "resources": resources, "freshness": "Current"})
}

fn of_resource(entry: &Value, kind: &Value) -> Value {
    let scope = if entry["namespaced"] == true { "Namespaced" } else { "Cluster" };
    let mut resource = json!({
        "resource": entry["name"], "responseKind": kind, "scope": scope, "singularResource": entry["singularName"],
        "verbs": entry["verbs"],
    });
    for member in ["shortNames", "categories"] {
        if entry[member].is_array() {
            resource[member] = entry[member].clone();
        }
    }
    resource
}
