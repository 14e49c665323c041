//! A gateway's effective configuration, compiled once a write: which listener, rule, pool and settings serve a request. Pure.
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

/// What a gateway does with users' requests.
#[derive(Clone, Debug, Default)]
pub struct Routing {
    /// The write that it comes from.
    pub number: u64,
    /// Since when it has been in effect.
    pub since: Timestamp,
    /// Each pair of pool and settings that a rule uses.
    pub backends: Vec<Backend>,
    /// By port, in the order of their rules' priorities.
    ports: Vec<(u16, Listeners)>,
}

/// The listeners of one port.
#[derive(Clone, Debug, Default)]
struct Listeners {
    exact: HashMap<String, Route>,
    wildcards: Vec<(String, Route)>,
    catch_all: Option<Route>,
}

/// A pool together with the settings by which it is spoken to.
#[derive(Clone, Debug, Default)]
pub struct Backend {
    /// The pool's id.
    pub pool: String,
    /// The settings' id.
    pub settings: String,
    /// The host name that the backends are asked for, if the settings change it.
    pub host: Option<String>,
    /// How long a backend may take to answer.
    pub request_timeout: Duration,
    /// How long requests under way may go on after their member, or the configuration that they came by, has gone.
    pub drain: Duration,
    /// The name of the cookie that binds a user to a member, if the settings ask for it.
    pub affinity: Option<String>,
    /// How their health is found out.
    pub probe: Probe,
    /// The pool's members.
    pub members: Vec<Member>,
}

/// One member of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The address or host name as it was written.
    pub address: String,
    /// The address; `None` for a host name, which nobody resolves here.
    pub ip: Option<IpAddr>,
}

/// A health probe.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The path that is asked.
    pub path: String,
    /// The host name that is asked for; `None`: the one of the settings, or the member's address.
    pub host: Option<String>,
    /// The time between two probes.
    pub interval: SignedDuration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// So many failures in a row make a member unhealthy; one success makes it healthy again.
    pub threshold: u32,
    /// The statuses that count as success, first and last.
    pub statuses: Vec<(u16, u16)>,
}

impl Default for Probe {
    fn default() -> Self {
        Self {
            path: "/".into(),
            host: None,
            interval: SignedDuration::from_secs(30),
            timeout: Duration::from_secs(30),
            threshold: 3,
            statuses: vec![(200, 399)],
        }
    }
}

impl Probe {
    /// Whether this status counts as success.
    #[must_use]
    pub fn accepts(&self, status: u16) -> bool {
        self.statuses.iter().any(|(first, last)| (*first..=*last).contains(&status))
    }
}

#[derive(Clone, Debug, Default)]
struct Route {
    /// The priority of its rule: the lowest number of those that fit a request counts.
    priority: u64,
    paths: Vec<(String, bool, Option<usize>)>,
    otherwise: Option<usize>,
}

impl Routing {
    /// Compiles a gateway's body.
    #[must_use]
    pub fn of(body: &Value, number: u64, since: Timestamp) -> Self {
        let mut routing = Self { number, since, ..Self::default() };
        let mut rules: Vec<&Value> = all(body, "requestRoutingRules").collect();
        rules.sort_by_key(|rule| rule["properties"]["priority"].as_u64().unwrap_or(u64::MAX));
        for rule in rules {
            let Some(listener) = part(body, &rule["properties"]["httpListener"]) else { continue };
            let priority = rule["properties"]["priority"].as_u64().unwrap_or(u64::MAX);
            let route = Route { priority, ..routing.route(body, &rule["properties"]) };
            let listener = &listener["properties"];
            let listeners = routing.at(port(body, listener));
            let names = listener["hostNames"].as_array().into_iter().flatten().chain(Some(&listener["hostName"]));
            let names: Vec<_> =
                names.filter_map(Value::as_str).filter(|name| !name.is_empty()).map(str::to_lowercase).collect();
            if names.is_empty() {
                listeners.catch_all.get_or_insert(route);
                continue;
            }
            for name in names {
                match name.strip_prefix('*') {
                    Some(end) => listeners.wildcards.push((end.into(), route.clone())),
                    None => {
                        listeners.exact.entry(name).or_insert_with(|| route.clone());
                    }
                }
            }
        }
        routing
    }

