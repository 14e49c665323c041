//! Machines: what they are marked with, and which pods of DaemonSets are for them.
use super::*;

const SETS: &str = "/apis/apps/v1/namespaces/default/daemonsets";

/// A DaemonSet whose pods have this in their specification.
fn set(name: &str, pod: &Value) -> Value {
    let mut object = deployment(name, "agent:1", 1);
    object["kind"] = json!("DaemonSet");
    object["spec"].as_object_mut().unwrap().remove("replicas");
    for (member, value) in pod.as_object().unwrap() {
        object["spec"]["template"]["spec"][member] = value.clone();
    }
    object
}

fn wanted(fleet: &mut Fleet, name: &str, now: Timestamp) -> u64 {
    get(fleet, &format!("{SETS}/{name}"), now)["status"]["desiredNumberScheduled"].as_u64().unwrap()
}

#[test]
fn a_machine_that_is_not_ready_is_for_those_alone_that_bear_it() {
    let mut fleet = fleet(3);
    for (name, pod) in [
        ("plain", json!({})),
        ("early", json!({"tolerations": [{"operator": "Exists"}]})),
        ("windows", json!({"nodeSelector": {"kubernetes.io/os": "windows"}, "tolerations": [{"operator": "Exists"}]})),
    ] {
        let made = call(&mut fleet, "POST", SETS, "application/json", &set(name, &pod).to_string(), began());
        assert_eq!(made.0, 201, "{}", made.1);
    }
    let taints = |fleet: &mut Fleet, now| get(fleet, "/api/v1/nodes", now)["items"][0]["spec"]["taints"].clone();
    let key = "node.kubernetes.io/not-ready";
    let marks = json!([{"key": key, "effect": "NoSchedule"}, {"key": key, "effect": "NoExecute"}]);
    assert_eq!(taints(&mut fleet, at(1)), marks);
    assert_eq!(["plain", "early", "windows"].map(|name| wanted(&mut fleet, name, at(1))), [0, 3, 0]);
    assert_eq!(taints(&mut fleet, at(600)), Value::Null);
    assert_eq!(["plain", "early", "windows"].map(|name| wanted(&mut fleet, name, at(600))), [3, 3, 0]);
}

#[test]
fn a_pod_goes_where_its_affinity_allows() {
    let mut fleet = fleet(3);
    let nodes = get(&mut fleet, "/api/v1/nodes", at(600));
    let third = nodes["items"][2]["metadata"]["name"].as_str().unwrap();
    let term = json!({"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [third]}]});
    let mut object = deployment("web", "web:1", 4);
    object["spec"]["template"]["spec"]["affinity"] =
        json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}});
    call(&mut fleet, "POST", DEPLOYMENTS, "application/json", &object.to_string(), at(600));
    let pods = get(&mut fleet, "/api/v1/namespaces/default/pods", at(700));
    let places: Vec<_> = pods["items"].as_array().unwrap().iter().map(|pod| &pod["spec"]["nodeName"]).collect();
    assert_eq!(places, [third; 4]);
}
