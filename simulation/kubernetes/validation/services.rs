//! Pure: Services and Ingresses.
use super::findings::{Findings, items};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// A Service's specification.
pub(super) fn is_a_service(spec: &Map<String, Value>, findings: &mut Findings) {
    let text = |name: &str| spec.get(name).and_then(Value::as_str).unwrap_or_default();
    let (sort, ports) = (text("type"), items(spec.get("ports")));
    if ports.is_empty() && sort != "ExternalName" && text("clusterIP") != "None" {
        findings.required("ports", "");
    }
    if sort == "ExternalName" && text("externalName").is_empty() {
        findings.required("externalName", "");
    }
    if matches!(sort, "NodePort" | "LoadBalancer") && text("clusterIP") == "None" {
        let why = format!("may not be set to 'None' for {sort} services");
        findings.invalid("clusterIPs[0]", &json!("None"), &why);
    }
    let (mut names, mut numbers) = (HashSet::new(), HashSet::new());
    for (at, port) in ports.iter().enumerate() {
        findings.within(&format!("ports[{at}]"), |findings| {
            match port["name"].as_str().unwrap_or_default() {
                "" if ports.len() > 1 => findings.required("name", ""),
                "" => {}
                name if !names.insert(name) => findings.duplicate("name", &port["name"]),
                _ => {}
            }
            if sort == "ClusterIP" && !port["nodePort"].is_null() && port["nodePort"] != 0 {
                findings.forbidden("nodePort", "may not be used when `type` is 'ClusterIP'");
            }
        });
        if !numbers.insert((port["port"].as_i64(), port["protocol"].as_str())) {
            let value = json!({"protocol": port["protocol"], "port": port["port"]});
            findings.duplicate(&format!("ports[{at}]"), &value);
        }
    }
    for (key, value) in spec.get("selector").and_then(Value::as_object).into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        super::texts::label_value(value).iter().for_each(|why| findings.invalid("selector", &json!(value), why));
        super::texts::qualified(key).iter().for_each(|why| findings.invalid("selector", &json!(key), why));
    }
}

/// An Ingress as a whole.
pub(super) fn is_an_ingress(object: &Value, findings: &mut Findings) {
    let spec = &object["spec"];
    if items(spec.get("rules")).is_empty() && !spec["defaultBackend"].is_object() {
        findings.invalid("spec", &Value::Null, "either `defaultBackend` or `rules` must be specified");
    }
}

/// One path of an Ingress.
pub(super) fn is_a_path(path: &Map<String, Value>, findings: &mut Findings) {
    let text = path.get("path").and_then(Value::as_str).unwrap_or_default();
    let sort = path.get("pathType").and_then(Value::as_str).unwrap_or_default();
    if matches!(sort, "Exact" | "Prefix") || !text.is_empty() {
        if !text.starts_with('/') && !sort.is_empty() {
            findings.invalid("path", &json!(text), "must be an absolute path");
        } else if matches!(sort, "Exact" | "Prefix") {
            for part in ["//", "/./", "/../", "%2f", "%2F"] {
                if text.contains(part) {
                    findings.invalid("path", &json!(text), &format!("must not contain '{part}'"));
                }
            }
        }
    }
    let backend = path.get("backend").unwrap_or(&Value::Null);
    findings.within("backend", |findings| match (backend["service"].as_object(), backend["resource"].is_object()) {
        (None, false) => findings.required("", "resource or service backend is required"),
        (Some(_), true) => {
            findings.invalid("", &json!(""), "cannot set both resource and service backends");
        }
        (Some(service), false) => {
            let port = service.get("port").unwrap_or(&Value::Null);
            let (name, number) = (port["name"].as_str().unwrap_or_default(), port["number"].as_i64().unwrap_or(0));
            if name.is_empty() && number == 0 {
                findings.required("service.port", "port name or number is required");
            } else if !name.is_empty() && number != 0 {
                findings.invalid("service.port", &json!(""), "cannot set both port name & port number");
            }
        }
        (None, true) => {}
    });
}