    /// The backend for a request. `None`: no listener is for this host and port. `Some(None)`: the rule leads to no pool.
    ///
    /// Without a port: the first port that has a listener for the host, as for a caller who knows the host alone.
    #[must_use]
    pub fn backend(&self, host: &str, port: Option<u16>, path: &str) -> Option<Option<usize>> {
        let fits = |own: &u16| port.is_none_or(|port| port == *own);
        let listeners = self.ports.iter().filter(|(own, _)| fits(own));
        let route = listeners.map(|(_, listeners)| listeners).find_map(|listeners| listeners.route(host))?;
        let fits = |(prefix, whole, _): &&(String, bool, _)| {
            if *whole { path.eq_ignore_ascii_case(prefix) } else { path.to_lowercase().starts_with(prefix.as_str()) }
        };
        Some(route.paths.iter().find(fits).map_or(route.otherwise, |(_, _, backend)| *backend))
    }

    fn at(&mut self, port: u16) -> &mut Listeners {
        let found = self.ports.iter().position(|(own, _)| *own == port);
        let at = found.unwrap_or_else(|| {
            self.ports.push((port, Listeners::default()));
            self.ports.len() - 1
        });
        &mut self.ports[at].1
    }

    fn route(&mut self, body: &Value, rule: &Value) -> Route {
        let Some(map) = part(body, &rule["urlPathMap"]) else {
            let otherwise = self.backend_of(body, &rule["backendAddressPool"], &rule["backendHttpSettings"]);
            return Route { otherwise, ..Route::default() };
        };
        let map = &map["properties"];
        let otherwise = self.backend_of(body, &map["defaultBackendAddressPool"], &map["defaultBackendHttpSettings"]);
        let mut paths = vec![];
        for rule in map["pathRules"].as_array().into_iter().flatten() {
            let rule = &rule["properties"];
            let backend = self.backend_of(body, &rule["backendAddressPool"], &rule["backendHttpSettings"]);
            for path in rule["paths"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                match path.strip_suffix('*') {
                    Some(prefix) => paths.push((prefix.to_lowercase(), false, backend)),
                    None => paths.push((path.to_lowercase(), true, backend)),
                }
            }
        }
        Route { paths, otherwise, ..Route::default() }
    }

    fn backend_of(&mut self, body: &Value, pool: &Value, settings: &Value) -> Option<usize> {
        let backend = backend(body, part(body, pool)?, part(body, settings)?);
        let same = |known: &Backend| known.pool == backend.pool && known.settings == backend.settings;
        Some(self.backends.iter().position(same).unwrap_or_else(|| {
            self.backends.push(backend);
            self.backends.len() - 1
        }))
    }
}

impl Listeners {
    /// <https://learn.microsoft.com/azure/application-gateway/multiple-site-overview#request-routing-rules-evaluation-order>
    fn route(&self, host: &str) -> Option<&Route> {
        let exact = self.exact.get(host);
        let wildcard = self.wildcards.iter().find(|(end, _)| host.ends_with(end.as_str())).map(|(_, route)| route);
        let found = [exact, wildcard, self.catch_all.as_ref()];
        found.into_iter().flatten().min_by_key(|route| route.priority)
    }
}

/// The port of a listener: that of its protocol where it names none.
fn port(body: &Value, listener: &Value) -> u16 {
    let own = part(body, &listener["frontendPort"]).and_then(|port| port["properties"]["port"].as_u64());
    let is_tls = listener["protocol"].as_str().is_some_and(|protocol| protocol.eq_ignore_ascii_case("https"));
    own.and_then(|port| u16::try_from(port).ok()).unwrap_or(if is_tls { 443 } else { 80 })
}

