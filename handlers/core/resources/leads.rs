//! What leads users to our live pools at a gateway: rules, their listeners, path maps, settings, probes, redirects. Whoever
//! changes that moves users without touching a pool.
//!
//! It is flat text by text, so that a change can be said in words. What the service renews by itself (etags, states, order,
//! the spelling of ids) and certificates, which are renewed by others all the time, do not count. What is absent, `false`
//! and empty are the same: Azure fills in what it is not told.
use crate::resources::answers::{list, name_of, same_name, shortened, text};
use crate::resources::gateway::Gateway;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What leads users to the live pools: where it stands, and what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Leads(BTreeMap<String, String>);

/// So many changes are said; the rest is counted.
const MOST_SAID: usize = 5;

impl Leads {
    /// The same, and apart from it which listeners come first: a binary that does not know them compares the rest.
    #[must_use]
    pub fn apart(mut self) -> (Self, Option<String>) {
        let first = self.0.remove(BEFORE_OURS);
        (self, first)
    }

    /// Both together again.
    #[must_use]
    pub fn together(&self, first: Option<&String>) -> Self {
        let mut both = self.clone();
        both.0.extend(first.map(|first| (BEFORE_OURS.to_owned(), first.clone())));
        both
    }

    /// How the gateway leads users now where it did so before, in words; `None`: as before.
    #[must_use]
    pub fn changes(&self, gateway: &Gateway, live: &[String]) -> Option<String> {
        let rules = self.0.keys().filter_map(|key| key.strip_prefix("rule ")?.split('/').next());
        let now = gateway.leads_by(live, &rules.map(str::to_owned).collect());
        // Rules first: what stands behind them goes with them.
        let keys: BTreeSet<_> = self.0.keys().chain(now.0.keys()).map(|key| (!key.starts_with("rule "), key)).collect();
        let said = |leads: &Self, key: &String| leads.0.get(key).map_or_else(|| "nothing".into(), |it| shortened(it));
        let changed: Vec<_> = keys
            .into_iter()
            .map(|(_, key)| key)
            .filter(|key| self.0.get(*key) != now.0.get(*key))
            // Who kept this before it was looked at knows nothing of it.
            .filter(|key| *key != BEFORE_OURS || self.0.contains_key(BEFORE_OURS))
            .map(|key| format!("{key}: {} before, {} now", said(self, key), said(&now, key)))
            .collect();
        let rest = changed.len().saturating_sub(MOST_SAID);
        let mut words = changed.iter().take(MOST_SAID).cloned().collect::<Vec<_>>().join("; ");
        if rest > 0 {
            words += &format!("; and {rest} more");
        }
        (!changed.is_empty()).then_some(words)
    }
}

impl Gateway {
    /// What leads users to these pools.
    #[must_use]
    pub fn leads(&self, live: &[String]) -> Leads {
        self.leads_by(live, &BTreeSet::new())
    }

    /// Why it serves nobody: it was stopped. `None`: it was not.
    #[must_use]
    pub fn stopped(&self) -> Option<&str> {
        let state = text(&self.0, "/properties/operationalState");
        ["Stopped", "Stopping"].iter().any(|off| state.eq_ignore_ascii_case(off)).then_some(state)
    }

    /// The same, and how these rules lead now, wherever that is.
    fn leads_by(&self, live: &[String], rules: &BTreeSet<String>) -> Leads {
        let mut leads = Leads::default();
        for kind in ["requestRoutingRules", "routingRules"] {
            for rule in self.parts(kind) {
                let name = text(rule, "/name").to_lowercase();
                if rules.contains(&name) || self.leads_to(rule, live) {
                    self.follow(&mut leads, "rule", rule);
                }
            }
        }
        let ours = leads.0.keys().filter_map(|key| key.strip_prefix("listener ")?.split('/').next().map(str::to_owned));
        let before = self.rivals(&ours.collect());
        let before = if before.is_empty() { "none".to_owned() } else { before.join("; ") };
        leads.0.insert(BEFORE_OURS.to_owned(), before);
        leads
    }

    /// Whether a rule leads to one of these pools, by itself or by its path map.
    fn leads_to(&self, rule: &Value, live: &[String]) -> bool {
        let is_live = |place: &Value, pointer: &str| {
            let pool = name_of(text(place, pointer));
            live.iter().any(|live| same_name(live, pool))
        };
        let map = name_of(text(rule, "/properties/urlPathMap/id"));
        let maps =
            self.parts("urlPathMaps").iter().filter(|found| !map.is_empty() && same_name(text(found, "/name"), map));
        is_live(rule, POOL)
            || maps.into_iter().any(|map| {
                is_live(map, "/properties/defaultBackendAddressPool/id")
                    || list(map, "/properties/pathRules").iter().any(|path| is_live(path, POOL))
            })
    }

