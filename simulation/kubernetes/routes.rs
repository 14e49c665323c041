//! Which answer a user's request gets that reached a cluster's load balancer. Computed once for each state of the cluster.
use super::{
    endpoints::has_ready_pods,
    store::{Name, Store},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What answers where, as of one version of the store.
#[derive(Debug)]
pub(super) struct Routes {
    version: u64,
    alive: bool,
    /// The addresses of load balancers, and the Service of each.
    addresses: BTreeMap<IpAddr, Leads>,
    /// `None`: there is no Ingress, and the load balancer's own pods answer.
    rules: Option<Vec<Rule>>,
}

#[derive(Debug)]
struct Rule {
    /// Exact, `*.example.com`, or empty for every host.
    host: String,
    path: String,
    exact: bool,
    leads: Leads,
}

/// The Service that requests are led to.
#[derive(Debug)]
struct Leads {
    service: Name,
    /// Whether a pod of it is ready.
    ready: bool,
}

impl Leads {
    fn answer(&self) -> (u16, Option<&Name>) {
        (if self.ready { 200 } else { 503 }, Some(&self.service))
    }
}

impl Routes {
    /// What answers where as the objects are now; `alive`: whether a machine is ready.
    pub fn of(store: &Store, alive: bool) -> Self {
        let mut addresses = BTreeMap::new();
        for ((namespace, name), service) in store.all("services") {
            let given = service["status"]["loadBalancer"]["ingress"].as_array().into_iter().flatten();
            for address in given.filter_map(|given| given["ip"].as_str()?.parse().ok()) {
                addresses.insert(address, leads(store, namespace, name));
            }
        }
        let mut rules = vec![];
        let mut has_ingress = false;
        for ((namespace, _), ingress) in store.all("ingresses.networking.k8s.io") {
            has_ingress = true;
            let leads_to =
                |backend: &Value| leads(store, namespace, backend["service"]["name"].as_str().unwrap_or_default());
            let backend = &ingress["spec"]["defaultBackend"];
            if backend.is_object() {
                rules.push(Rule { host: String::new(), path: "/".into(), exact: false, leads: leads_to(backend) });
            }
            for rule in ingress["spec"]["rules"].as_array().into_iter().flatten() {
                for path in rule["http"]["paths"].as_array().into_iter().flatten() {
                    rules.push(Rule {
                        host: rule["host"].as_str().unwrap_or_default().to_lowercase(),
                        path: path["path"].as_str().unwrap_or("/").into(),
                        exact: path["pathType"] == "Exact",
                        leads: leads_to(&path["backend"]),
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
        Self { version: store.version(), alive, addresses, rules: has_ingress.then_some(rules) }
    }

    /// Whether they are those of this version of the store.
    pub fn is_of(&self, store: &Store) -> bool {
        self.version == store.version()
    }

    /// The status of a request, and the Service that is behind it if a rule leads to one; `None` when nothing listens at
    /// the address.
    pub fn land(&self, address: IpAddr, host: &str, path: &str) -> Option<(u16, Option<&Name>)> {
        let own = self.addresses.get(&address).filter(|_| self.alive)?;
        let rules = match &self.rules {
            Some(rules) if own.ready => rules,
            // Without a pod of its own the ingress controller leads nowhere.
            _ => return Some(own.answer()),
        };
        let path = path.split('?').next().unwrap_or(path);
        // As an ingress controller does, a host that is named nowhere is left to the rules for every host.
        let hosted = rules.iter().find(|rule| rule.is_for(host)).map(|rule| rule.host.as_str());
        let found = rules.iter().find(|rule| Some(rule.host.as_str()) == hosted && rule.covers(path));
        Some(found.map_or((404, None), |rule| rule.leads.answer()))
    }

    /// Every Service that a request can be led to.
    pub fn services(&self) -> BTreeSet<&Name> {
        let ruled = self.rules.iter().flatten().map(|rule| &rule.leads);
        self.addresses.values().chain(ruled).map(|leads| &leads.service).collect()
    }
}

fn leads(store: &Store, namespace: &str, service: &str) -> Leads {
    Leads { service: (namespace.into(), service.into()), ready: has_ready_pods(store, namespace, service) }
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

    fn covers(&self, path: &str) -> bool {
        if self.exact {
            return path == self.path;
        }
        let prefix = self.path.trim_end_matches('/');
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}
