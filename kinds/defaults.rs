//! Pure: the defaults that an API server fills in. `defaults/table.txt` has what is the same for every value of a type.
use crate::images::pull_policy;
use crate::{Shape, Type};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::LazyLock;

/// One default: the member, its value, and which other member must have which text.
type Default = (&'static str, Value, Option<(&'static str, &'static str)>);

static TABLE: LazyLock<HashMap<&'static str, Vec<Default>>> = LazyLock::new(|| {
    let (mut table, mut current): (HashMap<_, Vec<_>>, _) = (HashMap::new(), "");
    for line in include_str!("defaults/table.txt").lines() {
        let Some((member, value)) = line.strip_prefix(' ').and_then(|line| line.split_once(' ')) else {
            current = line;
            continue;
        };
        let (value, when) =
            value.split_once(" when ").map_or((value, None), |(value, when)| (value, when.split_once(' ')));
        let value = serde_json::from_str(value).unwrap_or(Value::Null);
        table.entry(current).or_default().push((member, value, when));
    }
    table
});

/// Fills in what the writer of an object of Kubernetes' own left out.
pub fn fill_in(api_version: &str, kind: &str, object: &mut Value) {
    if kind == "Secret" {
        fill_in_secret(object);
    }
    if let Some(of) = Type::of(api_version, kind) {
        if matches!(of.shape(), Shape::Object(members) if members.contains_key("spec")) {
            default(object, "spec", json!({}));
        }
        fill(object, of);
    }
    match kind {
        "Job" => fill_in_job(object),
        "Pod" => fill_in_pod(object),
        "PersistentVolume" => {
            for (name, value) in [("persistentVolumeReclaimPolicy", "Retain"), ("volumeMode", "Filesystem")] {
                default(&mut object["spec"], name, json!(value));
            }
        }
        "StatefulSet" => {
            for claim in list_of(&mut object["spec"], "volumeClaimTemplates") {
                default(claim, "apiVersion", json!("v1"));
                default(claim, "kind", json!("PersistentVolumeClaim"));
            }
        }
        "DaemonSet" => {
            let number = object["metadata"]["generation"].as_u64().unwrap_or(1).to_string();
            let metadata = &mut object["metadata"];
            default(metadata, "annotations", json!({}));
            default(&mut metadata["annotations"], "deprecated.daemonset.template.generation", json!(number));
        }
        _ => {}
    }
}

fn fill(value: &mut Value, of: Type) {
    match (of.shape(), value) {
        (Shape::List(item), Value::Array(items)) if is_composed(item) => {
            items.iter_mut().for_each(|value| fill(value, item));
        }
        (Shape::Map(item), Value::Object(members)) if is_composed(item) => {
            members.values_mut().for_each(|value| fill(value, item));
        }
        (Shape::Object(members), Value::Object(object)) => {
            for (name, value, when) in TABLE.get(of.name()).into_iter().flatten() {
                let holds = when.is_none_or(|(member, text)| object.get(member).is_some_and(|found| found == text));
                if holds && object.get(*name).is_none_or(|value| says_nothing(value, of)) {
                    object.insert((*name).into(), value.clone());
                }
            }
            by_neighbours(object, of.name());
            for (name, value) in object.iter_mut().filter(|(name, _)| !matches!(name.as_str(), "metadata" | "status")) {
                if let Some(member) = members.get(name.as_str()) {
                    fill(value, member.of);
                }
            }
        }
        _ => {}
    }
}

/// Nothing, an empty text, and the zero of the numbers that Go does not tell from nothing.
fn says_nothing(value: &Value, of: Type) -> bool {
    let by_value = matches!(of.name(), "flowcontrol.v1.FlowSchemaSpec" | "flowcontrol.v1.QueuingConfiguration");
    value.is_null() || *value == "" || by_value && *value == 0
}

fn is_composed(of: Type) -> bool {
    matches!(of.shape(), Shape::Object(_) | Shape::List(_) | Shape::Map(_))
}

