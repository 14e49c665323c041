//! The gateways' instances: whose turn it is, and what their probes have found.
use super::answer::Answer;
use super::probes::{Asking, Target};
use crate::kubernetes::Fleet;
use crate::resource_manager::{ResourceManager, Routing};
use jiff::Timestamp;
use std::collections::BTreeMap;
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

impl Traffic {
    /// A user's request, led to one of the members that its rule uses.
    pub(super) fn visit(
        &mut self,
        manager: &ResourceManager,
        fleet: &mut Fleet,
        (host, port, path): (&str, Option<u16>, &str),
        now: Timestamp,
    ) -> Option<Answer> {
        let mut routings = manager.routings();
        let (key, routing, backend) =
            routings.find_map(|(key, routing)| Some((key, routing, routing.backend(host, port, path)?)))?;
        // A rule that redirects or leads nowhere.
        let Some(backend) = backend else { return Some(Answer::of_the_gateway(404)) };
        let mut asking = |address: IpAddr, host: &str, path: &str, at| fleet.visit(address, host, path, at);
        Some(self.instance(key, routing).forward(routing, backend, &mut asking, host, path, now))
    }

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

#[cfg(test)]
mod tests;
