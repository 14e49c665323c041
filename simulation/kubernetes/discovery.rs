//! Pure: what an API server says about itself and the kinds that it serves.
mod aggregated;
mod parts;

pub(super) use aggregated::aggregated;
pub(super) use parts::{is_review, kind_of, kind_of_review, part};

use super::kinds::Kind;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
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
    let (major, minor) = (parts.next().unwrap_or("1"), parts.next().unwrap_or_default());
    let before = minor.parse::<u32>().map_or_else(|_| String::new(), |minor| minor.saturating_sub(1).to_string());
    json!({
        "major": major, "minor": minor, "emulationMajor": major, "emulationMinor": minor,
        "minCompatibilityMajor": major, "minCompatibilityMinor": before, "gitVersion": format!("v{version}"),
        "gitCommit": "0000000000000000000000000000000000000000", "gitTreeState": "clean", "buildDate": "2026-01-01T00:00:00Z",
        "goVersion": "go1.24.0", "compiler": "gc", "platform": "linux/amd64",
    })
}

/// `/api`.
pub(super) fn core_versions(host: &str) -> Value {
    let addresses = json!([{"clientCIDR": "0.0.0.0/0", "serverAddress": format!("{host}:443")}]);
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses})
}

/// The groups that are served, with their versions; the core group is not among them.
fn versions(kinds: &[Kind]) -> BTreeMap<&str, Vec<&str>> {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut all: Vec<(&str, &str)> = parts::groups().collect();
    all.extend(kinds.iter().map(|kind| (kind.group.as_str(), kind.version.as_str())));
    for (group, version) in all.into_iter().filter(|(group, _)| !group.is_empty()) {
        let versions = found.entry(group).or_default();
        if !versions.contains(&version) {
            versions.push(version);
        }
    }
    found
}

/// Each group with each version of it that is served, but the core group.
pub(super) fn served(kinds: &[Kind]) -> Vec<(&str, &str)> {
    versions(kinds).into_iter().flat_map(|(group, all)| all.into_iter().map(move |version| (group, version))).collect()
}

/// Whether anything of a group is served.
pub(super) fn is_served(kinds: &[Kind], group: &str) -> bool {
    kinds.iter().any(|kind| kind.group == group) || parts::groups().any(|(found, _)| found == group)
}

/// `/apis`.
pub(super) fn groups(kinds: &[Kind]) -> Value {
    let groups: Vec<Value> = versions(kinds).into_iter().map(|(name, versions)| group(name, &versions)).collect();
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
    let resources = entries(kinds, group, version);
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let mut list = json!({"kind": "APIResourceList", "groupVersion": group_version, "resources": resources});
    if !group.is_empty() {
        list["apiVersion"] = json!("v1");
    }
    (!resources.is_empty()).then_some(list)
}

/// The resources of a group's version and their parts, by name.
fn entries(kinds: &[Kind], group: &str, version: &str) -> Vec<Value> {
    let served = kinds.iter().filter(|kind| kind.group == group && kind.version == version);
    let mut entries: Vec<Value> = served.flat_map(resource).chain(parts::entries(group, version)).collect();
    let is_own = kinds.iter().any(|kind| kind.built_in && kind.group == group);
    entries.sort_by(|one, other| {
        let [one, other] = [one, other].map(|entry| entry["name"].as_str().unwrap_or_default());
        // The parts of custom resources keep their order: the status, then the scale.
        let plural = |name: &str| name.split('/').next().map(ToOwned::to_owned);
        if is_own { one.cmp(other) } else { plural(one).cmp(&plural(other)) }
    });
    entries
}

fn resource(kind: &Kind) -> Vec<Value> {
    let mut entries = vec![json!({
        "name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced, "kind": kind.kind,
        "verbs": VERBS, "storageVersionHash": storage_hash(kind),
    })];
    if kind.built_in && kind.kind == "Namespace" {
        let verbs: Vec<_> = VERBS.iter().filter(|verb| **verb != "deletecollection").collect();
        entries[0]["verbs"] = json!(verbs);
    }
    if !kind.short.is_empty() {
        entries[0]["shortNames"] = json!(kind.short);
    }
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

/// By which a client sees that a kind is stored in another version than before.
fn storage_hash(kind: &Kind) -> String {
    let (group, version) = match (kind.group.as_str(), kind.kind.as_str()) {
        ("events.k8s.io", "Event") => ("", "v1"),
        ("autoscaling", "HorizontalPodAutoscaler") => ("autoscaling", "v2"),
        (group, _) => (group, kind.version.as_str()),
    };
    STANDARD.encode(&Sha256::digest(format!("{group}/{version}/{}", kind.kind))[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_hashes_are_those_of_a_real_server() {
        let kinds = crate::kubernetes::kinds::built_in();
        let core = resources(&kinds, "", "v1").unwrap();
        let hash = |name: &str| {
            let mut all = core["resources"].as_array().unwrap().iter();
            all.find(|one| one["name"] == name).unwrap()["storageVersionHash"].as_str().unwrap().to_owned()
        };
        assert_eq!((hash("configmaps").as_str(), hash("events").as_str()), ("qFsyl6wFWjQ=", "r2yiGXH7wu8="));
    }
}
