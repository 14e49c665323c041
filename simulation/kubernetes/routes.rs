//! Which answer a user's request gets that reached a cluster's load balancer. Computed once for each state of the cluster.
use super::server::Server;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What answers where, as of one version of the store.
#[derive(Debug)]
pub(super) struct Routes {
    version: u64,
    alive: bool,
    /// The addresses of load balancers, and whether a pod is ready behind each.
    addresses: BTreeMap<IpAddr, bool>,
    /// `None`: there is no Ingress, and the load balancer's own pods answer.
    rules: Option<Vec<Rule>>,
}

#[derive(Debug)]
struct Rule {
    /// Exact, `*.example.com`, or empty for every host.
    host: String,
    path: String,
    exact: bool,
    ready: bool,
}

impl Server {
    /// The status of a visit; `None` when nothing listens at the address.
    pub(super) fn visit(&mut self, address: IpAddr, host: &str, path: &str, now: Timestamp) -> Option<u16> {
        if !self.running {
            return None;
        }
        if self.due.is_some_and(|due| due <= now) {
            self.advance(now);
        }
        if self.routes.as_ref().is_none_or(|routes| routes.version != self.store.version()) {
            self.routes = Some(self.find_routes(now));
        }
        let status = self.routes.as_ref()?.status(address, host, path)?;
        Some(if self.is_broken(now) { 500 } else { status })
    }

    fn find_routes(&self, now: Timestamp) -> Routes {
        let mut addresses = BTreeMap::new();
        for ((namespace, name), service) in self.store.all("services") {
            let given = service["status"]["loadBalancer"]["ingress"].as_array().into_iter().flatten();
            for address in given.filter_map(|given| given["ip"].as_str()?.parse().ok()) {
                addresses.insert(address, self.has_ready_pods(namespace, name));
            }
        }
        let mut rules = vec![];
        let mut has_ingress = false;
        for ((namespace, _), ingress) in self.store.all("ingresses.networking.k8s.io") {
            has_ingress = true;
            let leads = |backend: &Value| {
                backend["service"]["name"].as_str().is_some_and(|service| self.has_ready_pods(namespace, service))
            };
            let backend = &ingress["spec"]["defaultBackend"];
            if backend.is_object() {
                rules.push(Rule { host: String::new(), path: "/".into(), exact: false, ready: leads(backend) });
            }
            for rule in ingress["spec"]["rules"].as_array().into_iter().flatten() {
                for path in rule["http"]["paths"].as_array().into_iter().flatten() {
                    rules.push(Rule {
                        host: rule["host"].as_str().unwrap_or_default().to_lowercase(),
                        path: path["path"].as_str().unwrap_or("/").into(),
                        exact: path["pathType"] == "Exact",
                        ready: leads(&path["backend"]),
                    });
                }
            }
        }
        // The most exact host decides, then the longest path, then an exact path before a prefix.
        let rank = |host: &str| match host {
            "" => 2,
            host if host.starts_with('*') => 1,
            _ => 0,
        };
        rules.sort_by_key(|rule: &Rule| (rank(&rule.host), std::cmp::Reverse(rule.path.len()), !rule.exact));
        let alive = self.nodes.values().any(|node| node.ready_at <= now);
        Routes { version: self.store.version(), alive, addresses, rules: has_ingress.then_some(rules) }
    }
}

impl Routes {
    fn status(&self, address: IpAddr, host: &str, path: &str) -> Option<u16> {
        let ready = self.addresses.get(&address).filter(|_| self.alive)?;
        let status = |ready: bool| if ready { 200 } else { 503 };
        match &self.rules {
            None => Some(status(*ready)),
            Some(_) if !ready => Some(503),
            Some(rules) => {
                let path = path.split('?').next().unwrap_or(path);
                // As an ingress controller does, a host that is named nowhere is left to the rules for every host.
                let hosted = rules.iter().find(|rule| rule.is_for(host)).map(|rule| rule.host.as_str());
                let found = rules.iter().find(|rule| Some(rule.host.as_str()) == hosted && rule.leads(path));
                Some(found.map_or(404, |rule| status(rule.ready)))
            }
        }
    }
}

impl Rule {
    fn is_for(&self, host: &str) -> bool {
        let under = |host: &str, suffix: &str| {
            let at = host.len().checked_sub(suffix.len()).filter(|at| host.is_char_boundary(*at));
            at.is_some_and(|at| host[at..].eq_ignore_ascii_case(suffix) && at > 0 && !host[..at].contains('.'))
        };
        match self.host.strip_prefix('*') {
            Some(suffix) => under(host, suffix),
            None => self.host.is_empty() || self.host.eq_ignore_ascii_case(host),
        }
    }

    fn leads(&self, path: &str) -> bool {
        if self.exact {
            return path == self.path;
        }
        let prefix = self.path.trim_end_matches('/');
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}