/// The defaults that follow from other members.
fn by_neighbours(object: &mut Map<String, Value>, of: &str) {
    match of {
        "core.v1.Container" | "core.v1.EphemeralContainer" => {
            let policy = pull_policy(object.get("image").and_then(Value::as_str).unwrap_or_default());
            object.entry("imagePullPolicy").or_insert(json!(policy));
        }
        // Of an image that is mounted.
        "core.v1.ImageVolumeSource" => {
            let policy = pull_policy(object.get("reference").and_then(Value::as_str).unwrap_or_default());
            object.entry("pullPolicy").or_insert(json!(policy));
        }
        "core.v1.ServiceSpec" if object.get("sessionAffinity").is_some_and(|affinity| affinity == "None") => {
            object.shift_remove("sessionAffinityConfig");
        }
        "autoscaling.v2.HorizontalPodAutoscalerBehavior" => fill_in_behaviour(object),
        "core.v1.ServicePort" => {
            let port = object.get("port").cloned().unwrap_or(json!(0));
            if object.get("targetPort").is_none_or(|target| *target == 0 || *target == "") {
                object.insert("targetPort".into(), port);
            }
        }
        "core.v1.Volume" if object.len() < 2 => drop(object.insert("emptyDir".into(), json!({}))),
        "networking.v1.NetworkPolicySpec" => {
            let types = if object.contains_key("egress") { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
            object.entry("policyTypes").or_insert(types);
        }
        "core.v1.PodSpec" => {
            if let Some(name) = object.get("serviceAccountName").or(object.get("serviceAccount")).cloned() {
                object.insert("serviceAccountName".into(), name.clone());
                object.insert("serviceAccount".into(), name);
            }
        }
        _ => {}
    }
}

/// How fast an autoscaler may change a size, in each direction that nobody spoke of.
fn fill_in_behaviour(object: &mut Map<String, Value>) {
    let half = json!({"type": "Percent", "value": 100, "periodSeconds": 15});
    let pods = json!({"type": "Pods", "value": 4, "periodSeconds": 15});
    let up = json!({"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [pods, half]});
    let down = json!({"selectPolicy": "Max", "policies": [half]});
    for (direction, rules) in [("scaleUp", up), ("scaleDown", down)] {
        let own = object.entry(direction).or_insert_with(|| json!({}));
        for (name, value) in rules.as_object().into_iter().flatten() {
            default(own, name, value.clone());
        }
    }
}

fn default(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = object
        && members.get(name).is_none_or(Value::is_null)
    {
        members.insert(name.into(), value);
    }
}

/// A member that is a list; empty if it is none.
fn list_of<'a>(object: &'a mut Value, name: &str) -> &'a mut [Value] {
    object.get_mut(name).and_then(Value::as_array_mut).map_or(&mut [], Vec::as_mut_slice)
}

/// A Job's own defaults, which a CronJob's template has not.
fn fill_in_job(object: &mut Value) {
    let spec = &mut object["spec"];
    if spec["parallelism"].is_null() {
        default(spec, "completions", json!(1));
    }
    let replaced = if spec["podFailurePolicy"].is_object() { "Failed" } else { "TerminatingOrFailed" };
    for (name, value) in [
        ("parallelism", json!(1)),
        ("backoffLimit", json!(6)),
        ("suspend", json!(false)),
        ("completionMode", json!("NonIndexed")),
        ("podReplacementPolicy", json!(replaced)),
        ("manualSelector", json!(false)),
    ] {
        default(spec, name, value);
    }
}

/// A pod's own defaults, which templates have not.
fn fill_in_pod(object: &mut Value) {
    let spec = &mut object["spec"];
    default(spec, "enableServiceLinks", json!(true));
    if spec["hostNetwork"] == true {
        for list in ["containers", "initContainers"] {
            for port in list_of(spec, list).iter_mut().flat_map(|container| list_of(container, "ports")) {
                let number = port["containerPort"].clone();
                default(port, "hostPort", number);
            }
        }
    }
    for list in ["containers", "initContainers"] {
        for container in list_of(spec, list) {
            let limits = container["resources"]["limits"].as_object().cloned().unwrap_or_default();
            if limits.is_empty() {
                continue;
            }
            default(&mut container["resources"], "requests", json!({}));
            for (name, value) in limits {
                default(&mut container["resources"]["requests"], &name, value);
            }
        }
    }
}

fn fill_in_secret(object: &mut Value) {
    let Some(Value::Object(texts)) = object.as_object_mut().and_then(|object| object.shift_remove("stringData")) else {
        return;
    };
    default(object, "data", json!({}));
    let Some(data) = object["data"].as_object_mut() else { return };
    for (name, text) in texts {
        data.insert(name, json!(STANDARD.encode(text.as_str().unwrap_or_default())));
    }
}