    /// A part, and whatever it refers to.
    fn follow(&self, leads: &mut Leads, what: &str, part: &Value) {
        let key = format!("{what} {}", text(part, "/name").to_lowercase());
        self.flatten(leads, &key, &part["properties"]);
    }

    fn flatten(&self, leads: &mut Leads, key: &str, value: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(id) = members.get("id").and_then(Value::as_str) {
                    leads.0.insert(key.to_owned(), name_of(id).to_lowercase());
                    return self.refer(leads, id);
                }
                for (name, member) in members.iter().filter(|(name, _)| !IGNORED.contains(&name.as_str())) {
                    self.flatten(leads, &format!("{key}/{name}"), member);
                }
            }
            Value::Array(items) if items.iter().any(|item| item["name"].is_string()) => {
                for item in items {
                    let name = text(item, "/name").to_lowercase();
                    // The rules of a rewrite say what they do beside their name.
                    self.flatten(leads, &format!("{key}/{name}"), item.get("properties").unwrap_or(item));
                }
            }
            // A list of references leads to certificates, or back to where we come from.
            Value::Array(items) if items.iter().any(|item| item["id"].is_string()) => {}
            Value::Array(items) => {
                let mut words: Vec<_> = items.iter().map(in_words).collect();
                words.sort_unstable();
                self.flatten(leads, key, &Value::String(words.join(", ")));
            }
            Value::Null | Value::Bool(false) => {}
            Value::String(text) if text.is_empty() => {}
            Value::String(_) | Value::Number(_) | Value::Bool(true) => {
                leads.0.insert(key.to_owned(), in_words(value));
            }
        }
    }

    /// What a reference leads to: once each.
    fn refer(&self, leads: &mut Leads, id: &str) {
        let mut segments = id.trim_end_matches('/').rsplit('/');
        let (name, kind) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
        let Some((kind, what)) = FOLLOWED.iter().find(|(followed, _)| same_name(followed, kind)) else { return };
        let begins = format!("{what} {}/", name.to_lowercase());
        if leads.0.range(begins.clone()..).next().is_some_and(|(key, _)| key.starts_with(&begins)) {
            return;
        }
        if let Some(part) = self.part(kind, name) {
            self.follow(leads, what, part);
        }
    }
}

/// Listeners that take requests before those that lead to the live pools.
const BEFORE_OURS: &str = "listeners that come first";

const POOL: &str = "/properties/backendAddressPool/id";

/// What is followed from a rule, and its name for people. Pools are compared by their members, elsewhere.
const FOLLOWED: [(&str, &str); 10] = [
    ("httpListeners", "listener"),
    ("listeners", "listener"),
    ("frontendPorts", "port"),
    ("frontendIPConfigurations", "frontend"),
    ("urlPathMaps", "path map"),
    ("backendHttpSettingsCollection", "settings"),
    ("backendSettingsCollection", "settings"),
    ("probes", "probe"),
    ("redirectConfigurations", "redirect"),
    ("rewriteRuleSets", "rewrite"),
];

/// What the service renews, where a frontend lies, and certificates.
const IGNORED: [&str; 10] = [
    "etag",
    "privateIPAddress",
    "privateLinkConfiguration",
    "provisioningState",
    "publicIPAddress",
    "resourceGuid",
    "sslCertificate",
    "sslProfile",
    "subnet",
    "type",
];

