//! Pure: roles and their bindings, disruption budgets, priorities.
use super::{
    findings::{Findings, items},
    workloads::count_or_share,
};
use serde_json::{Map, Value};

/// The highest priority that a class of one's own may have.
const HIGHEST: i64 = 1_000_000_000;

/// A Role or a ClusterRole as a whole.
pub(super) fn is_a_role(object: &Value, findings: &mut Findings) {
    for (at, rule) in items(object.get("rules")).iter().enumerate() {
        let is_empty = |member: &str| items(rule.get(member)).is_empty();
        findings.within(&format!("rules[{at}]"), |findings| {
            if is_empty("verbs") {
                findings.required("verbs", "verbs must contain at least one value");
            }
            if !is_empty("nonResourceURLs") {
                if object["kind"] == "Role" {
                    let why = "namespaced rules cannot apply to non-resource URLs";
                    findings.invalid("nonResourceURLs", &rule["nonResourceURLs"], why);
                }
                if !(is_empty("apiGroups") && is_empty("resources")) {
                    let why = "rules cannot apply to both regular resources and non-resource URLs";
                    findings.invalid("nonResourceURLs", &rule["nonResourceURLs"], why);
                }
                return;
            }
            if is_empty("apiGroups") {
                findings.required("apiGroups", "resource rules must supply at least one api group");
            }
            if is_empty("resources") {
                findings.required("resources", "resource rules must supply at least one resource");
            }
        });
    }
}

/// A disruption budget as a whole.
pub(super) fn is_a_budget(object: &Value, findings: &mut Findings) {
    let spec = &object["spec"];
    for member in ["minAvailable", "maxUnavailable"] {
        count_or_share(&format!("spec.{member}"), &spec[member], true, findings);
    }
    if spec["minAvailable"].is_null() || spec["maxUnavailable"].is_null() {
        return;
    }
    let mut shown = Map::new();
    for (name, member) in [
        ("MinAvailable", "minAvailable"),
        ("Selector", "selector"),
        ("MaxUnavailable", "maxUnavailable"),
        ("UnhealthyPodEvictionPolicy", "unhealthyPodEvictionPolicy"),
    ] {
        shown.insert(name.into(), spec[member].clone());
    }
    findings.invalid("spec", &Value::Object(shown), "minAvailable and maxUnavailable cannot be both set");
}

/// A RoleBinding or a ClusterRoleBinding as a whole.
pub(super) fn is_a_binding(object: &Value, findings: &mut Findings) {
    let is_for_all = object["kind"] == "ClusterRoleBinding";
    let known: &[&str] = if is_for_all { &["ClusterRole"] } else { &["Role", "ClusterRole"] };
    let kind = &object["roleRef"]["kind"];
    if kind.as_str().is_some_and(|kind| !known.contains(&kind)) {
        findings.unsupported("roleRef.kind", kind, known);
    }
    for (at, subject) in items(object.get("subjects")).iter().enumerate() {
        let has_none = subject["namespace"].as_str().is_none_or(str::is_empty);
        if is_for_all && subject["kind"] == "ServiceAccount" && has_none {
            findings.required(&format!("subjects[{at}].namespace"), "");
        }
    }
}

/// A PriorityClass as a whole.
pub(super) fn is_a_priority(object: &Value, findings: &mut Findings) {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let is_of_system = name.starts_with("system-");
    if is_of_system && !matches!(name, "system-node-critical" | "system-cluster-critical") {
        let why = "priority class names with 'system-' prefix are reserved for system use only";
        findings.forbidden("metadata.name", &format!("{why}. error: {name} is not a known system priority class"));
    }
    if !is_of_system && object["value"].as_i64().is_some_and(|value| value > HIGHEST) {
        findings.forbidden("value", &format!("maximum allowed value of a user defined priority is {HIGHEST}"));
    }
}
