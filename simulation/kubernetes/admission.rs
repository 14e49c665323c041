//! Pure: the defaults that an API server fills in, and the rules that an object must keep.
use super::{kinds::Kind, refusal::Refusal, selectors::label_selector_matches};
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

/// Refuses an object that the real server would refuse; `before` is what it replaces.
pub(super) fn check(kind: &Kind, before: Option<&Value>, object: &Value) -> Result<(), Refusal> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let refuse =
        |field: &str, reason: &'static str, wrong: &str| Err(Refusal::invalid(kind, name, field, reason, wrong));
    if name.is_empty() {
        return refuse("metadata.name", "FieldValueRequired", "Required value: name or generateName is required");
    }
    let relaxed = kind.group == "rbac.authorization.k8s.io";
    let letters = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '-' | '.');
    let ends = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let longest = if matches!(kind.kind.as_str(), "Namespace" | "Service") { 63 } else { 253 };
    if name.len() > longest
        || name.contains('/')
        || !(relaxed || name.chars().all(letters) && name.starts_with(ends) && name.ends_with(ends))
    {
        let wrong = format!(
            "Invalid value: {name:?}: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
        );
        return refuse("metadata.name", "FieldValueInvalid", &wrong);
    }
    for (field, texts) in
        [("labels", &object["metadata"]["labels"]), ("annotations", &object["metadata"]["annotations"])]
    {
        check_texts(texts, &format!("metadata.{field}"))?;
    }
    if !kind.built_in {
        return Ok(());
    }
    let spec = &object["spec"];
    match kind.kind.as_str() {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => {
            if !spec["replicas"].is_null() && spec["replicas"].as_u64().is_none_or(|count| count > i32::MAX as u64) {
                let wrong = format!("Invalid value: {}: must be greater than or equal to 0", spec["replicas"]);
                return refuse("spec.replicas", "FieldValueInvalid", &wrong);
            }
            if !spec["selector"].is_object() {
                return refuse("spec.selector", "FieldValueRequired", "Required value");
            }
            if !label_selector_matches(&spec["selector"], &spec["template"]["metadata"]["labels"]) {
                let labels = &spec["template"]["metadata"]["labels"];
                let wrong = format!("Invalid value: {labels}: `selector` does not match template `labels`");
                return refuse("spec.template.metadata.labels", "FieldValueInvalid", &wrong);
            }
            if before.is_some_and(|before| before["spec"]["selector"] != spec["selector"]) {
                let wrong = format!("Invalid value: {}: field is immutable", spec["selector"]);
                return refuse("spec.selector", "FieldValueInvalid", &wrong);
            }
            check_texts(&spec["selector"]["matchLabels"], "spec.selector.matchLabels")?;
            check_template(&spec["template"])?;
            check_pod(kind, name, &spec["template"]["spec"], "spec.template.spec")
        }
        "Job" => {
            if before.is_some_and(|before| before["spec"]["template"] != spec["template"]) {
                return refuse("spec.template", "FieldValueInvalid", "Invalid value: field is immutable");
            }
            check_template(&spec["template"])?;
            check_pod(kind, name, &spec["template"]["spec"], "spec.template.spec")
        }
        "Pod" => check_pod(kind, name, spec, "spec"),
        "Service"
            if spec["ports"].as_array().is_none_or(Vec::is_empty)
                && spec["type"] != "ExternalName"
                && spec["clusterIP"] != "None" =>
        {
            refuse("spec.ports", "FieldValueRequired", "Required value")
        }
        "ConfigMap" => check_texts(&object["data"], "data"),
        "Secret" => check_texts(&object["data"], "data"),
        "CustomResourceDefinition" => {
            let expected = format!(
                "{}.{}",
                spec["names"]["plural"].as_str().unwrap_or_default(),
                spec["group"].as_str().unwrap_or_default()
            );
            if name != expected {
                let wrong = format!("Invalid value: {name:?}: must be spec.names.plural+\".\"+spec.group");
                return refuse("metadata.name", "FieldValueInvalid", &wrong);
            }
            if spec["names"]["kind"].as_str().is_none_or(str::is_empty)
                || spec["versions"].as_array().is_none_or(Vec::is_empty)
            {
                return refuse("spec.versions", "FieldValueRequired", "Required value");
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn check_texts(texts: &Value, field: &str) -> Result<(), Refusal> {
    let wrong = match texts {
        Value::Null => None,
        Value::Object(members) => members.values().find(|value| !value.is_string() && !value.is_null()),
        other => Some(other),
    };
    wrong.map_or(Ok(()), |wrong| {
        Err(Refusal::bad_request(format!(
            "json: cannot unmarshal {} into Go struct field .{field} of type string",
            sort_of(wrong)
        )))
    })
}

fn check_template(template: &Value) -> Result<(), Refusal> {
    if !template["metadata"].is_object() && !template["metadata"].is_null() {
        return check_texts(&template["metadata"], "spec.template.metadata");
    }
    check_texts(&template["metadata"]["labels"], "spec.template.metadata.labels")?;
    check_texts(&template["metadata"]["annotations"], "spec.template.metadata.annotations")
}

fn sort_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn check_pod(kind: &Kind, name: &str, spec: &Value, at: &str) -> Result<(), Refusal> {
    let required = |field: &str| {
        Err(Refusal::invalid(kind, name, &format!("{at}.{field}"), "FieldValueRequired", "Required value"))
    };
    let containers = spec["containers"].as_array().filter(|list| !list.is_empty());
    let Some(containers) = containers else { return required("containers") };
    for (index, container) in containers.iter().enumerate() {
        for field in ["name", "image"] {
            if container[field].as_str().is_none_or(str::is_empty) {
                return required(&format!("containers[{index}].{field}"));
            }
        }
    }
    Ok(())
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
