//! Pure: ConfigMaps, Secrets, roles and disruption budgets.
use super::{
    findings::{Findings, items},
    texts::data_key,
};
use serde_json::{Map, Value, json};

/// Bytes that the data of a ConfigMap or a Secret may have in all.
const MOST_DATA: usize = 1024 * 1024;

/// What a Secret of a type must have.
const TYPES: &[(&str, &[&str])] = &[
    ("kubernetes.io/dockerconfigjson", &[".dockerconfigjson"]),
    ("kubernetes.io/dockercfg", &[".dockercfg"]),
    ("kubernetes.io/ssh-auth", &["ssh-privatekey"]),
    ("kubernetes.io/tls", &["tls.crt", "tls.key"]),
];

fn members<'a>(object: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    object[name].as_object().into_iter().flatten()
}

fn keys(object: &Value, name: &str, findings: &mut Findings) {
    for (key, _) in members(object, name) {
        let field = format!("{name}[{key}]");
        data_key(key).iter().for_each(|why| findings.invalid(&field, &json!(key), why));
    }
}

/// A ConfigMap as a whole.
pub(super) fn is_a_config_map(object: &Value, findings: &mut Findings) {
    keys(object, "data", findings);
    for (key, _) in members(object, "data").filter(|(key, _)| object["binaryData"].get(key.as_str()).is_some()) {
        findings.invalid(&format!("data[{key}]"), &json!(key), "duplicate of key present in binaryData");
    }
    keys(object, "binaryData", findings);
    let texts: usize = members(object, "data").map(|(_, value)| length(value)).sum();
    let bytes: usize = members(object, "binaryData").map(|(_, value)| length(value) / 4 * 3).sum();
    if texts + bytes > MOST_DATA {
        findings.too_long("[]", MOST_DATA);
    }
}

fn length(value: &Value) -> usize {
    value.as_str().map_or(0, str::len)
}

/// A Secret as a whole.
pub(super) fn is_a_secret(object: &Value, findings: &mut Findings) {
    keys(object, "data", findings);
    if members(object, "data").map(|(_, value)| length(value) / 4 * 3).sum::<usize>() > MOST_DATA {
        findings.too_long("data", MOST_DATA);
    }
    let sort = object["type"].as_str().unwrap_or_default();
    let needed = TYPES.iter().find(|(known, _)| *known == sort).map_or(&[] as &[_], |(_, keys)| keys);
    for key in needed.iter().filter(|key| object["data"].get(**key).is_none()) {
        findings.required(&format!("data[{key}]"), "");
    }
    let account = "kubernetes.io/service-account.name";
    if sort == "kubernetes.io/service-account-token" && length(&object["metadata"]["annotations"][account]) == 0 {
        findings.required(&format!("metadata.annotations[{account}]"), "");
    }
}

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
