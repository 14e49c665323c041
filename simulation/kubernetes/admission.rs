//! Pure: the defaults that an API server fills in.
use super::kinds::Kind;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

/// Fills in what charts and readers rely on.
pub(super) fn fill_in(kind: &Kind, object: &mut Value) {
    if !kind.built_in {
        return;
    }
    match kind.kind.as_str() {
        "Deployment" => {
            let spec = &mut object["spec"];
            default(spec, "replicas", json!(1));
            default(spec, "strategy", json!({"type": "RollingUpdate"}));
            if spec["strategy"]["type"] == "RollingUpdate" {
                default(&mut spec["strategy"], "rollingUpdate", json!({}));
                default(&mut spec["strategy"]["rollingUpdate"], "maxUnavailable", json!("25%"));
                default(&mut spec["strategy"]["rollingUpdate"], "maxSurge", json!("25%"));
            }
            default(spec, "revisionHistoryLimit", json!(10));
            default(spec, "progressDeadlineSeconds", json!(600));
        }
        "StatefulSet" => {
            let spec = &mut object["spec"];
            default(spec, "replicas", json!(1));
            default(spec, "podManagementPolicy", json!("OrderedReady"));
            default(spec, "updateStrategy", json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}));
            default(spec, "revisionHistoryLimit", json!(10));
        }
        "DaemonSet" => {
            let strategy = json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}});
            default(&mut object["spec"], "updateStrategy", strategy);
            default(&mut object["spec"], "revisionHistoryLimit", json!(10));
        }
        "ReplicaSet" => default(&mut object["spec"], "replicas", json!(1)),
        "Job" => {
            for (name, value) in [
                ("completions", json!(1)),
                ("parallelism", json!(1)),
                ("backoffLimit", json!(6)),
                ("suspend", json!(false)),
            ] {
                default(&mut object["spec"], name, value);
            }
        }
        "Service" => fill_in_service(object),
        "Secret" => fill_in_secret(object),
        "PersistentVolumeClaim" => default(object, "status", json!({"phase": "Bound"})),
        "Ingress" => default(object, "status", json!({"loadBalancer": {}})),
        _ => {}
    }
    if kind.kind == "Pod" {
        fill_in_pod(&mut object["spec"]);
    } else if object["spec"]["template"]["spec"].is_object() {
        fill_in_pod(&mut object["spec"]["template"]["spec"]);
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
pub(super) fn list_of<'a>(object: &'a mut Value, name: &str) -> &'a mut [Value] {
    object.get_mut(name).and_then(Value::as_array_mut).map_or(&mut [], Vec::as_mut_slice)
}

fn fill_in_service(object: &mut Value) {
    let spec = &mut object["spec"];
    default(spec, "type", json!("ClusterIP"));
    default(spec, "sessionAffinity", json!("None"));
    for port in list_of(spec, "ports") {
        default(port, "protocol", json!("TCP"));
        let target = port["port"].clone();
        default(port, "targetPort", target);
    }
    default(object, "status", json!({"loadBalancer": {}}));
}

fn fill_in_secret(object: &mut Value) {
    default(object, "type", json!("Opaque"));
    let Some(Value::Object(texts)) = object.as_object_mut().and_then(|object| object.shift_remove("stringData")) else {
        return;
    };
    default(object, "data", json!({}));
    let Some(data) = object["data"].as_object_mut() else { return };
    for (name, text) in texts {
        data.insert(name, json!(STANDARD.encode(text.as_str().unwrap_or_default())));
    }
}

fn fill_in_pod(spec: &mut Value) {
    for (name, value) in [
        ("restartPolicy", json!("Always")),
        ("terminationGracePeriodSeconds", json!(30)),
        ("dnsPolicy", json!("ClusterFirst")),
        ("securityContext", json!({})),
        ("schedulerName", json!("default-scheduler")),
    ] {
        default(spec, name, value);
    }
    for list in ["containers", "initContainers"] {
        for container in list_of(spec, list).iter_mut().filter(|container| container.is_object()) {
            let latest =
                container["image"].as_str().is_some_and(|image| image.ends_with(":latest") || !image.contains(':'));
            default(container, "imagePullPolicy", json!(if latest { "Always" } else { "IfNotPresent" }));
            default(container, "resources", json!({}));
            default(container, "terminationMessagePath", json!("/dev/termination-log"));
            default(container, "terminationMessagePolicy", json!("File"));
            for port in list_of(container, "ports") {
                default(port, "protocol", json!("TCP"));
            }
        }
    }
}

/// Whether an object's desired state differs: what `metadata.generation` counts.
pub(super) fn desired_differs(kind: &Kind, before: &Value, after: &Value) -> bool {
    let nothing = Map::new();
    let desired = |object: &Value| -> Map<String, Value> {
        let members = object.as_object().unwrap_or(&nothing).iter();
        members
            .filter(|(name, _)| *name != "metadata" && (*name != "status" || !kind.status))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    desired(before) != desired(after)
}
