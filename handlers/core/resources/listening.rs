//! Where a request arrives at a gateway, and to which pool it is led from there: by frontend, port, protocol and host name,
//! then by the rule of the listener.
use crate::resources::answers::{list, number, same_id, same_name, text};
use http::Uri;
use serde_json::Value;
use std::net::{IpAddr, SocketAddr};
use wildmatch::WildMatch;

/// The parts of a request that a gateway looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    protocol: &'static str,
    host: String,
    /// The address that it is sent to, where that is known.
    address: Option<IpAddr>,
    /// The port that it is sent to.
    port: u16,
    /// The port that its URL names.
    named_port: u16,
    path: String,
}

/// One way that a request may take through a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way<'a> {
    /// The name of the frontend at which it arrives. Empty: the listener names none.
    pub frontend: &'a str,
    /// The name of the listener that takes it.
    pub listener: &'a str,
    /// Where its rule leads it.
    pub to: Leads<'a>,
}

/// Where a rule leads a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leads<'a> {
    /// To the pool of this id.
    Pool(&'a str),
    /// To another place: the gateway answers with a redirection.
    Away,
    /// The listener has no rule that counts.
    Nowhere,
}

impl Asked {
    /// A GET of this URL, perhaps sent to an address that it does not name. `None`: it is no URL of HTTP.
    #[must_use]
    pub fn read(url: &str, connect_to: Option<SocketAddr>) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let (protocol, usual) = match uri.scheme_str()? {
            "http" => ("Http", 80),
            "https" => ("Https", 443),
            _ => return None,
        };
        let host = uri.host()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        let named = host.parse().ok();
        let named_port = uri.port_u16().unwrap_or(usual);
        Some(Self {
            protocol,
            address: connect_to.map(|address| address.ip()).or(named),
            port: connect_to.map_or(named_port, |address| address.port()),
            named_port,
            host,
            path: uri.path().to_owned(),
        })
    }

    /// Every way that it may take: one for each frontend at which it may arrive and where a listener takes it. `public` are
    /// GETs of the gateway's public addresses, as far as they are known.
    #[must_use]
    pub fn ways<'a>(&self, gateway: &'a Value, public: &[&Value]) -> Vec<Way<'a>> {
        let listeners = list(gateway, "/properties/httpListeners");
        let mut frontends: Vec<&str> = vec![];
        for id in listeners.iter().map(frontend_of) {
            if !frontends.iter().any(|known| same_id(known, id)) {
                frontends.push(id);
            }
        }
        let reached: Vec<_> =
            frontends.iter().copied().filter(|id| self.is_for(&Frontend::of(gateway, id, public))).collect();
        // An address that nobody here has may be translated on its way, and its port too: it may arrive at any of them.
        let translated = reached.is_empty();
        let possible = if translated { frontends } else { reached };
        let way = |id: &'a str| {
            let sent = || self.listener(gateway, id, self.port);
            let named = || translated.then(|| self.listener(gateway, id, self.named_port)).flatten();
            let listener = sent().or_else(named)?;
            let frontend = part(gateway, "frontendIPConfigurations", id).map_or("", |frontend| text(frontend, "/name"));
            Some(Way { frontend, listener: text(listener, "/name"), to: self.leads(gateway, listener) })
        };
        possible.into_iter().filter_map(way).collect()
    }

    /// Whether it is certain that it arrives there.
    fn is_for(&self, frontend: &Frontend<'_>) -> bool {
        match self.address {
            Some(address) => frontend.addresses.contains(&address),
            None => !frontend.name.is_empty() && same_name(frontend.name, &self.host),
        }
    }

    /// The listener of a frontend that takes it: by the priorities of their rules. Where those say nothing, an exact host
    /// name wins over a pattern, and a pattern over none.
    ///
    /// <https://learn.microsoft.com/azure/application-gateway/multiple-site-overview#request-routing-rules-evaluation-order>
    fn listener<'a>(&self, gateway: &'a Value, frontend: &str, port: u16) -> Option<&'a Value> {
        let fits = |listener: &&Value| {
            let own = part(gateway, "frontendPorts", text(listener, "/properties/frontendPort/id"));
            let own = own.and_then(|own| number(own, "/properties/port"));
            same_id(frontend_of(listener), frontend)
                && same_name(text(listener, "/properties/protocol"), self.protocol)
                && own.is_none_or(|own| own == u64::from(port))
        };
        let listeners = list(gateway, "/properties/httpListeners").iter().filter(fits);
        let ranked = listeners.filter_map(|listener| Some((listener, self.rank(listener)?)));
        let order = |(listener, rank): &(&Value, u8)| (rule(gateway, listener).map_or(u64::MAX, priority), *rank);
        ranked.min_by_key(order).map(|(listener, _)| listener)
    }

    fn rank(&self, listener: &Value) -> Option<u8> {
        let names = host_names(listener);
        if names.is_empty() {
            return Some(2);
        }
        let rank = |name: &&str| {
            let fits = || WildMatch::new_case_insensitive(name).matches(&self.host).then_some(1);
            if same_name(name, &self.host) { Some(0) } else { fits() }
        };
        names.iter().filter_map(rank).min()
    }

    /// Where the listener's rule leads this path.
    fn leads<'a>(&self, gateway: &'a Value, listener: &Value) -> Leads<'a> {
        let Some(rule) = rule(gateway, listener) else { return Leads::Nowhere };
        let map = text(rule, "/properties/urlPathMap/id");
        if map.is_empty() {
            return to(rule, "/properties/backendAddressPool/id", "/properties/redirectConfiguration/id");
        }
        let Some(map) = part(gateway, "urlPathMaps", map) else { return Leads::Nowhere };
        let takes = |rule: &&Value| {
            let patterns = list(rule, "/properties/paths").iter().filter_map(Value::as_str);
            patterns.into_iter().any(|pattern| WildMatch::new_case_insensitive(pattern).matches(&self.path))
        };
        match list(map, "/properties/pathRules").iter().find(takes) {
            Some(rule) => to(rule, "/properties/backendAddressPool/id", "/properties/redirectConfiguration/id"),
            None => to(map, "/properties/defaultBackendAddressPool/id", "/properties/defaultRedirectConfiguration/id"),
        }
    }
}

