//! Azure Resource Manager: clusters, gateways, networks, and the operations under way.
//!
//! ```text
//! ask ─► authentication, api-version, authorisation, group ─► clusters │ gateways │ networks │ operations │ anything else
//!                                                              begin an operation ─► timeline ─► `advance` ends it
//! ```
mod answers;
mod apps;
mod asked;
mod assignments;
mod authorization;
mod clusters;
mod desk;
mod dispatch;
mod elsewhere;
mod entities;
mod federation;
mod filled;
mod gateways;
mod ids;
mod kinds;
mod locks;
mod neighbours;
mod operations;
mod permissions;
mod place;
mod plain;
mod providers;
mod pulls;
mod quota;
mod registry;
mod roles;
mod root;
mod scopes;
mod script;
mod setting;
mod sites;
mod store;
mod strangers;
mod subscriptions;
mod templates;
mod timeline;
mod timings;
mod versions;

pub(crate) use elsewhere::carry_out;
pub use gateways::routing::{Backend, Member, Probe, Routing};
pub use neighbours::Neighbours;
pub use operations::InFlight;
pub use permissions::action_of;
pub(crate) use sites::HOST_VERSION;
pub use sites::HostStatus;
pub use strangers::{Refused, remove_pool};
pub use timings::Timings;
pub use versions::Version;

use crate::{Ask, Reply, entra::Groups, kubernetes::Fleet, service_bus::Broker};
use authorization::Authorization;
use clusters::Clusters;
use desk::Habits;
use gateways::Gateways;
use jiff::Timestamp;
use operations::{BackendLook, Change, ClusterChange, Operation, State};
use place::key;
use quota::Quota;
use registry::Registry;
use serde_json::{Value, json};
use sites::Sites;
use std::collections::BTreeMap;
use std::sync::Arc;
use subscriptions::Subscriptions;
use timeline::Due;

/// Every resource, and the operations under way.
#[derive(Default)]
pub struct ResourceManager {
    /// How long operations take.
    pub timings: Timings,
    /// Whether a gateway's PUT with a stale `If-Match` is refused. Azure's specification has no such header, so: no.
    pub honour_if_match: bool,
    /// Whether a superseded gateway write takes effect before it is overwritten. Normally it never does.
    pub superseded_writes_land: bool,
    /// Whether it spells ids in its own way, `/resourcegroups/` instead of `/resourceGroups/`, as some providers do.
    pub spells_groups_small: bool,
    /// Where the other services are.
    pub neighbours: Neighbours,
    /// The versions of its API that a provider answers, by the provider in lower case; all, where it is not named.
    api_versions: BTreeMap<String, Vec<String>>,
    registry: Registry,
    subscriptions: Subscriptions,
    authorization: Authorization,
    clusters: Clusters,
    gateways: Gateways,
    sites: Sites,
    quota: Quota,
}

impl ResourceManager {
    /// Answers a call to the Resource Manager endpoint.
    pub fn respond(&mut self, ask: &Ask, fleet: &mut Fleet, now: Timestamp) -> Reply {
        self.advance(fleet, now);
        let reply = self.dispatch(ask, now).unwrap_or_else(answers::Refusal::into_reply);
        // What a call begins may happen at once.
        self.advance(fleet, now);
        let reply = if self.spells_groups_small { answers::with_small_groups(reply) } else { reply };
        let request = self.registry.ids.guid();
        answers::with_ids(reply, ask, &request, now)
    }

    /// Carries out everything that is due by now: operations that end, members that become effective.
    pub fn advance(&mut self, fleet: &mut Fleet, now: Timestamp) {
        let counts = self.counts_since(now);
        if self.authorization.enforces_roles {
            fleet.tell_rights(|host, question| asked::missing(&self.registry.store, host, question, counts));
        }
        if self.authorization.enforces_pulls {
            fleet.tell_pulls(now, |host| pulls::refused(&self.registry.store, host, counts));
        }
        while let Some((at, due)) = self.registry.timeline.take(now) {
            match due {
                Due::OperationEnds(id) => self.end(&id, fleet, at),
                Due::BackendsSeen(id) => self.see(&id, fleet, at),
                Due::GatewaySettles(key) => Gateways::settle(&mut self.registry, &key),
                Due::MembersEffective(key, number) => {
                    self.gateways.make_effective(&mut self.registry, &key, number, at);
                }
                Due::ClusterGoesAway(id) => self.clusters.go_away(&mut self.registry, &id, fleet, at),
            }
        }
    }

    /// Ends an operation: well, or as the script wants it.
    fn end(&mut self, id: &str, fleet: &mut Fleet, at: Timestamp) {
        let Some(operation) = self.registry.operations.get(id) else { return };
        let (resource, change, failure) =
            (key(&operation.resource), operation.change.clone(), operation.failure.clone());
        let state = match failure {
            Some((code, message)) => {
                match &change {
                    Change::Gateway(_) => Gateways::fail(&mut self.registry, &resource),
                    Change::Look(_) => {}
                    Change::Cluster(change) => {
                        Clusters::fail(&mut self.registry, &resource, change, &code, &message);
                    }
                }
                State::Failed(json!({"code": code, "message": message}))
            }
            None => State::Succeeded(self.carry_out(&resource, &change, fleet, at)),
        };
        if let Some(operation) = self.registry.operations.get_mut(id) {
            operation.finish(state, at);
        }
    }

