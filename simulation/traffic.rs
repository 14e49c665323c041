//! Users' requests: through a gateway's listener, rule and effective pool members to a cluster's workload.
mod answer;
mod instances;
mod probes;

pub use answer::Answer;
pub use instances::Traffic;
pub(crate) use probes::Health;

use crate::World;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// A user's request to a host name, and to a port where it matters. `None`: no running gateway has a listener for it.
///
/// The gateway asks its healthy members in turn; members that were just added count as healthy until their first
/// probes have failed (Azure does not say). Nobody healthy, or nobody listening at the chosen address: 502.
pub fn visit(world: &mut World, host: &str, port: Option<u16>, path: &str, now: Timestamp) -> Option<Answer> {
    let World { resource_manager, kubernetes, traffic, .. } = world;
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

/// Tells the clusters how much users ask of them, if that counts in this world.
pub(crate) fn press(world: &mut World, now: Timestamp) {
    let World { resource_manager, kubernetes, traffic, .. } = world;
    if traffic.is_counted() {
        resource_manager.advance(kubernetes, now);
        traffic.press(resource_manager, kubernetes, now);
    }
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
