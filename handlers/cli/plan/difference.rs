//! Two JSON documents beside each other: what differs, by its path.
use crate::resources::answers::shortened;
use serde_json::Value;

/// What differs, in the order of the first: `- path: old`, `+ path: new`. Values that may be secrets are not shown.
#[must_use]
pub fn differences(old: &Value, new: &Value) -> Vec<String> {
    let mut lines = vec![];
    compare("", Some(old), Some(new), &mut lines);
    lines
}

fn compare(path: &str, old: Option<&Value>, new: Option<&Value>, lines: &mut Vec<String>) {
    match (old, new) {
        (Some(old), Some(new)) if old == new => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            for (name, value) in before {
                compare(&format!("{path}/{name}"), Some(value), after.get(name), lines);
            }
            for (name, value) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
                compare(&format!("{path}/{name}"), None, Some(value), lines);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            for index in 0..before.len().max(after.len()) {
                compare(&format!("{path}/{index}"), before.get(index), after.get(index), lines);
            }
        }
        (old, new) => {
            lines.extend(old.map(|old| format!("- {path}: {}", shown(path, old))));
            lines.extend(new.map(|new| format!("+ {path}: {}", shown(path, new))));
        }
    }
}

fn shown(path: &str, value: &Value) -> String {
    let name = path.rsplit('/').next().unwrap_or_default().to_lowercase();
    if ["password", "secret"].iter().any(|secret| name.contains(secret)) && value.is_string() {
        return "(not shown)".to_owned();
    }
    match value.as_str() {
        // Of a resource's id its end says which.
        Some(id) if id.len() > LONGEST && id.starts_with("/subscriptions/") => {
            let parts: Vec<_> = id.rsplitn(5, '/').collect();
            let end: Vec<_> = parts.iter().take(4).rev().copied().collect();
            format!("…/{}", end.join("/"))
        }
        _ => shortened(&value.to_string()),
    }
}

/// What is longer is cut.
const LONGEST: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_differs_is_named_by_its_path() {
        let old = json!({"a": 1, "b": {"c": [1, 2], "adminPassword": "x"}, "same": true});
        let new = json!({"b": {"c": [1, 3], "adminPassword": "y"}, "same": true, "d": "new"});
        let expected = [
            "- /a: 1",
            "- /b/c/1: 2",
            "+ /b/c/1: 3",
            "- /b/adminPassword: (not shown)",
            "+ /b/adminPassword: (not shown)",
            "+ /d: \"new\"",
        ];
        assert_eq!(differences(&old, &new), expected);
        let id = |subnet: &str| json!({"id": format!("/subscriptions/s/resourceGroups/a-long-name-of-a-group/providers/Microsoft.Network/virtualNetworks/v/subnets/{subnet}")});
        let shown = ["- /id: …/virtualNetworks/v/subnets/one", "+ /id: …/virtualNetworks/v/subnets/two"];
        assert_eq!(differences(&id("one"), &id("two")), shown);
    }
}