    /// A gateway looks at its backends; the answer comes later.
    fn see(&mut self, id: &str, fleet: &mut Fleet, at: Timestamp) {
        let Some(operation) = self.registry.operations.get(id) else { return };
        let Change::Look(look) = operation.change.clone() else { return };
        let resource = key(&operation.resource);
        let seen = self.gateways.look(&self.registry.store, &resource, &look, fleet, at);
        if let Some(operation) = self.registry.operations.get_mut(id) {
            operation.change = Change::Look(BackendLook::Seen(seen));
        }
    }

    fn carry_out(&mut self, resource: &str, change: &Change, fleet: &mut Fleet, at: Timestamp) -> Value {
        let registry = &mut self.registry;
        match change {
            Change::Look(look) => return self.gateways.look(&registry.store, resource, look, fleet, at),
            Change::Gateway(change) => self.gateways.succeed(registry, resource, change, &self.timings, at),
            Change::Cluster(change) => {
                self.clusters.succeed(registry, resource, change, fleet, at);
                match change {
                    // A POST or DELETE has no resource to show: 204.
                    ClusterChange::Delete
                    | ClusterChange::Start
                    | ClusterChange::Stop
                    | ClusterChange::DeletePool(_) => return Value::Null,
                    ClusterChange::Put | ClusterChange::Tag | ClusterChange::PutPool(_) => {}
                }
            }
        }
        registry.store.get(resource).cloned().unwrap_or_default()
    }

    /// When the next thing happens by itself; `None`: nothing is under way.
    #[must_use]
    pub fn next_change(&self) -> Option<Timestamp> {
        self.registry.timeline.next()
    }

    /// When the world will next change by itself: a gateway's look at its backends changes nothing.
    #[must_use]
    pub fn next_effect(&self) -> Option<Timestamp> {
        let Registry { operations, timeline, .. } = &self.registry;
        let changes = |due: &Due| match due {
            Due::OperationEnds(id) => operations.get(id).is_some_and(Operation::changes_something),
            Due::BackendsSeen(_) => false,
            Due::GatewaySettles(_) | Due::MembersEffective(..) | Due::ClusterGoesAway(_) => true,
        };
        timeline.moments().find(|(_, due)| changes(due)).map(|(at, _)| at)
    }

    /// When a cluster or a gateway's effective members changed last.
    #[must_use]
    pub fn last_change(&self) -> Option<Timestamp> {
        self.registry.changed
    }

    /// The operations that have not ended, those that only look included.
    #[must_use]
    pub fn in_flight(&self) -> Vec<InFlight> {
        let seen = |operation: &Operation| InFlight {
            id: operation.id.clone(),
            resource: operation.resource.clone(),
            verb: operation.verb.clone(),
            ends_at: operation.ends_at,
        };
        self.registry.operations.in_flight().map(seen).collect()
    }

    /// A resource as it is stored: the newest body, secrets left out.
    #[must_use]
    pub fn resource(&self, id: &str) -> Option<&Value> {
        self.registry.store.get(&key(id))
    }

    /// Every cluster that has an API server: its name and the server's host name.
    pub fn api_servers(&self) -> impl Iterator<Item = (&str, &str)> {
        let servers = self.clusters.api_servers();
        servers.filter_map(|(key, host)| Some((self.registry.store.get(key)?["name"].as_str()?, host)))
    }

    /// The members of a pool that really carry traffic: addresses or host names.
    #[must_use]
    pub fn effective_members(&self, gateway: &str, pool: &str) -> Vec<String> {
        self.gateways.effective_members(&key(gateway), pool)
    }

    /// Every running gateway's effective routing, with the gateway's key.
    pub fn routings(&self) -> impl Iterator<Item = (&str, &Arc<Routing>)> {
        self.gateways.routings()
    }

    /// Shows the broker's entities, as they are now, in each namespace.
    pub(crate) fn mirror(&mut self, broker: &Broker, now: Timestamp) {
        entities::mirror(&mut self.registry.store, broker, now);
    }

    /// Takes over who belongs to which group.
    pub(crate) fn learn(&mut self, groups: &Groups) {
        self.authorization.learn(groups);
    }

    /// What was assigned by then counts now.
    fn counts_since(&self, now: Timestamp) -> Timestamp {
        now.checked_sub(self.timings.role_counts).unwrap_or(now)
    }

    fn habits(&self) -> Habits {
        let Self { honour_if_match, superseded_writes_land, .. } = *self;
        Habits { honour_if_match, superseded_writes_land }
    }
}
