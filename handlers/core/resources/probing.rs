//! What a gateway asks the members of a pool for, to find them healthy: by the settings and the probe of each way that leads
//! to the pool.
//!
//! <https://learn.microsoft.com/azure/application-gateway/application-gateway-probe-overview>
use crate::resources::answers::{is_true, list, name_of, number, same_name, text};
use crate::resources::gateway::Gateway;
use serde_json::Value;
use std::collections::BTreeSet;

/// What a probe of the gateway's own asks for where nothing else is said.
const USUAL_HOST: &str = "127.0.0.1";

impl Gateway {
    /// What members of these pools are asked for, in words, once each.
    #[must_use]
    pub fn asks(&self, pools: &[String]) -> BTreeSet<String> {
        let is_meant = |id: &str| pools.iter().any(|pool| same_name(pool, name_of(id)));
        let ways = self.ways_to_pools();
        ways.into_iter()
            .filter(|(pool, _)| is_meant(pool))
            .filter_map(|(_, settings)| self.question(settings))
            .collect()
    }

    /// Each pool that something leads to, with the settings of that way.
    fn ways_to_pools(&self) -> Vec<(&str, &str)> {
        let way =
            |part| (text(part, "/properties/backendAddressPool/id"), text(part, "/properties/backendHttpSettings/id"));
        let mut ways: Vec<_> = self.parts("requestRoutingRules").iter().map(way).collect();
        for map in self.parts("urlPathMaps") {
            ways.push((
                text(map, "/properties/defaultBackendAddressPool/id"),
                text(map, "/properties/defaultBackendHttpSettings/id"),
            ));
            ways.extend(list(map, "/properties/pathRules").iter().map(way));
        }
        ways.retain(|(pool, settings)| !pool.is_empty() && !settings.is_empty());
        ways
    }

    /// `None`: there are no such settings.
    fn question(&self, settings: &str) -> Option<String> {
        let settings = self.part("backendHttpSettingsCollection", settings)?;
        let probe = text(settings, "/properties/probe/id");
        let probe = if probe.is_empty() { &Value::Null } else { self.part("probes", probe)? };
        let own = |pointer: &str| text(settings, pointer).to_owned();
        let asked = |pointer: &str, usual: String| {
            Some(text(probe, pointer).to_owned()).filter(|it| !it.is_empty()).unwrap_or(usual)
        };
        let usual = if is_true(settings, "/properties/pickHostNameFromBackendAddress") {
            "the member".to_owned()
        } else {
            Some(own("/properties/hostName")).filter(|it| !it.is_empty()).unwrap_or_else(|| USUAL_HOST.to_owned())
        };
        let protocol = asked("/properties/protocol", own("/properties/protocol")).to_lowercase();
        let port =
            number(probe, "/properties/port").or_else(|| number(settings, "/properties/port")).unwrap_or_default();
        let path = asked("/properties/path", "/".to_owned());
        let codes = list(probe, "/properties/match/statusCodes")
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        let expected = if codes.is_empty() { String::new() } else { format!(" for {codes}") };
        Some(format!("{protocol}://{}:{port}{path}{expected}", asked("/properties/host", usual).to_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn gateway() -> Gateway {
        let id = |name: &str| json!({"id": format!("/x/{name}")});
        Gateway(json!({"properties": {
            "probes": [{"name": "shop", "properties": {"protocol": "Http", "host": "shop.example", "path": "/healthz",
                "match": {"statusCodes": ["200-399"]}}}],
            "backendHttpSettingsCollection": [
                {"name": "web", "properties": {"port": 80, "protocol": "Http", "probe": id("Shop")}},
                {"name": "plain", "properties": {"port": 8080, "protocol": "Http"}},
                {"name": "named", "properties": {"port": 443, "protocol": "Https", "hostName": "Shop.Example"}},
                {"name": "itself", "properties": {"port": 443, "protocol": "Https", "pickHostNameFromBackendAddress": true}}],
            "urlPathMaps": [{"name": "paths", "properties": {"defaultBackendAddressPool": id("rest"),
                "defaultBackendHttpSettings": id("named"), "pathRules": [{"name": "api", "properties": {
                    "backendAddressPool": id("api"), "backendHttpSettings": id("itself")}}]}}],
            "requestRoutingRules": [
                {"name": "one", "properties": {"backendAddressPool": id("Live"), "backendHttpSettings": id("WEB")}},
                {"name": "two", "properties": {"backendAddressPool": id("live"), "backendHttpSettings": id("web")}},
                {"name": "three", "properties": {"backendAddressPool": id("candidate"), "backendHttpSettings": id("plain")}},
                {"name": "by-path", "properties": {"urlPathMap": id("paths")}}]}}))
    }

    fn asks(pool: &str) -> Vec<String> {
        gateway().asks(&[pool.to_owned()]).into_iter().collect()
    }

    #[test]
    fn a_probe_is_told_by_its_settings_and_by_what_is_usual() {
        assert_eq!(asks("live"), ["http://shop.example:80/healthz for 200-399"]);
        assert_eq!(asks("candidate"), ["http://127.0.0.1:8080/"]);
        assert_eq!(asks("REST"), ["https://shop.example:443/"]);
        assert_eq!(asks("api"), ["https://the member:443/"]);
        assert_eq!(asks("nobody"), [""; 0]);
    }
}
