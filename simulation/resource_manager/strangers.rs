//! What other people do to the clusters and gateways, past everything that is ours: operations of their own.
use super::ResourceManager;
use super::clusters::Clusters;
use super::desk::Desk;
use super::gateways::turn;
use super::operations::{ClusterChange, GatewayChange};
use super::place::{Place, key};
use crate::kubernetes::Fleet;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The code and the message with which Azure refuses what somebody wants.
pub type Refused = (String, String);

impl ResourceManager {
    /// Somebody stops a cluster. Gives the operation's id.
    ///
    /// # Errors
    /// When there is no such cluster, or it is busy.
    pub fn stranger_stops(&mut self, cluster: &str, fleet: &mut Fleet, now: Timestamp) -> Result<String, Refused> {
        self.stranger_changes(cluster, ClusterChange::Stop, fleet, now)
    }

    /// Somebody starts a cluster. Gives the operation's id.
    ///
    /// # Errors
    /// When there is no such cluster, or it is busy.
    pub fn stranger_starts(&mut self, cluster: &str, fleet: &mut Fleet, now: Timestamp) -> Result<String, Refused> {
        self.stranger_changes(cluster, ClusterChange::Start, fleet, now)
    }

    /// Somebody deletes a cluster. Gives the operation's id.
    ///
    /// # Errors
    /// When there is no such cluster, or it is busy.
    pub fn stranger_deletes(&mut self, cluster: &str, fleet: &mut Fleet, now: Timestamp) -> Result<String, Refused> {
        self.stranger_changes(cluster, ClusterChange::Delete, fleet, now)
    }

    /// Somebody stops a gateway, or starts it again. Gives the operation's id.
    pub fn stranger_turns_gateway(&mut self, gateway: &str, on: bool, fleet: &mut Fleet, now: Timestamp) -> String {
        self.advance(fleet, now);
        let habits = self.habits();
        let Self { registry, timings, neighbours, .. } = self;
        let mut desk = Desk { registry, timings, neighbours, habits, now };
        let change = if on { GatewayChange::Start } else { GatewayChange::Stop };
        turn(&mut desk, &Place::of(gateway), change)
    }

    fn stranger_changes(
        &mut self,
        cluster: &str,
        change: ClusterChange,
        fleet: &mut Fleet,
        now: Timestamp,
    ) -> Result<String, Refused> {
        self.advance(fleet, now);
        let habits = self.habits();
        let Self { registry, timings, neighbours, .. } = self;
        let mut desk = Desk { registry, timings, neighbours, habits, now };
        let changed = Clusters::change(&mut desk, &Place::of(cluster).id(), change);
        changed.map_err(|refusal| (refusal.code, refusal.message))
    }

    /// Another writer reads the whole gateway, edits it and PUTs it: an operation of its own, which supersedes one
    /// under way. It carries along what it does not edit, tags included. Gives the operation's id.
    ///
    /// # Errors
    /// The code and the message with which the gateway refused the write.
    pub fn stranger_writes(
        &mut self,
        gateway: &str,
        edit: impl FnOnce(&mut Value),
        fleet: &mut Fleet,
        now: Timestamp,
    ) -> Result<String, (String, String)> {
        self.advance(fleet, now);
        let place = Place::of(gateway);
        let mut body = self.registry.store.get(&key(gateway)).cloned().unwrap_or_default();
        edit(&mut body);
        let habits = self.habits();
        let Self { registry, timings, neighbours, gateways, .. } = self;
        let mut desk = Desk { registry, timings, neighbours, habits, now };
        gateways.write(&mut desk, &place, body).map_err(|refusal| (refusal.code, refusal.message))
    }

    /// Somebody takes a pool out of a gateway, with the rules that lead to it and their listeners. Gives the operation's id.
    ///
    /// # Errors
    /// When the gateway refuses the write: something else still leads to the pool.
    pub fn stranger_removes_pool(
        &mut self,
        gateway: &str,
        pool: &str,
        fleet: &mut Fleet,
        now: Timestamp,
    ) -> Result<String, Refused> {
        self.stranger_writes(gateway, |body| remove_pool(body, pool), fleet, now)
    }

    /// Somebody puts these addresses into a pool, in the place of all others. Gives the operation's id.
    ///
    /// # Errors
    /// When the gateway refuses the write.
    pub fn stranger_fills_pool(
        &mut self,
        gateway: &str,
        pool: &str,
        addresses: &[String],
        fleet: &mut Fleet,
        now: Timestamp,
    ) -> Result<String, Refused> {
        let members: Vec<_> = addresses.iter().map(|address| json!({"ipAddress": address})).collect();
        let fill = |body: &mut Value| {
            let pools = body["properties"]["backendAddressPools"].as_array_mut().into_iter().flatten();
            for found in pools.filter(|found| is_named(found, pool)) {
                found["properties"]["backendAddresses"] = members.clone().into();
            }
        };
        self.stranger_writes(gateway, fill, fleet, now)
    }
}

/// Takes a pool out of a gateway's body, with the rules that lead to it and their listeners.
pub fn remove_pool(body: &mut Value, pool: &str) {
    let ends_with = |id: &Value, collection: &str, name: &str| {
        id.as_str().is_some_and(|id| key(id).ends_with(&format!("/{collection}/{name}").to_lowercase()))
    };
    let properties = &mut body["properties"];
    let mut listeners = vec![];
    if let Some(rules) = properties["requestRoutingRules"].as_array_mut() {
        rules.retain(|rule| {
            let leads = ends_with(&rule["properties"]["backendAddressPool"]["id"], "backendAddressPools", pool);
            if leads {
                listeners.push(key(rule["properties"]["httpListener"]["id"].as_str().unwrap_or_default()));
            }
            !leads
        });
    }
    if let Some(all) = properties["httpListeners"].as_array_mut() {
        all.retain(|one| !listeners.contains(&key(one["id"].as_str().unwrap_or_default())));
    }
    if let Some(pools) = properties["backendAddressPools"].as_array_mut() {
        pools.retain(|found| !is_named(found, pool));
    }
}

fn is_named(part: &Value, name: &str) -> bool {
    part["name"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(name))
}
