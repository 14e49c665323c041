//! Pure: quotas of a namespace, and the limits of what lies in it.
use super::{
    findings::{Findings, items},
    texts::qualified,
};
use crate::quantity::amount;
use serde_json::{Map, Value, json};

/// Resources without a prefix that a quota may count.
const COUNTED: [&str; 20] = [
    "configmaps",
    "cpu",
    "ephemeral-storage",
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "memory",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
    "requests.storage",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
    "storage",
];
/// Those of which there are whole ones alone.
const WHOLE: [&str; 9] = [
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
];
const SCOPES: [&str; 7] = [
    "BestEffort",
    "CrossNamespacePodAffinity",
    "NotBestEffort",
    "NotTerminating",
    "PriorityClass",
    "Terminating",
    "VolumeAttributesClass",
];
const ONE: i128 = 1_000_000_000;

/// A quota's specification.
pub(super) fn is_a_quota(spec: &Map<String, Value>, findings: &mut Findings) {
    for (name, value) in spec.get("hard").and_then(Value::as_object).into_iter().flatten() {
        let member = format!("hard[{name}]");
        let is_known = name.contains('/')
            || COUNTED.contains(&name.as_str())
            || ["hugepages-", "requests.hugepages-", "limits.hugepages-"].iter().any(|begin| name.starts_with(begin));
        qualified(name).iter().for_each(|why| findings.invalid(&member, &json!(name), why));
        if !is_known {
            findings.invalid(&member, &json!(name), "must be a standard resource for quota");
        }
        let is_whole = WHOLE.contains(&name.as_str()) || name.starts_with("count/");
        match amount(value) {
            Some(..0) => findings.invalid(&member, value, "must be greater than or equal to 0"),
            Some(some) if is_whole && some % ONE != 0 => findings.invalid(&member, value, "must be an integer"),
            _ => {}
        }
    }
    let scopes = items(spec.get("scopes"));
    let has = |scope: &str| scopes.iter().any(|known| known == scope);
    if scopes.iter().any(|scope| !SCOPES.iter().any(|known| scope == known)) {
        findings.invalid("scopes", &json!(scopes), "unsupported scope");
    }
    if (has("BestEffort") && has("NotBestEffort")) || (has("Terminating") && has("NotTerminating")) {
        findings.invalid("scopes", &json!(scopes), "conflicting scopes");
    }
}

/// One limit of a namespace, as it is written: a server fills in what is left out.
pub(super) fn is_a_limit(limit: &Map<String, Value>, findings: &mut Findings) {
    let sort = limit.get("type").and_then(Value::as_str).unwrap_or_default();
    let parts = |member: &str| limit.get(member).and_then(Value::as_object).into_iter().flatten();
    if !matches!(sort, "Pod" | "Container" | "PersistentVolumeClaim") {
        let wrong = qualified(sort);
        wrong.iter().for_each(|why| findings.invalid("type", &json!(sort), why));
        if wrong.is_empty() && !sort.contains('/') {
            findings.invalid("type", &json!(sort), "must be a standard limit type or fully qualified");
        }
    }
    if sort == "Pod" {
        for member in ["default", "defaultRequest"].into_iter().filter(|member| parts(member).next().is_some()) {
            findings.forbidden(member, "may not be specified when `type` is 'Pod'");
        }
    }
    let storage = |member: &str| parts(member).any(|(name, _)| name == "storage");
    if sort == "PersistentVolumeClaim" && !storage("min") && !storage("max") {
        let why = "either minimum or maximum storage value is required, but neither was provided";
        findings.required("limits", why);
    }
    for (lower, low, higher, high) in [
        ("min", "min value", "max", "max value"),
        ("min", "min value", "defaultRequest", "default request value"),
        ("min", "min value", "default", "default value"),
        ("defaultRequest", "default request value", "default", "default limit value"),
        ("defaultRequest", "default request value", "max", "max value"),
        ("default", "default value", "max", "max value"),
    ] {
        for (name, value) in parts(lower) {
            let bound = limit.get(higher).map_or(&Value::Null, |bounds| &bounds[name]);
            if amount(value).zip(amount(bound)).is_some_and(|(value, bound)| value > bound) {
                let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let why = format!("{low} {} is greater than {high} {}", shown(value), shown(bound));
                findings.invalid(&format!("{lower}[{name}]"), value, &why);
            }
        }
    }
    for (name, ratio) in parts("maxLimitRequestRatio") {
        if amount(ratio).is_some_and(|ratio| ratio < ONE) {
            let shown = ratio.as_str().map_or_else(|| ratio.to_string(), str::to_owned);
            let why = format!("ratio {shown} is less than 1");
            findings.invalid(&format!("maxLimitRequestRatio[{name}]"), ratio, &why);
        }
    }
}

/// A namespace's limits: one of each sort.
pub(super) fn are_limits(spec: &Map<String, Value>, findings: &mut Findings) {
    let limits = items(spec.get("limits"));
    for (at, limit) in limits.iter().enumerate() {
        if limits[..at].iter().any(|other| other["type"] == limit["type"]) {
            findings.duplicate(&format!("limits[{at}].type"), &limit["type"]);
        }
    }
}
