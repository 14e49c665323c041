//! What of a gateway is not ours, part by part: every write sends it as it was read just before. Where it is another one when
//! the write is in force, somebody changed the gateway meanwhile.
//!
//! What the service renews by itself (etags, states, certificates' public parts) and members of our pools do not count. What was
//! changed between the reading and the writing of a service that ignores `If-Match` is in neither, and cannot be seen here.
use crate::resources::digest::digest;
use crate::resources::gateway::Gateway;
use crate::resources::tags::MARK_TAG;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The parts of a gateway that are not ours, each with a short digest of what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Beside(BTreeMap<String, String>);

/// So many changes are said; the rest is counted.
const MOST_SAID: usize = 5;
/// Characters of a digest: enough to tell two contents of one part apart.
const ENOUGH: usize = 12;
/// What the service renews by itself.
const RENEWED: [&str; 7] = [
    "etag",
    "provisioningState",
    "operationalState",
    "resourceGuid",
    "publicCertData",
    "backendIPConfigurations",
    "privateEndpointConnections",
];

impl Beside {
    /// What became of it, in words; `None`: it is as it was.
    #[must_use]
    pub fn changes(&self, now: &Self) -> Option<String> {
        let keys: BTreeSet<_> = self.0.keys().chain(now.0.keys()).collect();
        let said = |key: &String| match (self.0.get(key), now.0.get(key)) {
            (Some(before), Some(now)) if before == now => None,
            (Some(_), Some(_)) => Some(format!("{key} changed")),
            (Some(_), None) => Some(format!("{key} is gone")),
            (None, _) => Some(format!("{key} is new")),
        };
        let changed: Vec<_> = keys.into_iter().filter_map(said).collect();
        let rest = changed.len().saturating_sub(MOST_SAID);
        let mut words = changed.iter().take(MOST_SAID).cloned().collect::<Vec<_>>().join(", ");
        if rest > 0 {
            words += &format!(", and {rest} more");
        }
        (!changed.is_empty()).then_some(words)
    }
}

impl Gateway {
    /// Everything but the pools of these names.
    #[must_use]
    pub fn beside(&self, is_ours: impl Fn(&str) -> bool) -> Beside {
        let mut beside = BTreeMap::new();
        for (name, value) in self.0["tags"].as_object().into_iter().flatten() {
            if !name.eq_ignore_ascii_case(MARK_TAG) {
                beside.insert(format!("tags/{}", name.to_lowercase()), short(value));
            }
        }
        for (collection, value) in self.0["properties"].as_object().into_iter().flatten() {
            let items = value.as_array().filter(|items| items.iter().any(|item| item["name"].is_string()));
            let Some(items) = items else {
                if !RENEWED.contains(&collection.as_str()) && !is_nothing(value) {
                    beside.insert(collection.clone(), short(value));
                }
                continue;
            };
            for item in items {
                let name = item["name"].as_str().unwrap_or_default().to_lowercase();
                if collection != "backendAddressPools" || !is_ours(&name) {
                    beside.insert(format!("{collection}/{name}"), short(item));
                }
            }
        }
        Beside(beside)
    }
}

fn short(value: &Value) -> String {
    let mut value = value.clone();
    settle(&mut value);
    digest(&value.to_string()).chars().take(ENOUGH).collect()
}

/// Takes away what is renewed, and what is as good as absent; ids in one spelling.
fn settle(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(settle);
            members.retain(|name, member| !RENEWED.contains(&name.as_str()) && !is_nothing(member));
            if let Some(Value::String(id)) = members.get_mut("id") {
                id.make_ascii_lowercase();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(settle),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Azure fills in what it is not told.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(true) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn gateway(properties: &Value) -> Beside {
        Gateway(json!({"properties": properties})).beside(|pool| pool == "live")
    }

    #[test]
    fn what_somebody_else_changed_is_named_by_its_part() {
        let before = gateway(&json!({"httpListeners": [{"name": "a", "properties": {"port": 1}}, {"name": "b"}]}));
        let after = gateway(&json!({"httpListeners": [{"name": "A", "properties": {"port": 2}}, {"name": "c"}]}));
        let said = before.changes(&after).unwrap();
        assert_eq!(said, "httpListeners/a changed, httpListeners/b is gone, httpListeners/c is new");
    }

    #[test]
    fn our_pools_and_what_the_service_renews_are_no_change() {
        let before = gateway(&json!({
            "provisioningState": "Succeeded",
            "probes": [],
            "backendAddressPools": [{"name": "live", "properties": {"backendAddresses": []}}, {"name": "other", "etag": "1"}],
        }));
        let after = gateway(&json!({
            "provisioningState": "Updating",
            "enableHttp2": false,
            "backendAddressPools": [{"name": "LIVE", "properties": {"backendAddresses": [1]}}, {"name": "other", "etag": "2"}],
        }));
        assert_eq!(before.changes(&after), None);
        let other =
            gateway(&json!({"backendAddressPools": [{"name": "other", "properties": {"backendAddresses": [1]}}]}));
        assert_eq!(before.changes(&other).unwrap(), "backendAddressPools/other changed");
    }

    #[test]
    fn many_changes_are_counted() {
        let many: Vec<_> = (0..9).map(|number| json!({"name": format!("p{number}")})).collect();
        let said = gateway(&json!({})).changes(&gateway(&json!({"probes": many}))).unwrap();
        assert!(said.ends_with(", and 4 more"), "{said}");
    }
}