/// A pool spoken to by these settings.
pub(super) fn backend(body: &Value, pool: &Value, settings: &Value) -> Backend {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let own = &settings["properties"];
    let host = own["hostName"].as_str().filter(|host| !host.is_empty()).map(ToOwned::to_owned);
    let probe =
        part(body, &own["probe"]).map(|probe| probe_of(&probe["properties"], host.as_deref())).unwrap_or_default();
    Backend {
        pool: text(&pool["id"]),
        settings: text(&settings["id"]),
        host,
        request_timeout: seconds(&own["requestTimeout"], 20),
        drain: draining(&own["connectionDraining"]),
        affinity: affinity(own),
        probe,
        members: members(pool),
    }
}

/// Connections end 30 s after a change where draining is not enabled.
fn draining(asked: &Value) -> Duration {
    let enabled = asked["enabled"] == true;
    if enabled { seconds(&asked["drainTimeoutInSec"], 30) } else { Duration::from_secs(30) }
}

fn affinity(settings: &Value) -> Option<String> {
    let name = settings["affinityCookieName"].as_str().filter(|name| !name.is_empty());
    let enabled = settings["cookieBasedAffinity"].as_str().is_some_and(|asked| asked.eq_ignore_ascii_case("enabled"));
    enabled.then(|| name.unwrap_or("ApplicationGatewayAffinity").to_owned())
}

/// Azure takes 1 to 86,400 s.
fn seconds(asked: &Value, default: u64) -> Duration {
    Duration::from_secs(asked.as_u64().map_or(default, |asked| asked.clamp(1, 86_400)))
}

/// A probe from the fields of its resource or of a request on demand.
pub(super) fn probe_of(fields: &Value, settings_host: Option<&str>) -> Probe {
    let default = Probe::default();
    let from_settings = fields["pickHostNameFromBackendHttpSettings"] == true;
    let own = fields["host"].as_str().filter(|host| !host.is_empty());
    let statuses = fields["match"]["statusCodes"].as_array().into_iter().flatten().filter_map(|range| {
        let range = range.as_str()?;
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
    });
    let statuses: Vec<_> = statuses.collect();
    Probe {
        path: fields["path"].as_str().unwrap_or("/").into(),
        host: if from_settings { settings_host } else { own }.map(ToOwned::to_owned),
        // Azure takes 1 to 86,400 s and 1 to 20 failures.
        interval: fields["interval"]
            .as_i64()
            .map_or(default.interval, |given| SignedDuration::from_secs(given.clamp(1, 86_400))),
        timeout: seconds(&fields["timeout"], 30),
        threshold: fields["unhealthyThreshold"]
            .as_u64()
            .map_or(default.threshold, |given| u32::try_from(given.clamp(1, 20)).unwrap_or(20)),
        statuses: if statuses.is_empty() { default.statuses } else { statuses },
    }
}

/// The members of a pool.
pub(super) fn members(pool: &Value) -> Vec<Member> {
    let members = pool["properties"]["backendAddresses"].as_array().into_iter().flatten();
    let addresses = members.filter_map(|member| member["ipAddress"].as_str().or(member["fqdn"].as_str()));
    addresses.map(|address| Member { address: address.into(), ip: address.parse().ok() }).collect()
}

/// The part of the gateway that a reference means.
pub(super) fn part<'body>(body: &'body Value, reference: &Value) -> Option<&'body Value> {
    let id = reference["id"].as_str()?;
    let mut last = id.rsplit('/');
    let (name, collection) = (last.next()?, last.next()?);
    let properties = body["properties"].as_object()?;
    let (_, members) = properties.iter().find(|(own, _)| own.eq_ignore_ascii_case(collection))?;
    members.as_array()?.iter().find(|member| member["name"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(name)))
}

fn all<'body>(body: &'body Value, collection: &str) -> impl Iterator<Item = &'body Value> {
    body["properties"][collection].as_array().into_iter().flatten()
}
