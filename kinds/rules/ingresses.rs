//! Pure: Ingresses.
use super::{
    findings::{Findings, items},
    texts::subdomain,
};
use serde_json::{Map, Value, json};

/// An Ingress as a whole.
pub(super) fn is_an_ingress(object: &Value, findings: &mut Findings) {
    let spec = &object["spec"];
    if items(spec.get("rules")).is_empty() && !spec["defaultBackend"].is_object() {
        findings.invalid("spec", &Value::Null, "either `defaultBackend` or `rules` must be specified");
    }
    if spec["defaultBackend"].is_object() {
        is_a_backend("spec.defaultBackend", &spec["defaultBackend"], findings);
    }
    for (at, rule) in items(spec.get("rules")).iter().enumerate() {
        let (host, field) = (rule["host"].as_str().unwrap_or_default(), format!("spec.rules[{at}].host"));
        if host.parse::<std::net::IpAddr>().is_ok() {
            findings.invalid(&field, &json!(host), "must be a DNS name, not an IP address");
        }
        host_name(host, &field, findings);
    }
    for (at, tls) in items(spec.get("tls")).iter().enumerate() {
        for (host_at, host) in items(tls.get("hosts")).iter().enumerate() {
            let field = format!("spec.tls[{at}].hosts[{host_at}]");
            host_name(host.as_str().unwrap_or_default(), &field, findings);
        }
    }
}

/// `example.com` or `*.example.com`.
fn host_name(host: &str, field: &str, findings: &mut Findings) {
    if !host.is_empty() {
        subdomain(host.strip_prefix("*.").unwrap_or(host))
            .iter()
            .for_each(|why| findings.invalid(field, &json!(host), why));
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
    is_a_backend("backend", path.get("backend").unwrap_or(&Value::Null), findings);
}

fn is_a_backend(member: &str, backend: &Value, findings: &mut Findings) {
    findings.within(member, |findings| match (backend["service"].as_object(), backend["resource"].is_object()) {
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
