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
    /// How many requests a second users send to a host name, where that counts.
    demands: BTreeMap<String, f64>,
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
    /// From now on users send so many requests a second to a host name, evenly to the members that are in use. What a prober
    /// sends are samples of that: of what the pods behind it do not bear they fail.
    pub fn demand(&mut self, host: &str, per_second: f64) {
        self.demands.insert(host.to_lowercase(), per_second);
    }

    pub(crate) fn is_counted(&self) -> bool {
        !self.demands.is_empty()
    }

    /// Tells the clusters what users ask of them now.
    pub(crate) fn press(&mut self, manager: &ResourceManager, fleet: &mut Fleet, now: Timestamp) {
        let demands = std::mem::take(&mut self.demands);
        let mut asked = vec![];
        for (host, per_second) in &demands {
            let found =
                manager.routings().find_map(|(key, routing)| Some((key, routing, routing.backend(host, None, "/")?)));
            let Some((key, routing, Some(backend))) = found else { continue };
            let mut asking = |address: IpAddr, host: &str, path: &str, at| fleet.visit(address, host, path, at);
            let members = self.instance(key, routing).in_use(routing, backend, &mut asking, now);
            let each = per_second / members.len().max(1) as f64;
            let host = routing.backends[backend].host.as_deref().unwrap_or(host);
            asked.extend(members.into_iter().map(|member| (member, host, "/", each)));
        }
        fleet.press(&asked, now);
        self.demands = demands;
    }

    /// A user's request, led to one of the members that its rule uses.
    pub(crate) fn visit(
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

    /// The members that requests are led to now.
    fn in_use(&mut self, routing: &Routing, backend: usize, asking: Asking<'_>, now: Timestamp) -> Vec<IpAddr> {
        let targets = &mut self.backends[backend].members;
        for target in targets.iter_mut() {
            target.catch_up(&routing.backends[backend], asking, now);
        }
        targets.iter().filter(|target| target.health.healthy).filter_map(|target| target.ip).collect()
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
