//! Pure: the columns of each kind and what stands in them, after Kubernetes' `pkg/printers/internalversion`.
use super::super::kinds::Kind;
use super::ages::age;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The names of a kind's columns; those with a star are printed by `-o wide` alone.
pub(super) fn columns(kind: &Kind) -> &'static str {
    match name_of(kind) {
        "Node" => {
            "Name|Status|Roles|Age|Version|Internal-IP*|External-IP*|OS-Image*|Kernel-Version*|Container-Runtime*"
        }
        "Pod" => "Name|Ready|Status|Restarts|Age|IP*|Node*|Nominated Node*|Readiness Gates*",
        "Deployment" => "Name|Ready|Up-to-date|Available|Age|Containers*|Images*|Selector*",
        "ReplicaSet" => "Name|Desired|Current|Ready|Age|Containers*|Images*|Selector*",
        "DaemonSet" => {
            "Name|Desired|Current|Ready|Up-to-date|Available|Node Selector|Age|Containers*|Images*|Selector*"
        }
        "StatefulSet" => "Name|Ready|Age|Containers*|Images*",
        "Job" => "Name|Status|Completions|Age|Containers*|Images*|Selector*",
        "Service" => "Name|Type|Cluster-IP|External-IP|Port(s)|Age|Selector*",
        "Ingress" => "Name|Class|Hosts|Address|Ports|Age",
        "Namespace" => "Name|Status|Age",
        "ConfigMap" => "Name|Data|Age",
        "Secret" => "Name|Type|Data|Age",
        "CustomResourceDefinition" => "Name|Created At",
        _ => "Name|Age",
    }
}

/// What stands in the columns.
pub(super) fn cells(kind: &Kind, object: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let name = text(&object["metadata"]["name"]);
    let age = age(&object["metadata"]["creationTimestamp"], now);
    let count = |value: &Value| value.as_u64().unwrap_or(0).to_string();
    let of = |ready: &Value, wanted: &Value| format!("{}/{}", count(ready), count(wanted));
    let (containers, images) = containers(&spec["template"]["spec"]);
    let selector = labels(&spec["selector"]["matchLabels"]);
    let cells: Vec<String> = match name_of(kind) {
        "Node" => node(object, name, age),
        "Pod" => pod(object, name, age),
        "Deployment" => {
            let ready = of(&status["readyReplicas"], &spec["replicas"]);
            let (updated, available) = (count(&status["updatedReplicas"]), count(&status["availableReplicas"]));
            vec![name, ready, updated, available, age, containers, images, selector]
        }
        "ReplicaSet" => {
            let counts = [&spec["replicas"], &status["replicas"], &status["readyReplicas"]].map(count);
            [vec![name], counts.to_vec(), vec![age, containers, images, selector]].concat()
        }
        "DaemonSet" => {
            let fields = ["desiredNumberScheduled", "currentNumberScheduled", "numberReady"];
            let counts = fields.into_iter().chain(["updatedNumberScheduled", "numberAvailable"]);
            let counts = counts.map(|field| count(&status[field])).collect();
            let nodes = labels(&spec["template"]["spec"]["nodeSelector"]);
            [vec![name], counts, vec![nodes, age, containers, images, selector]].concat()
        }
        "StatefulSet" => vec![name, of(&status["readyReplicas"], &spec["replicas"]), age, containers, images],
        "Job" => {
            let conditions = status["conditions"].as_array().into_iter().flatten();
            let ended = conditions.filter(|one| one["status"] == "True").map(|one| text(&one["type"])).next_back();
            let done = of(&status["succeeded"], &spec["completions"]);
            vec![name, ended.unwrap_or_else(|| "Running".into()), done, age, containers, images, selector]
        }
        "Service" => service(object, name, age),
        "Ingress" => ingress(object, name, age),
        "Namespace" => vec![name, text(&status["phase"]), age],
        "ConfigMap" => vec![name, (size(&object["data"]) + size(&object["binaryData"])).to_string(), age],
        "Secret" => vec![name, text(&object["type"]), size(&object["data"]).to_string(), age],
        "CustomResourceDefinition" => vec![name, text(&object["metadata"]["creationTimestamp"])],
        _ => vec![name, age],
    };
    cells.into_iter().map(|cell| json!(cell)).collect()
}

/// A kind of somebody's own may have a name that is known: it is none of ours.
fn name_of(kind: &Kind) -> &str {
    if kind.built_in { &kind.kind } else { "" }
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

fn pod(object: &Value, name: String, age: String) -> Vec<String> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let containers = status["containerStatuses"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ready = containers.iter().filter(|one| one["ready"] == true).count();
    let restarts: u64 = containers.iter().filter_map(|one| one["restartCount"].as_u64()).sum();
    let all = spec["containers"].as_array().map_or(0, Vec::len);
    let reason = containers.iter().rev().find_map(|one| {
        let reason = one["state"]["waiting"]["reason"].as_str().or(one["state"]["terminated"]["reason"].as_str());
        reason.map(ToOwned::to_owned)
    });
    let ending = object["metadata"]["deletionTimestamp"].is_string().then(|| "Terminating".to_owned());
    let state = ending.or(reason).unwrap_or_else(|| text(&status["phase"]));
    let ready = format!("{ready}/{all}");
    let (address, node) = (or_none(&status["podIP"]), or_none(&spec["nodeName"]));
    vec![name, ready, state, restarts.to_string(), age, address, node, none(), none()]
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

fn containers(spec: &Value) -> (String, String) {
    let all = |field: &str| {
        let found = spec["containers"].as_array().into_iter().flatten().map(|one| text(&one[field]));
        found.collect::<Vec<_>>().join(",")
    };
    (all("name"), all("image"))
}

fn labels(labels: &Value) -> String {
    let pairs = labels.as_object().into_iter().flatten();
    let pairs: Vec<_> = pairs.map(|(key, value)| format!("{key}={}", text(value))).collect();
    if pairs.is_empty() { none() } else { pairs.join(",") }
}

fn size(value: &Value) -> usize {
    value.as_object().map_or(0, serde_json::Map::len)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn or_none(value: &Value) -> String {
    value.as_str().filter(|text| !text.is_empty()).map_or_else(none, ToOwned::to_owned)
}

fn none() -> String {
    "<none>".into()
}
