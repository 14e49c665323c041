//! Pure: what an API server says about itself and the kinds that it serves.
use super::kinds::Kind;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const VERBS: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
/// The same for custom resources, in the order in which a real server names them.
const CUSTOM_VERBS: &[&str] = &["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

/// What `kubectl get all` means.
const OF_ALL: &[&str] = &[
    "cronjobs",
    "daemonsets",
    "deployments",
    "horizontalpodautoscalers",
    "jobs",
    "pods",
    "replicasets",
    "replicationcontrollers",
    "services",
    "statefulsets",
];

/// `/version`.
pub(super) fn version(version: &str) -> Value {
    let version = version.trim_start_matches('v');
    let mut parts = version.split('.');
    json!({
        "major": parts.next().unwrap_or("1"), "minor": parts.next().unwrap_or_default(), "gitVersion": format!("v{version}"),
        "gitCommit": "0000000000000000000000000000000000000000", "gitTreeState": "clean", "buildDate": "2026-01-01T00:00:00Z",
        "goVersion": "go1.24.0", "compiler": "gc", "platform": "linux/amd64",
    })
}

/// `/api`.
pub(super) fn core_versions(host: &str) -> Value {
    let addresses = json!([{"clientCIDR": "0.0.0.0/0", "serverAddress": format!("{host}:443")}]);
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses})
}

/// `/apis`.
pub(super) fn groups(kinds: &[Kind]) -> Value {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for kind in kinds.iter().filter(|kind| !kind.group.is_empty()) {
        let versions = found.entry(&kind.group).or_default();
        if !versions.contains(&kind.version.as_str()) {
            versions.push(&kind.version);
        }
    }
    let groups: Vec<Value> = found.into_iter().map(|(name, versions)| group(name, &versions)).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

fn group(name: &str, versions: &[&str]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|version| json!({"groupVersion": format!("{name}/{version}"), "version": version}))
        .collect();
    json!({"name": name, "versions": versions, "preferredVersion": versions.first()})
}

/// `/apis/{group}`; `None` if nothing of that group is served.
pub(super) fn one_group(kinds: &[Kind], name: &str) -> Option<Value> {
    let groups = groups(kinds);
    let mut found = groups["groups"].as_array()?.iter().find(|group| group["name"] == name)?.clone();
    found["kind"] = json!("APIGroup");
    found["apiVersion"] = json!("v1");
    Some(found)
}

/// `/api/v1` and `/apis/{group}/{version}`; `None` if nothing of it is served.
pub(super) fn resources(kinds: &[Kind], group: &str, version: &str) -> Option<Value> {
    let served = kinds.iter().filter(|kind| kind.group == group && kind.version == version);
    let resources: Vec<Value> = served.flat_map(resource).collect();
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let list =
        json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources});
    (!resources.is_empty()).then_some(list)
}

fn resource(kind: &Kind) -> Vec<Value> {
    let mut entries = vec![json!({
        "name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced, "kind": kind.kind,
        "shortNames": kind.short, "verbs": VERBS,
    })];
    if kind.built_in && OF_ALL.contains(&kind.plural.as_str()) {
        entries[0]["categories"] = json!(["all"]);
    }
    if let Some(custom) = &kind.custom {
        entries[0]["verbs"] = json!(CUSTOM_VERBS);
        if !custom.categories.is_empty() {
            entries[0]["categories"] = json!(custom.categories);
        }
    }
    let verbs = ["get", "patch", "update"];
    let subresource = |name: &str, of: &str| json!({"name": format!("{}/{name}", kind.plural), "singularName": "", "namespaced": kind.namespaced, "kind": of, "verbs": verbs});
    if kind.status {
        entries.push(subresource("status", &kind.kind));
    }
    if kind.scale {
        let mut scale = subresource("scale", "Scale");
        scale["group"] = json!("autoscaling");
        scale["version"] = json!("v1");
        entries.push(scale);
    }
    entries
}
