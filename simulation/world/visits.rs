//! Users' requests in the world: what serves them is three services' state.
use super::World;
use crate::traffic::Answer;
use jiff::Timestamp;
use std::collections::BTreeSet;

impl World {
    /// A user's request to a host name, and to a port where it matters. `None`: no running gateway has a listener for it.
    ///
    /// The gateway asks its healthy members in turn; members that were just added count as healthy until their first
    /// probes have failed (Azure does not say). Nobody healthy, or nobody listening at the chosen address: 502.
    pub fn visit(&mut self, host: &str, port: Option<u16>, path: &str, now: Timestamp) -> Option<Answer> {
        let Self { resource_manager, kubernetes, traffic, .. } = self;
        resource_manager.advance(kubernetes, now);
        let lower;
        let host = if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
            lower = host.to_lowercase();
            &lower
        } else {
            host
        };
        traffic.visit(resource_manager, kubernetes, (host, port, path), now)
    }

    /// Tells the clusters how much users ask of them, if that counts in this self.
    pub(super) fn press(&mut self, now: Timestamp) {
        let Self { resource_manager, kubernetes, traffic, .. } = self;
        if traffic.is_counted() {
            resource_manager.advance(kubernetes, now);
            traffic.press(resource_manager, kubernetes, now);
        }
    }

    /// The clusters that answer at the members behind a host name, for whoever asks why the gateway itself answered.
    pub(crate) fn clusters_behind(&mut self, host: &str, path: &str, now: Timestamp) -> BTreeSet<String> {
        let mut routings = self.resource_manager.routings();
        let found = routings.find_map(|(_, routing)| Some((routing, routing.backend(host, None, path)?)));
        let Some((routing, Some(backend))) = found else { return BTreeSet::new() };
        let fleet = &mut self.kubernetes;
        let addresses = routing.backends[backend].members.iter().filter_map(|member| member.ip);
        addresses.filter_map(|ip| fleet.who_is_at(ip, host, path, now)).collect()
    }
}
