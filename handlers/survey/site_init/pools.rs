//! The gateway's pools: which ones users' traffic goes to, and which one is for the tests.
use super::{Found, Serving, Sheet};
use crate::resources::answers::{list, number, same_id, text};
use crate::resources::gateway::{Gateway, Pool};
use serde_json::{Value, json};

pub(super) fn write(sheet: &mut Sheet, gateway: &Gateway, serving: &Serving<'_>) {
    let candidate = match candidate(gateway, serving) {
        Some((pool, listener)) => {
            sheet.note("/pools/candidate", &format!("Empty, and behind the listener {}.", text(listener, "/name")));
            json!(pool)
        }
        None => {
            sheet.undecided("/pools/candidate", "an empty pool behind a listener of its own: the gateway has none yet")
        }
    };
    let differ = serving.pools.iter().any(|name| gateway.pool(name).is_some_and(|pool| !holds_as_many(pool, serving)));
    if differ {
        sheet.decide(
            "/pools/live",
            "these pools do not hold the same members; a live pool holds exactly a slot's addresses.",
        );
    } else {
        sheet.note("/pools/live", "Each holds the serving cluster's addresses.");
    }
    sheet.set("pools", json!({"live": serving.pools, "candidate": candidate}));
}

/// Whether it has as many members as all live pools together, and all of them are addresses.
fn holds_as_many(pool: Pool<'_>, serving: &Serving<'_>) -> bool {
    pool.members().len() == serving.addresses.len() && pool.addresses().count() == serving.addresses.len()
}

/// The empty pool behind a listener that leads nowhere else, and that listener. One that is called so comes first.
fn candidate<'a>(gateway: &'a Gateway, serving: &Serving<'_>) -> Option<(&'a str, &'a Value)> {
    let is_free = |pool: &Pool<'_>| pool.members().is_empty() && !serving.pools.iter().any(|live| pool.is_named(live));
    let empty = gateway.pools().filter(is_free);
    let mut empty: Vec<_> = empty.filter_map(|pool| Some((pool.name(), listener(gateway, pool)?))).collect();
    empty.sort_by_key(|(name, _)| !name.to_lowercase().contains("candidate"));
    empty.into_iter().next()
}

fn rule<'a>(gateway: &'a Gateway, pool: Pool<'_>) -> Option<&'a Value> {
    let leads = |rule: &&Value| same_id(text(rule, "/properties/backendAddressPool/id"), pool.id());
    list(&gateway.0, "/properties/requestRoutingRules").iter().find(leads)
}

fn listener<'a>(gateway: &'a Gateway, pool: Pool<'_>) -> Option<&'a Value> {
    by_id(gateway, "httpListeners", text(rule(gateway, pool)?, "/properties/httpListener/id"))
}

fn by_id<'a>(gateway: &'a Gateway, collection: &str, id: &str) -> Option<&'a Value> {
    let all = list(&gateway.0, &format!("/properties/{collection}"));
    all.iter().find(|part| !id.is_empty() && same_id(text(part, "/id"), id))
}

/// Smoke tests ask the candidate's listener what the gateway's own probe asks.
pub(super) fn smoke_tests(sheet: &mut Sheet, found: &Found, serving: &Serving<'_>) {
    let gateway = &found.gateway;
    let url = candidate(gateway, serving).and_then(|(name, listener)| url(found, gateway.pool(name)?, listener));
    let mut test = json!({"url": "", "status": 200});
    match url {
        Some((url, connect_to)) => {
            sheet.decide(
                "/smokeTests",
                "what proves a new cluster before traffic moves. This asks what the gateway's probe asks.",
            );
            test["url"] = json!(url);
            if let Some(address) = connect_to {
                test["connectTo"] = json!(address);
            }
        }
        None => test["url"] = sheet.undecided("/smokeTests/0/url", "a URL that reaches the candidate's listener"),
    }
    sheet.set("smokeTests", json!([test]));
}

/// A URL behind a listener, and the address to connect to where the listener has no host name: it takes every one, and
/// an ingress only its own.
fn url(found: &Found, pool: Pool<'_>, listener: &Value) -> Option<(String, Option<String>)> {
    let gateway = &found.gateway;
    let rule = rule(gateway, pool)?;
    let settings = by_id(gateway, "backendHttpSettingsCollection", text(rule, "/properties/backendHttpSettings/id"));
    let probe = settings.and_then(|settings| by_id(gateway, "probes", text(settings, "/properties/probe/id")));
    let path = probe.map(|probe| text(probe, "/properties/path")).filter(|path| path.starts_with('/')).unwrap_or("/");
    let host = Some(text(listener, "/properties/hostName")).filter(|host| !host.is_empty());
    let host = host.or_else(|| list(listener, "/properties/hostNames").first()?.as_str());
    let port = by_id(gateway, "frontendPorts", text(listener, "/properties/frontendPort/id"));
    let port = port.and_then(|port| number(port, "/properties/port"));
    let (scheme, usual) = if text(listener, "/properties/protocol").eq_ignore_ascii_case("Https") {
        ("https", 443)
    } else {
        ("http", 80)
    };
    let port = port.filter(|port| *port != usual).map(|port| format!(":{port}")).unwrap_or_default();
    match (host, served(found)) {
        (Some(host), _) => (!host.contains(['*', '?'])).then(|| (format!("{scheme}://{host}{port}{path}"), None)),
        (None, Some(host)) if scheme == "http" => {
            Some((format!("http://{host}{port}{path}"), Some(format!("{}{port}", address(found, listener)?))))
        }
        // No certificate is for an address.
        (None, _) if scheme == "https" => None,
        (None, _) => Some((format!("{scheme}://{}{port}{path}", address(found, listener)?), None)),
    }
}

/// The first host name that an ingress of the serving cluster has rules for.
fn served(found: &Found) -> Option<&str> {
    let rules = found.objects.iter().flatten().flat_map(|object| list(object, "/spec/rules"));
    rules.map(|rule| text(rule, "/host")).find(|host| !host.is_empty() && !host.contains('*'))
}

/// The address at which a listener listens.
fn address<'a>(found: &'a Found, listener: &Value) -> Option<&'a str> {
    let id = text(listener, "/properties/frontendIPConfiguration/id");
    let frontend = by_id(&found.gateway, "frontendIPConfigurations", id)?;
    let id = text(frontend, "/properties/publicIPAddress/id");
    let public = found.addresses.iter().find(|address| !id.is_empty() && same_id(text(address, "/id"), id));
    let public = public.map_or("", |public| text(public, "/properties/ipAddress"));
    [public, text(frontend, "/properties/privateIPAddress")].into_iter().find(|found| !found.is_empty())
}
