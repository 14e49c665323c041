//! The candidate pool is behind the listener that the smoke tests ask, so that they test the new cluster.
use super::Finding;
use crate::plan::Plan;
use crate::resources::answers::{list, name_of, number, same_id, same_name, text};
use serde_json::Value;
use wildmatch::WildMatch;

const SUBJECT: &str = "candidate listener";

pub(super) fn check(plan: &Plan, gateway: &Value) -> Vec<Finding> {
    let candidate = &plan.site.pools.candidate;
    let remedy = format!("bind the pool {candidate} to a listener of its own, and let the smoke tests ask that one");
    let judge = |url: &str| {
        let asked = Asked::read(url)?;
        let Some(listener) = asked.listener(gateway) else {
            return Some(format!("{url} is expected to reach the gateway, but no listener answers it"));
        };
        let name = text(listener, "/name");
        match asked.pool(gateway, listener) {
            Some(pool) if same_name(name_of(pool), candidate) => None,
            Some(pool) => Some(format!(
                "{url} is expected to reach the pool {candidate}, but the listener {name} leads it to {}",
                name_of(pool)
            )),
            None => {
                Some(format!("{url} is expected to reach the pool {candidate}, but the listener {name} has no rule"))
            }
        }
    };
    let tests = plan.site.smoke_tests.iter();
    tests.filter_map(|test| judge(&test.url)).map(|what| Finding::wrong(SUBJECT, what, remedy.clone())).collect()
}

/// The parts of a URL that a gateway looks at.
struct Asked<'a> {
    protocol: &'static str,
    host: &'a str,
    port: u64,
    path: &'a str,
}

impl<'a> Asked<'a> {
    /// `None` for what is no URL: the site file was checked.
    fn read(url: &'a str) -> Option<Self> {
        let (protocol, usual_port, rest) = match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
            (Some(rest), _) => ("Http", 80, rest),
            (None, Some(rest)) => ("Https", 443, rest),
            (None, None) => return None,
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (authority, usual_port),
        };
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let path = if path.is_empty() { "/" } else { path };
        Some(Self { protocol, host, port, path })
    }

    /// The listener that takes it: an exact host name wins over a pattern, and a pattern over none.
    fn listener<'b>(&self, gateway: &'b Value) -> Option<&'b Value> {
        let fits = |listener: &&Value| {
            text(listener, "/properties/protocol").eq_ignore_ascii_case(self.protocol)
                && port(gateway, listener).is_none_or(|port| port == self.port)
        };
        let listeners = list(gateway, "/properties/httpListeners").iter().filter(fits);
        let ranked = listeners.filter_map(|listener| self.rank(listener).map(|rank| (rank, listener)));
        ranked.min_by_key(|(rank, _)| *rank).map(|(_, listener)| listener)
    }

    fn rank(&self, listener: &Value) -> Option<u8> {
        let names = list(listener, "/properties/hostNames").iter().filter_map(Value::as_str);
        let single = Some(text(listener, "/properties/hostName")).filter(|name| !name.is_empty());
        let names: Vec<_> = names.chain(single).collect();
        if names.is_empty() {
            return Some(2);
        }
        let ranks = names.iter().filter_map(|name| {
            if name.eq_ignore_ascii_case(self.host) {
                Some(0)
            } else {
                WildMatch::new_case_insensitive(name).matches(self.host).then_some(1)
            }
        });
        ranks.min()
    }

    /// The pool to which the listener's rule leads this path.
    fn pool<'b>(&self, gateway: &'b Value, listener: &Value) -> Option<&'b str> {
        let rules = list(gateway, "/properties/requestRoutingRules").iter();
        let rule = rules
            .filter(|rule| same_id(text(rule, "/properties/httpListener/id"), text(listener, "/id")))
            .min_by_key(|rule| number(rule, "/properties/priority").unwrap_or(u64::MAX))?;
        let map = text(rule, "/properties/urlPathMap/id");
        if map.is_empty() {
            return Some(text(rule, "/properties/backendAddressPool/id"));
        }
        let map = list(gateway, "/properties/urlPathMaps").iter().find(|known| same_id(text(known, "/id"), map))?;
        let takes = |rule: &&Value| {
            let patterns = list(rule, "/properties/paths").iter().filter_map(Value::as_str);
            patterns.into_iter().any(|pattern| WildMatch::new_case_insensitive(pattern).matches(self.path))
        };
        let rule = list(map, "/properties/pathRules").iter().find(takes);
        Some(rule.map_or(text(map, "/properties/defaultBackendAddressPool/id"), |rule| {
            text(rule, "/properties/backendAddressPool/id")
        }))
    }
}

fn port(gateway: &Value, listener: &Value) -> Option<u64> {
    let id = text(listener, "/properties/frontendPort/id");
    let ports = list(gateway, "/properties/frontendPorts");
    number(ports.iter().find(|port| same_id(text(port, "/id"), id))?, "/properties/port")
}
