//! Pure: onto which nodes pods may come.
use super::{
    findings::{Findings, items},
    texts::{label_value, qualified},
};
use serde_json::{Map, Value, json};

/// What of a node's taints a pod tolerates.
pub(super) fn is_a_toleration(toleration: &Map<String, Value>, findings: &mut Findings) {
    let text = |name: &str| toleration.get(name).and_then(Value::as_str).unwrap_or_default();
    let (key, operator, value) = (text("key"), text("operator"), text("value"));
    if key.is_empty() && operator != "Exists" {
        let why = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
        findings.invalid("operator", &json!(operator), why);
    } else if !key.is_empty() {
        qualified(key).iter().for_each(|why| findings.invalid("key", &json!(key), why));
    }
    if toleration.contains_key("tolerationSeconds") && text("effect") != "NoExecute" {
        let why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
        findings.invalid("effect", &json!(text("effect")), why);
    }
    match operator {
        "Exists" if !value.is_empty() => {
            findings.invalid("operator", &json!(value), "value must be empty when `operator` is 'Exists'");
        }
        "" | "Equal" => {
            label_value(value).iter().for_each(|why| findings.invalid("operator", &json!(value), why));
        }
        _ => {}
    }
}

/// What a label of a node must be.
pub(super) fn is_a_requirement(requirement: &Map<String, Value>, findings: &mut Findings) {
    let values = items(requirement.get("values")).len();
    let operator = requirement.get("operator").unwrap_or(&Value::Null);
    match operator.as_str().unwrap_or_default() {
        "In" | "NotIn" if values == 0 => {
            findings.required("values", "must be specified when `operator` is 'In' or 'NotIn'");
        }
        "Exists" | "DoesNotExist" if values > 0 => {
            findings.forbidden("values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        }
        "Gt" | "Lt" if values != 1 => {
            findings.required("values", "must be specified single value when `operator` is 'Lt' or 'Gt'");
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        _ => findings.invalid("operator", operator, "not a valid selector operator"),
    }
    let key = requirement.get("key").and_then(Value::as_str).unwrap_or_default();
    qualified(key).iter().for_each(|why| findings.invalid("key", &json!(key), why));
}
