//! How requests come to a pool: the first rule that leads there, by itself or by its path map.
use crate::resources::answers::{list, same_id, text};
use crate::resources::gateway::{Gateway, Pool};
use serde_json::Value;

/// How requests are led to a pool.
#[derive(Clone, Copy, Debug)]
pub struct Led<'a> {
    /// Where they arrive.
    pub listener: &'a Value,
    /// The id of the settings by which the pool's members are spoken to.
    pub settings: &'a str,
    /// What paths begin with that are led there; empty: whatever is led nowhere else.
    pub path: &'a str,
}

impl Gateway {
    /// How requests are led to a pool; `None`: none are.
    #[must_use]
    pub fn led_to(&self, pool: Pool<'_>) -> Option<Led<'_>> {
        self.parts("requestRoutingRules").iter().find_map(|rule| self.by_rule(rule, pool))
    }

    fn by_rule<'a>(&'a self, rule: &'a Value, pool: Pool<'_>) -> Option<Led<'a>> {
        let is_it = |place: &Value, at: &str| same_id(text(place, at), pool.id());
        let listener = self.part("httpListeners", text(rule, "/properties/httpListener/id"))?;
        let led = |settings, path| Some(Led { listener, settings, path });
        if is_it(rule, "/properties/backendAddressPool/id") {
            return led(text(rule, "/properties/backendHttpSettings/id"), "");
        }
        let map = self.part("urlPathMaps", text(rule, "/properties/urlPathMap/id"))?;
        if is_it(map, "/properties/defaultBackendAddressPool/id") {
            return led(text(map, "/properties/defaultBackendHttpSettings/id"), "");
        }
        let mut paths = list(map, "/properties/pathRules").iter();
        let path = paths.find(|path| is_it(path, "/properties/backendAddressPool/id"))?;
        let first = list(path, "/properties/paths").first().and_then(Value::as_str).unwrap_or_default();
        led(text(path, "/properties/backendHttpSettings/id"), first.trim_end_matches('*'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn id(kind: &str, name: &str) -> Value {
        json!({"id": format!("/gateways/it/{kind}/{name}")})
    }

    #[test]
    fn a_pool_is_reached_by_a_rule_or_by_a_path() {
        let pool = |name: &str| json!({"name": name, "id": id("backendAddressPools", name)["id"]});
        let gateway = Gateway(json!({"properties": {
            "backendAddressPools": [pool("live"), pool("api"), pool("idle")],
            "httpListeners": [{"name": "https"}],
            "urlPathMaps": [{"name": "paths", "properties": {
                "defaultBackendAddressPool": id("backendAddressPools", "LIVE"),
                "pathRules": [{"properties": {"paths": ["/api/*"], "backendAddressPool": id("backendAddressPools", "api"),
                    "backendHttpSettings": id("backendHttpSettingsCollection", "https")}}]}}],
            "requestRoutingRules": [{"properties": {"httpListener": id("httpListeners", "HTTPS"), "urlPathMap": id("urlPathMaps", "paths")}}],
        }}));
        let led = |name: &str| gateway.led_to(gateway.pool(name).unwrap());
        assert_eq!(led("live").map(|led| led.path), Some(""));
        assert_eq!(led("api").map(|led| (led.path, led.settings.rsplit('/').next())), Some(("/api/", Some("https"))));
        assert!(led("idle").is_none());
    }
}
