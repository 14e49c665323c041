//! What admission makes of a pod: its ServiceAccount with the token, its priority, how long it bears a lost node.
use super::{
    defaults::list_of,
    kinds::Kind,
    names::{hash, letters},
    objects::Objects,
    refusal::Refusal,
};
use serde_json::{Value, json};

const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const LOST: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
/// So many seconds a pod bears it that its node is lost.
const BORNE: u64 = 300;

/// Admits a pod that a caller creates.
pub(super) fn admit(objects: &Objects, kind: &Kind, pod: &mut Value) -> Result<(), Refusal> {
    let text = |value: &Value, other: &str| value.as_str().unwrap_or(other).to_owned();
    let (metadata, spec) = (&pod["metadata"], &pod["spec"]);
    let (name, namespace) = (text(&metadata["name"], ""), text(&metadata["namespace"], ""));
    let account = text(&spec["serviceAccountName"], "default");
    if objects.store.get("serviceaccounts", &namespace, &account).is_none() {
        let why =
            format!("error looking up service account {namespace}/{account}: serviceaccount {account:?} not found");
        return Err(Refusal::forbidden(kind, &name, &why));
    }
    if let Some(class) = spec["priorityClassName"].as_str().filter(|class| !class.is_empty())
        && objects.store.get("priorityclasses.scheduling.k8s.io", "", class).is_none()
    {
        return Err(Refusal::forbidden(kind, &name, &format!("no PriorityClass with name {class} was found")));
    }
    furnish(objects, pod);
    Ok(())
}

/// Gives a new pod what no template has.
pub(super) fn furnish(objects: &Objects, pod: &mut Value) {
    let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
    let name = pod["spec"]["serviceAccountName"].as_str().unwrap_or("default").to_owned();
    let account = objects.store.get("serviceaccounts", &namespace, &name).cloned();
    for member in ["serviceAccountName", "serviceAccount"] {
        pod["spec"][member] = json!(name);
    }
    let wants = |object: &Value| object["automountServiceAccountToken"].as_bool();
    let mounts = wants(&pod["spec"]).or(account.as_deref().and_then(wants)).unwrap_or(true);
    if mounts {
        mount_token(pod);
    }
    if pod["spec"]["enableServiceLinks"].is_null() {
        pod["spec"]["enableServiceLinks"] = json!(true);
    }
    let class = pod["spec"]["priorityClassName"].as_str().unwrap_or_default();
    let class = objects.store.get("priorityclasses.scheduling.k8s.io", "", class);
    let priority = class.map_or(json!(0), |class| class["value"].clone());
    let policy = class.and_then(|class| class["preemptionPolicy"].as_str()).unwrap_or("PreemptLowerPriority");
    pod["spec"]["preemptionPolicy"] = json!(policy);
    pod["spec"]["priority"] = priority;
    tolerate(&mut pod["spec"]);
    pod["status"] = json!({"phase": "Pending", "qosClass": quality(&pod["spec"])});
}

fn mount_token(pod: &mut Value) {
    let metadata = &pod["metadata"];
    let number = hash(format!("{}/{}", metadata["namespace"], metadata["name"]).as_bytes());
    let name = format!("kube-api-access-{}", letters(number, 5));
    let field = json!({"apiVersion": "v1", "fieldPath": "metadata.namespace"});
    let volume = json!({"name": name, "projected": {"defaultMode": 420, "sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"fieldRef": field, "path": "namespace"}]}}]}});
    let spec = &mut pod["spec"];
    let mut is_used = false;
    for list in ["containers", "initContainers"] {
        for container in list_of(spec, list) {
            let mounts = container["volumeMounts"].as_array().cloned().unwrap_or_default();
            if mounts.iter().all(|mount| mount["mountPath"] != TOKEN) {
                push(container, "volumeMounts", json!({"mountPath": TOKEN, "name": name, "readOnly": true}));
                is_used = true;
            }
        }
    }
    if is_used {
        push(spec, "volumes", volume);
    }
}

fn tolerate(spec: &mut Value) {
    for key in LOST {
        let borne = |one: &Value| {
            (one["key"] == key || one["key"].is_null() && one["operator"] == "Exists")
                && (one["effect"] == "NoExecute" || one["effect"].is_null())
        };
        if !spec["tolerations"].as_array().is_some_and(|all| all.iter().any(borne)) {
            let one = json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": BORNE});
            push(spec, "tolerations", one);
        }
    }
}

fn push(object: &mut Value, member: &str, value: Value) {
    match &mut object[member] {
        Value::Array(items) => items.push(value),
        other => *other = json!([value]),
    }
}

/// How well a pod is treated when a node has not enough.
fn quality(spec: &Value) -> &'static str {
    let (mut guaranteed, mut some) = (true, false);
    for list in ["containers", "initContainers"] {
        for container in spec[list].as_array().into_iter().flatten() {
            let resources = &container["resources"];
            for name in ["cpu", "memory"] {
                let (limit, request) = (&resources["limits"][name], &resources["requests"][name]);
                some |= limit.is_string() || request.is_string();
                guaranteed &= limit.is_string() && (request == limit || request.is_null());
            }
        }
    }
    match (guaranteed, some) {
        (true, _) => "Guaranteed",
        (false, true) => "Burstable",
        (false, false) => "BestEffort",
    }
}
