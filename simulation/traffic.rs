//! Users' requests: through a gateway's listener, rule and effective pool members to a cluster's workload.
mod probes;
#[cfg(test)]
mod tests;

use crate::{Reply, World, answer::json, kubernetes::Visit, resource_manager::Routing};
use jiff::Timestamp;
pub(crate) use probes::Health;
use probes::Target;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Round-robin places and probe results of the gateways.
#[derive(Default)]
pub struct Traffic {
    gateways: BTreeMap<String, Instance>,
}

/// What a gateway's instance remembers between requests.
#[derive(Default)]
struct Instance {
    /// The write that the targets come from.
    write: u64,
    /// One list for each of the routing's backends.
    backends: Vec<Targets>,
}

#[derive(Default)]
struct Targets {
    next: usize,
    members: Vec<Target>,
}

/// How a member is asked: address, host name, path, moment. `None`: nothing listens there.
type Asking<'a> = &'a mut dyn FnMut(IpAddr, &str, &str, Timestamp) -> Option<Visit>;

/// What a user got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status: the workload's, or the gateway's own 502.
    pub status: u16,
    /// The cluster that answered; `None` when the gateway itself did.
    pub cluster: Option<String>,
    /// That cluster's Kubernetes version.
    pub version: Option<String>,
}

impl Answer {
    /// As an HTTP answer: a JSON body with cluster and version.
    #[must_use]
    pub fn into_reply(self) -> Reply {
        json(self.status, &serde_json::json!({"cluster": self.cluster, "version": self.version}))
    }

    fn of_the_gateway(status: u16) -> Self {
        Self { status, cluster: None, version: None }
    }
}

/// A user's request to a host name, and to a port where it matters. `None`: no running gateway has a listener for it.
///
/// The gateway asks its healthy members in turn; members that were just added count as healthy until their first
/// probes have failed (Azure does not say). Nobody healthy, or nobody listening at the chosen address: 502.
pub fn visit(world: &mut World, host: &str, port: Option<u16>, path: &str, now: Timestamp) -> Option<Answer> {
    world.resource_manager.advance(&mut world.kubernetes, now);
    let lower;
    let host = if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        lower = host.to_lowercase();
        &lower
    } else {
        host
    };
    let mut routings = world.resource_manager.routings();
    let (key, routing, backend) =
        routings.find_map(|(key, routing)| Some((key, routing, routing.backend(host, port, path)?)))?;
    // A rule that redirects or leads nowhere.
    let Some(backend) = backend else { return Some(Answer::of_the_gateway(404)) };
    let instance = world.traffic.instance(key, routing);
    let fleet = &mut world.kubernetes;
    let mut asking = |address: IpAddr, host: &str, path: &str, at| fleet.visit(address, host, path, at);
    Some(instance.forward(routing, backend, &mut asking, host, path, now))
}

/// The clusters that answer at the members behind a host name, for whoever asks why the gateway itself answered.
pub(crate) fn clusters_behind(world: &mut World, host: &str, path: &str, now: Timestamp) -> BTreeSet<String> {
    let mut routings = world.resource_manager.routings();
    let found = routings.find_map(|(_, routing)| Some((routing, routing.backend(host, None, path)?)));
    let Some((routing, Some(backend))) = found else { return BTreeSet::new() };
    let fleet = &mut world.kubernetes;
    let addresses = routing.backends[backend].members.iter().filter_map(|member| member.ip);
    addresses.filter_map(|ip| Some(fleet.visit(ip, host, path, now)?.cluster)).collect()
}

impl Traffic {
    fn instance(&mut self, key: &str, routing: &Routing) -> &mut Instance {
        if !self.gateways.contains_key(key) {
            self.gateways.insert(key.into(), Instance::default());
        }
        let instance = self.gateways.get_mut(key).expect("it was put in just before");
        if instance.write != routing.number {
            instance.follow(routing);
        }
        instance
    }
}

impl Instance {
    /// Takes over a newer configuration; members that stay keep what their probes have found.
    fn follow(&mut self, routing: &Routing) {
        let mut known: BTreeMap<(String, String), Target> = BTreeMap::new();
        for target in self.backends.drain(..).flat_map(|backend| backend.members) {
            known.insert((target.settings.clone(), target.address.clone()), target);
        }
        let target = |settings: &str, address: &str, ip| {
            known
                .get(&(settings.to_owned(), address.to_owned()))
                .cloned()
                .unwrap_or_else(|| Target::new(settings, address, ip, routing.since))
        };
        let targets = routing.backends.iter().map(|backend| Targets {
            next: 0,
            members: backend
                .members
                .iter()
                .map(|member| target(&backend.settings, &member.address, member.ip))
                .collect(),
        });
        self.backends = targets.collect();
        self.write = routing.number;
    }

    fn forward(
        &mut self,
        routing: &Routing,
        backend: usize,
        asking: Asking<'_>,
        host: &str,
        path: &str,
        now: Timestamp,
    ) -> Answer {
        let (configured, targets) = (&routing.backends[backend], &mut self.backends[backend]);
        for target in &mut targets.members {
            target.catch_up(configured, asking, now);
        }
        let count = targets.members.len();
        let chosen =
            (0..count).map(|ahead| (targets.next + ahead) % count).find(|at| targets.members[*at].health.healthy);
        let Some(chosen) = chosen else { return Answer::of_the_gateway(502) };
        targets.next = chosen + 1;
        let host = configured.host.as_deref().unwrap_or(host);
        let visit = targets.members[chosen].ip.and_then(|ip| asking(ip, host, path, now));
        visit.map_or_else(
            || Answer::of_the_gateway(502),
            |visit| Answer { status: visit.status, cluster: Some(visit.cluster), version: Some(visit.version) },
        )
    }
}
