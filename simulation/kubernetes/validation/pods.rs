//! Pure: pods, their containers and their volumes.
use super::findings::{Findings, items};
use crate::kubernetes::reading::in_nanos;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

const CONTAINERS: [&str; 2] = ["initContainers", "containers"];
const HANDLERS: [&str; 4] = ["exec", "httpGet", "tcpSocket", "grpc"];

/// A pod's specification, of its own or in a template.
pub(super) fn is_a_pod(spec: &Map<String, Value>, findings: &mut Findings) {
    let mut volumes = HashSet::new();
    for (at, volume) in items(spec.get("volumes")).iter().enumerate() {
        if volume["name"].is_string() && !volumes.insert(&volume["name"]) {
            findings.duplicate(&format!("volumes[{at}].name"), &volume["name"]);
        }
    }
    if items(spec.get("containers")).is_empty() {
        findings.required("containers", "");
    }
    let mut names = HashSet::new();
    for list in CONTAINERS {
        for (at, container) in items(spec.get(list)).iter().enumerate() {
            findings.within(&format!("{list}[{at}]"), |findings| {
                if container["name"].is_string() && !names.insert(&container["name"]) {
                    findings.duplicate("name", &container["name"]);
                }
                let mut paths = HashSet::new();
                for (at, mount) in items(container.get("volumeMounts")).iter().enumerate() {
                    findings.within(&format!("volumeMounts[{at}]"), |findings| {
                        if mount["name"].is_string() && !volumes.contains(&mount["name"]) {
                            findings.note("name", "FieldValueNotFound", format!("Not found: {}", mount["name"]));
                        }
                        if !paths.insert(&mount["mountPath"]) {
                            findings.invalid("mountPath", &mount["mountPath"], "must be unique");
                        }
                    });
                }
            });
        }
    }
    if spec.get("dnsPolicy").is_some_and(|policy| policy == "None") && !spec.contains_key("dnsConfig") {
        findings.required("dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None");
    }
}

/// One container.
pub(super) fn is_a_container(container: &Map<String, Value>, findings: &mut Findings) {
    let mut names = HashSet::new();
    for (at, port) in items(container.get("ports")).iter().enumerate() {
        if port["name"].as_str().is_some_and(|name| !name.is_empty()) && !names.insert(&port["name"]) {
            findings.duplicate(&format!("ports[{at}].name"), &port["name"]);
        }
    }
    for (at, variable) in items(container.get("env")).iter().enumerate() {
        let has_value = variable["value"].as_str().is_some_and(|text| !text.is_empty());
        if has_value && variable["valueFrom"].is_object() {
            let why = "may not be specified when `value` is not empty";
            findings.invalid(&format!("env[{at}].valueFrom"), &json!(""), why);
        }
    }
    resources(container.get("resources").unwrap_or(&Value::Null), findings);
}

fn resources(resources: &Value, findings: &mut Findings) {
    let amount = |value: &Value| value.as_str().and_then(in_nanos);
    findings.within("resources", |findings| {
        for list in ["limits", "requests"] {
            for (name, value) in resources[list].as_object().into_iter().flatten() {
                if amount(value).is_some_and(|amount| amount < 0) {
                    findings.invalid(&format!("{list}[{name}]"), value, "must be greater than or equal to 0");
                }
            }
        }
        for (name, value) in resources["requests"].as_object().into_iter().flatten() {
            let limit = &resources["limits"][name];
            let is_over = amount(value).zip(amount(limit)).is_some_and(|(value, limit)| value > limit);
            if is_over {
                let limit = limit.as_str().unwrap_or_default();
                let why = format!("must be less than or equal to {name} limit of {limit}");
                findings.invalid("requests", value, &why);
            }
        }
    });
}

/// A probe.
pub(super) fn is_a_probe(probe: &Map<String, Value>, findings: &mut Findings) {
    let mut found = HANDLERS.iter().filter(|handler| probe.contains_key(**handler));
    if found.next().is_none() {
        findings.required("", "must specify a handler type");
    }
    for second in found {
        findings.forbidden(second, "may not specify more than 1 handler type");
    }
}

/// A volume.
pub(super) fn is_a_volume(volume: &Map<String, Value>, findings: &mut Findings) {
    let mut sources = volume.keys().filter(|name| *name != "name");
    if sources.next().is_none() {
        findings.required("", "must specify a volume type");
    }
    for second in sources {
        findings.forbidden(second, "may not specify more than 1 volume type");
    }
    for (source, member) in [("persistentVolumeClaim", "claimName"), ("secret", "secretName"), ("configMap", "name")] {
        let Some(source_of) = volume.get(source) else { continue };
        if source_of[member].as_str().is_none_or(str::is_empty) {
            findings.required(&format!("{source}.{member}"), "");
        }
    }
}