fn in_words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn id(kind: &str, name: &str) -> Value {
        json!({"id": format!("/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw/{kind}/{name}")})
    }

    fn gateway() -> Value {
        json!({"properties": {
            "operationalState": "Running",
            "backendAddressPools": [{"name": "live", "properties": {"requestRoutingRules": [id("requestRoutingRules", "shop")]}}],
            "frontendPorts": [{"name": "https", "properties": {"port": 443}}],
            "httpListeners": [{"name": "shop", "etag": "1", "properties": {"protocol": "Https", "hostNames": ["b.example", "a.example"],
                "frontendPort": id("frontendPorts", "https"), "sslCertificate": id("sslCertificates", "one"),
                "requestRoutingRules": [id("requestRoutingRules", "shop")]}}],
            "backendHttpSettingsCollection": [{"name": "web", "properties": {"port": 80, "protocol": "Http"}}],
            "rewriteRuleSets": [{"name": "urls", "properties": {"rewriteRules": [{"name": "old", "ruleSequence": 100,
                "actionSet": {"urlConfiguration": {"modifiedPath": "/shop"}}}]}}],
            "urlPathMaps": [{"name": "paths", "properties": {"defaultBackendAddressPool": id("backendAddressPools", "other"),
                "pathRules": [{"name": "api", "properties": {"paths": ["/api/*"], "backendAddressPool": id("backendAddressPools", "live")}}]}}],
            "requestRoutingRules": [
                {"name": "shop", "properties": {"httpListener": id("httpListeners", "shop"), "backendAddressPool": id("backendAddressPools", "Live"),
                    "backendHttpSettings": id("backendHttpSettingsCollection", "web"), "rewriteRuleSet": id("rewriteRuleSets", "urls")}},
                {"name": "by-path", "properties": {"urlPathMap": id("urlPathMaps", "paths")}},
                {"name": "of-others", "properties": {"backendAddressPool": id("backendAddressPools", "payments")}}]}})
    }

    fn changes(change: impl FnOnce(&mut Value)) -> Option<String> {
        let live = ["live".to_owned()];
        let before = Gateway(gateway()).leads(&live);
        let mut after = gateway();
        change(&mut after["properties"]);
        before.changes(&Gateway(after), &live)
    }

    #[test]
    fn what_the_service_renews_is_no_change() {
        assert_eq!(changes(|_| {}), None);
        let renewed = changes(|it| {
            it["httpListeners"][0]["etag"] = json!("2");
            it["httpListeners"][0]["properties"]["provisioningState"] = json!("Updating");
            it["httpListeners"][0]["properties"]["hostNames"] = json!(["a.example", "b.example"]);
            it["httpListeners"][0]["properties"]["requireServerNameIndication"] = json!(false);
            it["httpListeners"][0]["properties"]["sslCertificate"] = id("sslCertificates", "two");
            it["backendAddressPools"][0]["properties"]["backendAddresses"] = json!([{"ipAddress": "10.0.0.1"}]);
            it["requestRoutingRules"].as_array_mut().unwrap().reverse();
            let small = it["requestRoutingRules"].to_string().replace("resourceGroups", "resourcegroups");
            it["requestRoutingRules"] = serde_json::from_str(&small).unwrap();
        });
        assert_eq!(renewed, None);
    }

    #[test]
    fn what_was_kept_before_rivals_were_looked_at_says_nothing_of_them() {
        let live = ["live".to_owned()];
        let mut before = Gateway(gateway()).leads(&live);
        before.0.remove(BEFORE_OURS);
        assert_eq!(before.changes(&Gateway(gateway()), &live), None);
    }

    #[test]
    fn a_binary_that_does_not_know_rivals_compares_the_rest_alone() {
        let live = ["live".to_owned()];
        let leads = Gateway(gateway()).leads(&live);
        let (rest, first) = leads.clone().apart();
        assert!(first.is_some() && !rest.0.contains_key(BEFORE_OURS));
        assert_eq!(rest.together(first.as_ref()), leads);
    }

    #[test]
    fn rules_of_others_are_theirs() {
        let of_others = |it: &mut Value| {
            it["requestRoutingRules"][2]["properties"]["backendAddressPool"] = id("backendAddressPools", "other");
        };
        assert_eq!(changes(of_others), None);
    }

    #[test]
    fn whatever_leads_users_elsewhere_is_said() {
        let said = |change: fn(&mut Value), words: &str| {
            let found = changes(change).unwrap_or_default();
            assert!(found.contains(words), "{words:?} is expected in {found:?}");
        };
        let rule =
            |it: &mut Value| it["requestRoutingRules"][0]["properties"]["backendAddressPool"] = id("x", "payments");
        said(rule, "rule shop/backendAddressPool: live before, payments now");
        said(
            |it| it["httpListeners"][0]["properties"]["hostNames"] = json!(["c.example"]),
            "listener shop/hostNames: a.example, b.example before, c.example now",
        );
        said(|it| it["frontendPorts"][0]["properties"]["port"] = json!(8443), "port https/port: 443 before, 8443 now");
        said(
            |it| it["urlPathMaps"][0]["properties"]["pathRules"] = json!([]),
            "path map paths/pathRules/api/paths: /api/* before, nothing now",
        );
        said(|it| it["requestRoutingRules"] = json!([]), "rule shop/httpListener: shop before, nothing now");
        said(
            |it| it["backendHttpSettingsCollection"][0]["properties"]["port"] = json!(81),
            "settings web/port: 80 before, 81 now",
        );
        said(
            |it| {
                let mut rival = it["httpListeners"][0].clone();
                (rival["name"], rival["properties"]["hostNames"]) = (json!("rival"), json!(["*.example"]));
                it["httpListeners"].as_array_mut().unwrap().push(rival);
                let mut rule = it["requestRoutingRules"][2].clone();
                (rule["name"], rule["properties"]["priority"]) = (json!("rival"), json!(10));
                rule["properties"]["httpListener"] = id("httpListeners", "rival");
                it["requestRoutingRules"].as_array_mut().unwrap().push(rule);
            },
            "listeners that come first: none before, rival for *.example now",
        );
        said(
            |it| {
                let rewrite = &mut it["rewriteRuleSets"][0]["properties"]["rewriteRules"][0];
                rewrite["actionSet"]["urlConfiguration"]["modifiedPath"] = json!("/away");
            },
            "rewrite urls/rewriteRules/old/actionSet/urlConfiguration/modifiedPath: /shop before, /away now",
        );
    }
}
