//! Pure: pods: what their containers, volumes and constraints have to do with each other.
use super::findings::{Findings, items};
use super::metadata::labels;
use super::texts::address;
use super::{amounts, containers};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

const CONTAINERS: [&str; 2] = ["initContainers", "containers"];
const NOT_AT_START: [&str; 4] = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"];

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
                mounts(container, &volumes, findings);
                amounts::of_a_container(container, spec, findings);
                let grace = spec.get("terminationGracePeriodSeconds").and_then(Value::as_i64);
                containers::hooks_sleep(container, grace.unwrap_or(30), findings);
                if list == "initContainers" && container["restartPolicy"] != "Always" {
                    for member in NOT_AT_START.iter().filter(|member| !container[**member].is_null()) {
                        findings.forbidden(member, "may not be set for init containers without restartPolicy=Always");
                    }
                }
            });
        }
    }
    if spec.get("dnsPolicy").is_some_and(|policy| policy == "None") && !spec.contains_key("dnsConfig") {
        findings.required("dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None");
    }
    names_of_hosts(spec, findings);
    labels(spec.get("nodeSelector").unwrap_or(&Value::Null), "nodeSelector", findings);
    spread(items(spec.get("topologySpreadConstraints")), findings);
    if spec.get("hostNetwork").is_some_and(|host| *host == true) {
        host_ports(spec, findings);
    }
}

fn mounts(container: &Value, volumes: &HashSet<&Value>, findings: &mut Findings) {
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
        let is_set = |member: &str| mount[member].as_str().is_some_and(|path| !path.is_empty());
        if is_set("subPath") && is_set("subPathExpr") {
            let why = "subPathExpr and subPath are mutually exclusive";
            findings.invalid(&format!("volumeMounts[{at}].subPathExpr"), &mount["subPathExpr"], why);
        }
        for member in ["subPath", "subPathExpr"] {
            let (path, field) = (mount[member].as_str().unwrap_or_default(), format!("volumeMounts.{member}"));
            if path.starts_with('/') {
                findings.invalid(&field, &mount[member], "must be a relative path");
            }
            if path.split('/').any(|part| part == "..") {
                findings.invalid(&field, &mount[member], "must not contain '..'");
            }
        }
    }
}

/// What looks up names for a pod.
fn names_of_hosts(spec: &Map<String, Value>, findings: &mut Findings) {
    let config = spec.get("dnsConfig").unwrap_or(&Value::Null);
    let servers = items(config.get("nameservers"));
    if servers.len() > 3 {
        findings.invalid("dnsConfig.nameservers", &json!(servers), "must not have more than 3 nameservers");
    }
    for (at, server) in servers.iter().enumerate() {
        let wrong = address(server.as_str().unwrap_or_default());
        wrong.iter().for_each(|why| findings.invalid(&format!("dnsConfig.nameservers[{at}]"), server, why));
    }
    let is_on = |member: &str| spec.get(member).is_some_and(|value| *value == true);
    if is_on("hostPID") && is_on("shareProcessNamespace") {
        let why = "ShareProcessNamespace and HostPID cannot both be enabled";
        findings.invalid("securityContext.shareProcessNamespace", &json!(true), why);
    }
}

fn spread(constraints: &[Value], findings: &mut Findings) {
    let pair = |constraint: &Value| (constraint["topologyKey"].clone(), constraint["whenUnsatisfiable"].clone());
    for (at, constraint) in constraints.iter().enumerate() {
        if constraints[at + 1..].iter().any(|later| pair(later) == pair(constraint)) {
            let text = |member: &str| constraint[member].as_str().unwrap_or_default();
            let shown = format!("{{{}, {}}}", text("topologyKey"), text("whenUnsatisfiable"));
            let field = format!("topologySpreadConstraints[{at}].{{topologyKey, whenUnsatisfiable}}");
            findings.duplicate(&field, &json!(shown));
        }
    }
}

fn host_ports(spec: &Map<String, Value>, findings: &mut Findings) {
    for (at, container) in items(spec.get("containers")).iter().enumerate() {
        for (port_at, port) in items(container.get("ports")).iter().enumerate() {
            if !port["hostPort"].is_null() && port["hostPort"] != 0 && port["hostPort"] != port["containerPort"] {
                let field = format!("containers[{at}].ports[{port_at}].hostPort");
                let why = "must match `containerPort` when `hostNetwork` is true";
                findings.invalid(&field, &port["hostPort"], why);
            }
        }
    }
}
