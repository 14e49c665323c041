//! Azure Resource Manager: clusters, gateways, networks, and the operations under way.
//!
//! ```text
//! ask ─► authentication, api-version, authorisation, group ─► clusters │ gateways │ networks │ operations │ anything else
//!                                                              begin an operation ─► timeline ─► `advance` ends it
//! ```
mod answers;
mod apps;
mod authorization;
mod clusters;
mod dispatch;
mod elsewhere;
mod ending;
mod entities;
mod filled;
mod gateways;
mod ids;
mod neighbours;
mod operations;
mod permissions;
mod place;
mod plain;
mod quota;
mod roles;
mod root;
mod scopes;
mod script;
mod sites;
mod store;
mod templates;
mod timeline;
mod timings;
mod versions;

pub(crate) use elsewhere::carry_out;
pub use gateways::routing::{Backend, Member, Probe, Routing};
pub use neighbours::Neighbours;
pub use operations::InFlight;
pub use permissions::action_of;
pub use sites::HostStatus;
pub use timings::Timings;
pub use versions::Version;

use crate::{Ask, Reply, entra::Groups, kubernetes::Fleet};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Every resource, and the operations under way.
#[derive(Default)]
pub struct ResourceManager {
    /// How long operations take.
    pub timings: Timings,
    /// Whether a gateway's PUT with a stale `If-Match` is refused. Azure's specification has no such header, so: no.
    pub honour_if_match: bool,
    /// Whether a superseded gateway write takes effect before it is overwritten. Normally it never does.
    pub superseded_writes_land: bool,
    /// Where the other services are.
    pub neighbours: Neighbours,
    subscriptions: BTreeSet<String>,
    store: store::Store,
    operations: operations::Operations,
    timeline: timeline::Timeline,
    ids: ids::Ids,
    allowed: Option<Vec<(String, Vec<String>)>>,
    enforces_roles: bool,
    versions: versions::Versions,
    quota: quota::Quota,
    script: script::Script,
    /// The host of each cluster's API server, by the cluster's key.
    api_servers: BTreeMap<String, String>,
    gateways: BTreeMap<String, gateways::Gateway>,
    /// What the Functions host of each app says, by the app's key; `None`: nobody answers for it.
    hosts: BTreeMap<String, Option<HostStatus>>,
    groups: Groups,
    changed: Option<Timestamp>,
}

impl ResourceManager {
    /// Answers a call to the Resource Manager endpoint.
    pub fn respond(&mut self, ask: &Ask, fleet: &mut Fleet, now: Timestamp) -> Reply {
        self.advance(fleet, now);
        let reply = self.dispatch(ask, now).unwrap_or_else(answers::Refusal::into_reply);
        let request = self.ids.guid();
        answers::with_ids(reply, ask, &request, now)
    }

    /// Carries out everything that is due by now: operations that end, members that become effective.
    pub fn advance(&mut self, fleet: &mut Fleet, now: Timestamp) {
        while let Some((at, due)) = self.timeline.take(now) {
            match due {
                timeline::Due::OperationEnds(id) => self.end(&id, fleet, at),
                timeline::Due::GatewaySettles(key) => self.settle_gateway(&key),
                timeline::Due::MembersEffective(key, number) => self.make_effective(&key, number, at),
                timeline::Due::ClusterGoesAway(id) => self.cluster_goes_away(&id, fleet, at),
            }
        }
    }

    /// When the next thing happens by itself; `None`: nothing is under way.
    #[must_use]
    pub fn next_change(&self) -> Option<Timestamp> {
        self.timeline.next()
    }

    /// When the world will next change by itself: a gateway's look at its backends changes nothing.
    #[must_use]
    pub fn next_effect(&mut self) -> Option<Timestamp> {
        let operations = &mut self.operations;
        let mut changes = |due: &timeline::Due| match due {
            timeline::Due::OperationEnds(id) => operations.get_mut(id).is_some_and(|found| found.changes_something()),
            _ => true,
        };
        self.timeline.moments().find(|(_, due)| changes(due)).map(|(at, _)| at)
    }

    /// When a cluster or a gateway's effective members changed last.
    #[must_use]
    pub fn last_change(&self) -> Option<Timestamp> {
        self.changed
    }

    /// The operations that have not ended, those that only look included.
    #[must_use]
    pub fn in_flight(&self) -> Vec<InFlight> {
        let seen = |operation: &operations::Operation| InFlight {
            id: operation.id.clone(),
            resource: operation.resource.clone(),
            verb: operation.verb.clone(),
            ends_at: operation.ends_at,
        };
        self.operations.in_flight().map(seen).collect()
    }

    /// A resource as it is stored: the newest body, secrets left out.
    #[must_use]
    pub fn resource(&self, id: &str) -> Option<&Value> {
        self.store.get(&place::key(id))
    }

    /// Every cluster that has an API server: its name and the server's host name.
    pub fn api_servers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.api_servers.iter().filter_map(|(key, host)| Some((self.store.get(key)?["name"].as_str()?, host.as_str())))
    }

    /// The members of a pool that really carry traffic: addresses or host names.
    #[must_use]
    pub fn effective_members(&self, gateway: &str, pool: &str) -> Vec<String> {
        self.gateways.get(&place::key(gateway)).map(|gateway| gateway.effective_members(pool)).unwrap_or_default()
    }

    /// Every running gateway's effective routing, with the gateway's key.
    pub fn routings(&self) -> impl Iterator<Item = (&str, &std::sync::Arc<Routing>)> {
        let running = self.gateways.iter().filter(|(_, gateway)| gateway.running);
        running.filter_map(|(key, gateway)| Some((key.as_str(), gateway.routing.as_ref()?)))
    }
}