/// What is known of the place where requests arrive.
struct Frontend<'a> {
    addresses: Vec<IpAddr>,
    /// The name that Azure gave its address.
    name: &'a str,
}

impl<'a> Frontend<'a> {
    fn of(gateway: &Value, id: &str, public: &[&'a Value]) -> Self {
        let unknown = Self { addresses: vec![], name: "" };
        let Some(frontend) = part(gateway, "frontendIPConfigurations", id) else { return unknown };
        let own = text(frontend, "/properties/publicIPAddress/id");
        let public = public.iter().find(|address| !own.is_empty() && same_id(text(address, "/id"), own));
        let texts = [
            text(frontend, "/properties/privateIPAddress"),
            public.map_or("", |public| text(public, "/properties/ipAddress")),
        ];
        Self {
            addresses: texts.iter().filter_map(|text| text.parse().ok()).collect(),
            name: public.map_or("", |public| text(public, "/properties/dnsSettings/fqdn")),
        }
    }
}

/// The host names and patterns that a listener is for. None: any.
pub(super) fn host_names(listener: &Value) -> Vec<&str> {
    let names = list(listener, "/properties/hostNames").iter().filter_map(Value::as_str);
    names.chain(Some(text(listener, "/properties/hostName")).filter(|name| !name.is_empty())).collect()
}

fn frontend_of(listener: &Value) -> &str {
    text(listener, "/properties/frontendIPConfiguration/id")
}

fn part<'a>(gateway: &'a Value, collection: &str, id: &str) -> Option<&'a Value> {
    let parts = list(gateway, &format!("/properties/{collection}"));
    parts.iter().find(|part| !id.is_empty() && same_id(text(part, "/id"), id))
}

/// The rule of a listener that counts: the one with the lowest number.
fn rule<'a>(gateway: &'a Value, listener: &Value) -> Option<&'a Value> {
    let rules = list(gateway, "/properties/requestRoutingRules").iter();
    let rules = rules.filter(|rule| same_id(text(rule, "/properties/httpListener/id"), text(listener, "/id")));
    rules.min_by_key(|rule| priority(rule))
}

pub(super) fn priority(rule: &Value) -> u64 {
    number(rule, "/properties/priority").unwrap_or(u64::MAX)
}

fn to<'a>(place: &'a Value, pool: &str, redirect: &str) -> Leads<'a> {
    match (text(place, pool), text(place, redirect)) {
        ("", "") => Leads::Nowhere,
        ("", _) => Leads::Away,
        (pool, _) => Leads::Pool(pool),
    }
}
