//! Pure: what stands in the columns of each kind, after Kubernetes' `pkg/printers/internalversion`.
mod bounds;
mod leads;
mod others;
mod storage;
mod workloads;

use super::super::kinds::Kind;
use super::ages::age;
use jiff::Timestamp;
use serde_json::{Value, json};

/// What stands in the columns.
pub(super) fn cells(kind: &Kind, object: &Value, now: Timestamp) -> Vec<Value> {
    let metadata = &object["metadata"];
    let name = text(&metadata["name"]);
    let age = age(&metadata["creationTimestamp"], now);
    if !kind.built_in {
        return vec![json!(name), json!(age)];
    }
    let found = workloads::cells(kind, object, &name, &age, now)
        .or_else(|| leads::cells(kind, object, &name, &age))
        .or_else(|| bounds::cells(kind, object, &name, &age))
        .or_else(|| storage::cells(kind, object, &name, &age))
        .or_else(|| others::cells(kind, object, &name, &age, now));
    if let Some(cells) = found {
        return cells;
    }
    let texts = match kind.kind.as_str() {
        "Node" => node(object, name, age),
        "Service" => service(object, name, age),
        "Ingress" => ingress(object, name, age),
        "Namespace" => vec![name, text(&object["status"]["phase"]), age],
        "Role" | "ClusterRole" | "CustomResourceDefinition" | "LimitRange" => {
            vec![name, text(&metadata["creationTimestamp"])]
        }
        _ => vec![name, age],
    };
    texts.into_iter().map(Value::from).collect()
}

fn node(object: &Value, name: String, age: String) -> Vec<String> {
    let (status, info) = (&object["status"], &object["status"]["nodeInfo"]);
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let ready = conditions.filter(|one| one["type"] == "Ready").any(|one| one["status"] == "True");
    let mut state = if ready { "Ready" } else { "NotReady" }.to_owned();
    if object["spec"]["unschedulable"] == true {
        state += ",SchedulingDisabled";
    }
    let address = |sort: &str| {
        let all = status["addresses"].as_array().into_iter().flatten();
        all.filter(|one| one["type"] == sort).map(|one| text(&one["address"])).next().unwrap_or_else(none)
    };
    let about = ["osImage", "kernelVersion", "containerRuntimeVersion"].map(|field| text(&info[field]));
    let addresses = ["InternalIP", "ExternalIP"].map(address);
    [vec![name, state, none(), age, text(&info["kubeletVersion"])], addresses.to_vec(), about.to_vec()].concat()
}

fn service(object: &Value, name: String, age: String) -> Vec<String> {
    let spec = &object["spec"];
    let given = object["status"]["loadBalancer"]["ingress"].as_array().into_iter().flatten();
    let given: Vec<_> = given.map(|one| one["ip"].as_str().or(one["hostname"].as_str()).unwrap_or("")).collect();
    let external = match (spec["type"].as_str(), given.is_empty()) {
        (Some("LoadBalancer"), true) => "<pending>".into(),
        (Some("ExternalName"), _) => text(&spec["externalName"]),
        (_, false) => given.join(","),
        (_, true) => none(),
    };
    let ports = spec["ports"].as_array().into_iter().flatten().map(|port| {
        let protocol = port["protocol"].as_str().unwrap_or("TCP");
        match port["nodePort"].as_u64() {
            Some(node) => format!("{}:{node}/{protocol}", port["port"]),
            None => format!("{}/{protocol}", port["port"]),
        }
    });
    let ports = ports.collect::<Vec<_>>().join(",");
    let (sort, address, selector) = (text(&spec["type"]), or_none(&spec["clusterIP"]), labels(&spec["selector"]));
    vec![name, sort, address, external, if ports.is_empty() { none() } else { ports }, age, selector]
}

fn ingress(object: &Value, name: String, age: String) -> Vec<String> {
    let spec = &object["spec"];
    let rules = spec["rules"].as_array().into_iter().flatten();
    let hosts: Vec<_> = rules.map(|rule| rule["host"].as_str().unwrap_or("*")).collect();
    let given = object["status"]["loadBalancer"]["ingress"].as_array().into_iter().flatten();
    let given: Vec<_> = given.filter_map(|one| one["ip"].as_str().or(one["hostname"].as_str())).collect();
    let ports = if spec["tls"].is_array() { "80, 443" } else { "80" };
    let hosts = if hosts.is_empty() { "*".into() } else { hosts.join(",") };
    vec![name, or_none(&spec["ingressClassName"]), hosts, given.join(","), ports.into(), age]
}

pub(super) fn labels(labels: &Value) -> String {
    let pairs = labels.as_object().into_iter().flatten();
    let pairs: Vec<_> = pairs.map(|(key, value)| format!("{key}={}", text(value))).collect();
    if pairs.is_empty() { none() } else { pairs.join(",") }
}

pub(super) fn size(value: &Value) -> usize {
    value.as_object().map_or(0, serde_json::Map::len)
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(super) fn or_none(value: &Value) -> String {
    value.as_str().filter(|text| !text.is_empty()).map_or_else(none, ToOwned::to_owned)
}

pub(super) fn none() -> String {
    "<none>".into()
}
