//! The article's gateway: the shop's own parts, and parts and fields of somebody else that must survive every write. Pure data.
use super::layout::Article;
use serde_json::{Value, json};

pub(super) fn body(article: &Article) -> Value {
    let parts = Parts(article);
    json!({
        "location": article.location,
        "tags": {"team": "shop", "costCentre": "4711"},
        "zones": ["1", "2", "3"],
        "properties": {
            "sku": {"name": "WAF_v2", "tier": "WAF_v2", "family": "Generation_2"},
            "autoscaleConfiguration": {"minCapacity": 2, "maxCapacity": 10},
            "enableHttp2": true,
            "sslPolicy": {"policyType": "Predefined", "policyName": "AppGwSslPolicy20220101S"},
            "firewallPolicy": {"id": format!("/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies/waf", article.subscription, article.resource_group)},
            "gatewayIPConfigurations": [{"name": "gateway", "properties": {"subnet": {"id": article.gateway_subnet}}}],
            "frontendIPConfigurations": [{"name": "public", "properties": {"publicIPAddress": {"id": article.public_address}, "privateIPAllocationMethod": "Dynamic"}}],
            "frontendPorts": [{"name": "http", "properties": {"port": 80}}, {"name": "admin", "properties": {"port": 8443}}],
            "backendAddressPools": parts.pools(),
            "backendHttpSettingsCollection": parts.settings(),
            "probes": [{"name": "healthz", "properties": {
                "protocol": "Http", "host": article.host, "path": "/healthz", "interval": 5, "timeout": 5, "unhealthyThreshold": 2,
                "pickHostNameFromBackendHttpSettings": false, "minServers": 0, "match": {"statusCodes": ["200-399"]},
            }}],
            "httpListeners": [
                parts.listener("shop", json!(article.host)),
                parts.listener("candidate", json!(article.candidate_host)),
                parts.listener("payments", json!(["pay.example.com", "*.pay.example.com"])),
                parts.listener("old-shop", json!("old.shop.example.com")),
            ],
            "requestRoutingRules": parts.rules(),
            "urlPathMaps": parts.path_maps(),
            "redirectConfigurations": [{"name": "to-shop", "properties": {"redirectType": "Permanent", "targetListener": parts.to("httpListeners", "shop"), "includePath": true, "includeQueryString": true}}],
            "entraJWTValidationConfigs": [{"name": "staff", "properties": {"unAuthorizedRequestAction": "Deny", "tenantId": "11111111-1111-4111-8111-111111111111", "clientId": "44444444-4444-4444-8444-444444444444", "audiences": ["api://shop"]}}],
            "globalConfiguration": {"enableRequestBuffering": true, "enableResponseBuffering": true, "disableDefaultServerHeaderInResponse": true},
            "reservedCapacity": 3,
            "aSettingOfNextYear": {"keep": ["me", 1, 2.5, null]},
        },
    })
}

/// The gateway's parts, which refer to each other.
struct Parts<'article>(&'article Article);

impl Parts<'_> {
    /// A reference to a part.
    fn to(&self, collection: &str, name: &str) -> Value {
        json!({"id": format!("{}/{collection}/{name}", self.0.gateway)})
    }

    fn pools(&self) -> Value {
        let members: Vec<_> = self.0.blue_addresses.iter().map(|address| json!({"ipAddress": address})).collect();
        json!([
            {"name": self.0.live_pool, "properties": {"backendAddresses": members}},
            {"name": self.0.candidate_pool, "properties": {"backendAddresses": []}},
            {"name": "payments", "properties": {"backendAddresses": [{"ipAddress": "10.9.0.4"}, {"fqdn": "payments.internal.example.com"}]}},
        ])
    }

    fn settings(&self) -> Value {
        json!([
            {"name": "web", "properties": {
                "port": 80, "protocol": "Http", "cookieBasedAffinity": "Disabled", "requestTimeout": 30,
                "probe": self.to("probes", "healthz"), "connectionDraining": {"enabled": true, "drainTimeoutInSec": 60},
            }},
            {"name": "payments", "properties": {
                "port": 443, "protocol": "Https", "cookieBasedAffinity": "Enabled", "affinityCookieName": "payments", "requestTimeout": 120,
                "hostName": "payments.internal.example.com", "validateCertChainAndExpiry": true, "validateSNI": false, "dedicatedBackendConnection": true,
            }},
        ])
    }

    fn listener(&self, name: &str, hosts: Value) -> Value {
        let mut properties = json!({
            "frontendIPConfiguration": self.to("frontendIPConfigurations", "public"), "frontendPort": self.to("frontendPorts", "http"),
            "protocol": "Http", "requireServerNameIndication": false,
        });
        match hosts {
            Value::Array(_) => properties["hostNames"] = hosts,
            host => properties["hostName"] = host,
        }
        json!({"name": name, "properties": properties})
    }

    fn rules(&self) -> Value {
        let rule = |name: &str, priority: u32, pool: &str| {
            json!({"name": name, "properties": {
                "ruleType": "Basic", "priority": priority, "httpListener": self.to("httpListeners", name),
                "backendAddressPool": self.to("backendAddressPools", pool), "backendHttpSettings": self.to("backendHttpSettingsCollection", "web"),
            }})
        };
        json!([
            rule("shop", 100, &self.0.live_pool),
            rule("candidate", 110, &self.0.candidate_pool),
            {"name": "payments", "properties": {
                "ruleType": "PathBasedRouting", "priority": 120, "httpListener": self.to("httpListeners", "payments"), "urlPathMap": self.to("urlPathMaps", "payments"),
            }},
            {"name": "old-shop", "properties": {
                "ruleType": "Basic", "priority": 130, "httpListener": self.to("httpListeners", "old-shop"), "redirectConfiguration": self.to("redirectConfigurations", "to-shop"),
                "entraJWTValidationConfig": self.to("entraJWTValidationConfigs", "staff"),
            }},
        ])
    }

    fn path_maps(&self) -> Value {
        json!([{"name": "payments", "properties": {
            "defaultBackendAddressPool": self.to("backendAddressPools", "payments"), "defaultBackendHttpSettings": self.to("backendHttpSettingsCollection", "payments"),
            "pathRules": [{"name": "shop-api", "properties": {
                "paths": ["/shop/*"], "backendAddressPool": self.to("backendAddressPools", &self.0.live_pool), "backendHttpSettings": self.to("backendHttpSettingsCollection", "web"),
            }}],
        }}])
    }
}
