//! The selector of a workload's pods, as addresses have it.
use crate::resources::answers::{list, text};
use serde_json::Value;

/// The selector of a workload's pods, as an API server reads it in an address. `None`: it selects nothing.
#[must_use]
pub fn selector(workload: &Value) -> Option<String> {
    let selector = workload.pointer("/spec/selector")?;
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    let mut parts: Vec<_> =
        labels.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect();
    for one in list(selector, "/matchExpressions") {
        let (key, values) = (text(one, "/key"), list(one, "/values").iter().filter_map(Value::as_str));
        let values = values.collect::<Vec<_>>().join(",");
        parts.push(match text(one, "/operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_owned(),
            _ => format!("!{key}"),
        });
    }
    (!parts.is_empty()).then(|| parts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn labels_and_expressions_are_both_in_it() {
        let both = json!({"matchLabels": {"app": "x"}, "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["a", "b"]}, {"key": "old", "operator": "DoesNotExist"}]});
        assert_eq!(selector(&json!({"spec": {"selector": both}})).unwrap(), "app=x,tier in (a,b),!old");
        assert_eq!(selector(&json!({"spec": {"selector": {}}})), None);
    }
}
