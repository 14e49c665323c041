//! The gateway's pools: which ones users' traffic goes to, and which one is for the tests.
use super::{Found, Serving, Sheet};
use crate::resources::answers::{list, number, same_id, same_name, text};
use crate::resources::gateway::{Gateway, Pool};
use crate::resources::led::Led;
use crate::resources::listening::Asked;
use serde_json::{Value, json};

pub(super) fn write(sheet: &mut Sheet, gateway: &Gateway, serving: &Serving<'_>) {
    let candidate = match candidate(gateway, serving) {
        Some((pool, led)) => {
            let (name, listener) = (pool.name(), text(led.listener, "/name"));
            match is_called_so(name) {
                true => sheet.note("/pools/candidate", &format!("Empty, and behind the listener {listener}.")),
                false => sheet.decide(
                    "/pools/candidate",
                    &format!(
                        "{name} is only a guess: empty, and behind the listener {listener}{}. The new cluster goes there \
                         before anything proves it, so users must not be led there.",
                        hosts(led.listener).first().map(|host| format!(" for {host}")).unwrap_or_default()
                    ),
                ),
            }
            json!(name)
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

/// The empty pool behind a listener that leads nowhere else, and how. One that is called so comes first.
fn candidate<'a>(gateway: &'a Gateway, serving: &Serving<'_>) -> Option<(Pool<'a>, Led<'a>)> {
    let is_free = |pool: &Pool<'_>| pool.members().is_empty() && !serving.pools.iter().any(|live| pool.is_named(live));
    let empty = gateway.pools().filter(is_free);
    let mut empty: Vec<_> = empty.filter_map(|pool| Some((pool, gateway.led_to(pool)?))).collect();
    empty.sort_by_key(|(pool, _)| !is_called_so(pool.name()));
    empty.into_iter().next()
}

fn is_called_so(name: &str) -> bool {
    name.to_lowercase().contains("candidate")
}

fn hosts(listener: &Value) -> Vec<&str> {
    let several = list(listener, "/properties/hostNames").iter().filter_map(Value::as_str);
    let single = Some(text(listener, "/properties/hostName")).filter(|host| !host.is_empty());
    single.into_iter().chain(several).collect()
}

/// Smoke tests ask the candidate's listener what the gateway's own probe asks.
pub(super) fn smoke_tests(sheet: &mut Sheet, found: &Found, serving: &Serving<'_>) {
    let gateway = &found.gateway;
    let url = candidate(gateway, serving).and_then(|(_, led)| url(found, led));
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
fn url(found: &Found, led: Led<'_>) -> Option<(String, Option<String>)> {
    let (gateway, listener) = (&found.gateway, led.listener);
    let settings = gateway.part("backendHttpSettingsCollection", led.settings);
    let probe = settings.and_then(|settings| gateway.part("probes", text(settings, "/properties/probe/id")));
    let path = probe.map(|probe| text(probe, "/properties/path")).filter(|path| path.starts_with('/')).unwrap_or("/");
    let path = if path.starts_with(led.path) { path } else { led.path };
    let host = hosts(listener).first().copied();
    let port = gateway.part("frontendPorts", text(listener, "/properties/frontendPort/id"));
    let port = port.and_then(|port| number(port, "/properties/port"));
    let is_tls = same_name(text(listener, "/properties/protocol"), "Https");
    let (scheme, usual) = if is_tls { ("https", 443) } else { ("http", 80) };
    let port = port.filter(|port| *port != usual).map(|port| format!(":{port}")).unwrap_or_default();
    let there = || Some(format!("{}{port}", address(found, listener)?));
    match (host, served(found)) {
        (Some(host), _) => {
            let url = format!("{scheme}://{host}{port}{path}");
            // Where another frontend has such a listener, too, the name does not say which one is asked.
            let public: Vec<_> = found.addresses.iter().collect();
            let ways = Asked::read(&url, None).map_or(0, |asked| asked.ways(&gateway.0, &public).len());
            let connect_to = if ways > 1 && !is_tls { there() } else { None };
            (!host.contains(['*', '?'])).then_some((url, connect_to))
        }
        (None, Some(host)) if !is_tls => Some((format!("http://{host}{port}{path}"), Some(there()?))),
        // No certificate is for an address.
        (None, _) if is_tls => None,
        (None, _) => Some((format!("{scheme}://{}{path}", there()?), None)),
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
    let frontend = found.gateway.part("frontendIPConfigurations", id)?;
    let id = text(frontend, "/properties/publicIPAddress/id");
    let public = found.addresses.iter().find(|address| !id.is_empty() && same_id(text(address, "/id"), id));
    let public = public.map_or("", |public| text(public, "/properties/ipAddress"));
    [public, text(frontend, "/properties/privateIPAddress")].into_iter().find(|found| !found.is_empty())
}
