//! Pure: one container of a pod, and its probes and hooks.
use super::{
    amounts::is_whole,
    findings::{Findings, items},
};
use crate::quantity::amount;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

const HANDLERS: [&str; 5] = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"];
/// The resources without a prefix that a container may ask for.
const COMMON: [&str; 3] = ["cpu", "ephemeral-storage", "memory"];

/// One container.
pub(super) fn is_a_container(container: &Map<String, Value>, findings: &mut Findings) {
    let mut names = HashSet::new();
    for (at, port) in items(container.get("ports")).iter().enumerate() {
        if port["name"].as_str().is_some_and(|name| !name.is_empty()) && !names.insert(&port["name"]) {
            findings.duplicate(&format!("ports[{at}].name"), &port["name"]);
        }
    }
    variables(container, findings);
    let context = container.get("securityContext").unwrap_or(&Value::Null);
    if context["privileged"] == true && context["allowPrivilegeEscalation"] == false {
        let why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
        findings.invalid("securityContext", context, why);
    }
    for probe in ["livenessProbe", "startupProbe"] {
        let threshold = container.get(probe).map_or(&Value::Null, |probe| &probe["successThreshold"]);
        if threshold.as_i64().is_some_and(|number| number > 1) {
            findings.invalid(&format!("{probe}.successThreshold"), threshold, "must be 1");
        }
    }
    let grace =
        |probe: &str| container.get(probe).map_or(&Value::Null, |probe| &probe["terminationGracePeriodSeconds"]);
    if !grace("readinessProbe").is_null() {
        let why = "must not be set for readinessProbes";
        findings.invalid("readinessProbe.terminationGracePeriodSeconds", grace("readinessProbe"), why);
    }
    for probe in ["livenessProbe", "startupProbe"] {
        if grace(probe).as_i64().is_some_and(|seconds| seconds < 1) {
            let member = format!("{probe}.terminationGracePeriodSeconds");
            findings.invalid(&member, grace(probe), "must be greater than 0");
        }
    }
    resources(container.get("resources").unwrap_or(&Value::Null), findings);
}

/// What a probe or a hook sends.
pub(super) fn sends_headers(ask: &Map<String, Value>, findings: &mut Findings) {
    for header in items(ask.get("httpHeaders")) {
        let name = header["name"].as_str().unwrap_or_default();
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            let why = "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for \
                       validation is '[-A-Za-z0-9]+')";
            findings.invalid("httpHeaders", &header["name"], why);
        }
    }
}

/// How long a hook sleeps, within what a pod has to end.
pub(super) fn hooks_sleep(container: &Value, grace: i64, findings: &mut Findings) {
    for hook in ["preStop", "postStart"] {
        let seconds = &container["lifecycle"][hook]["sleep"]["seconds"];
        if seconds.as_i64().is_some_and(|seconds| seconds < 0 || seconds > grace) {
            let why = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
            findings.invalid(&format!("lifecycle.{hook}.sleep"), seconds, &why);
        }
    }
}

fn resources(resources: &Value, findings: &mut Findings) {
    findings.within("resources", |findings| {
        for list in ["limits", "requests"] {
            for (name, value) in resources[list].as_object().into_iter().flatten() {
                if !name.contains('/') && !COMMON.contains(&name.as_str()) && !name.starts_with("hugepages-") {
                    let why = "must be a standard resource for containers";
                    findings.invalid(&format!("{list}[{name}]"), &json!(name), why);
                }
                if amount(value).is_some_and(|amount| amount < 0) {
                    findings.invalid(&format!("{list}[{name}]"), value, "must be greater than or equal to 0");
                }
            }
        }
        for (name, value) in resources["requests"].as_object().into_iter().flatten() {
            let limit = &resources["limits"][name];
            let is_over =
                !is_whole(name) && amount(value).zip(amount(limit)).is_some_and(|(value, limit)| value > limit);
            if is_over {
                let limit = limit.as_str().map_or_else(|| limit.to_string(), Into::into);
                let why = format!("must be less than or equal to {name} limit of {limit}");
                findings.invalid("requests", value, &why);
            }
        }
    });
}

fn variables(container: &Map<String, Value>, findings: &mut Findings) {
    let several = "may not have more than one field specified at a time";
    let number = |value: &Value, without: &str| {
        let members = value.as_object().into_iter().flatten();
        members.filter(|(name, source)| name.as_str() != without && !source.is_null()).count()
    };
    for (at, variable) in items(container.get("env")).iter().enumerate() {
        if !variable["valueFrom"].is_object() {
            continue;
        }
        let has_value = variable["value"].as_str().is_some_and(|text| !text.is_empty());
        let why = match number(&variable["valueFrom"], "") {
            0 => "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`",
            _ if has_value => "may not be specified when `value` is not empty",
            1 => continue,
            _ => several,
        };
        findings.invalid(&format!("env[{at}].valueFrom"), &json!(""), why);
    }
    for source in items(container.get("envFrom")) {
        match number(source, "prefix") {
            0 => findings.invalid("envFrom", &json!(""), "must specify one of: `configMapRef` or `secretRef`"),
            1 => {}
            _ => findings.invalid("envFrom", &json!(""), several),
        }
    }
}

/// A probe, or a hook of a container's life.
pub(super) fn has_one_handler(object: &Map<String, Value>, findings: &mut Findings) {
    let mut found = HANDLERS.iter().filter(|handler| object.contains_key(**handler));
    if found.next().is_none() {
        findings.required("", "must specify a handler type");
    }
    for second in found {
        findings.forbidden(second, "may not specify more than 1 handler type");
    }
}
