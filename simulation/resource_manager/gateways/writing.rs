//! All gateways, and their writes: accepted, superseded, ended, in effect.
use super::gateway::Gateway;
use super::routing::Routing;
use super::{body, health};
use crate::ids::guid_of;
use crate::kubernetes::Fleet;
use crate::resource_manager::{
    answers::{Refusal, refuse},
    desk::Desk,
    operations::{BackendLook, Change, GatewayChange, State},
    place::{Place, key, squeezed},
    registry::Registry,
    store::Store,
    timeline::{Due, after},
    timings::Timings,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What gateways do, by their keys.
#[derive(Default)]
pub(crate) struct Gateways(BTreeMap<String, Gateway>);

impl Gateways {
    /// Accepts a whole gateway, supersedes the write under way, and begins an operation.
    pub fn write(&mut self, desk: &mut Desk<'_>, place: &Place, wanted: Value) -> Result<String, Refusal> {
        let (id, gateway_key) = (place.id(), key(&place.id()));
        let existing = desk.registry.store.get(&gateway_key);
        let id = existing.and_then(|body| body["id"].as_str()).map_or(id, ToOwned::to_owned);
        body::checked(&id, &wanted, existing)?;
        let registry = &mut *desk.registry;
        let running = registry.operations.running_on(&gateway_key);
        let running = running.map(|operation| (operation.id.clone(), operation.change.clone()));
        if let Some((operation, Change::Gateway(GatewayChange::Delete | GatewayChange::Stop | GatewayChange::Start))) =
            &running
        {
            return Err(busy(place, &wanted, operation));
        }
        let etag = registry.etag();
        let existing = registry.store.get(&gateway_key);
        let state = existing.and_then(|body| body["properties"]["operationalState"].as_str()).unwrap_or("Starting");
        let state = if state == "Running" { "Running" } else { "Starting" };
        let guid = existing.and_then(|body| body["properties"]["resourceGuid"].as_str()).map(ToOwned::to_owned);
        let guid = guid.unwrap_or_else(|| guid_of(&gateway_key));
        let body = body::accepted(&id, wanted, &etag, state, &guid);
        registry.store.put(&id, body.clone());
        let number = self.0.entry(gateway_key.clone()).or_default().take(body);
        let operation = desk.begin(&id, "PUT", GatewayChange::Write(number), desk.timings.write_gateway);
        if let Some((older, Change::Gateway(GatewayChange::Write(older_number)))) = running {
            self.supersede(desk, (&older, older_number), &operation, &gateway_key);
        }
        let shows = desk.timings.gateway_shows_updating.min(desk.timings.write_gateway);
        let timeline = &mut desk.registry.timeline;
        timeline.forget(&Due::GatewaySettles(gateway_key.clone()));
        timeline.plan(after(desk.now, shows), Due::GatewaySettles(gateway_key));
        Ok(operation)
    }

    fn supersede(&mut self, desk: &mut Desk<'_>, (older, number): (&str, u64), newer: &str, gateway: &str) {
        let registry = &mut *desk.registry;
        registry.timeline.forget(&Due::OperationEnds(older.into()));
        if let Some(operation) = registry.operations.get_mut(older) {
            operation.ended = Some(desk.now);
            operation.state = State::Canceled(json!({
                "code": "Canceled", "message": "Operation was canceled.",
                "details": [{
                    "code": "CanceledAndSupersededDueToAnotherOperation",
                    "message": format!("Operation PutApplicationGatewayOperation ({older}) was canceled and superseded by operation PutApplicationGatewayOperation ({newer})."),
                }],
            }));
        }
        if desk.habits.superseded_writes_land {
            self.make_effective(registry, gateway, number, desk.now);
        }
        if let Some(gateway) = self.0.get_mut(gateway) {
            gateway.forget(number);
        }
    }

    /// A gateway that is there when the world begins.
    pub fn place(&mut self, registry: &mut Registry, place: &Place, wanted: Value, now: Timestamp) {
        let (id, gateway_key) = (place.id(), key(&place.id()));
        let etag = registry.etag();
        let mut body = body::accepted(&id, wanted, &etag, "Running", &guid_of(&gateway_key));
        body["properties"]["provisioningState"] = "Succeeded".into();
        registry.store.put(&id, body.clone());
        let gateway = self.0.entry(gateway_key.clone()).or_default();
        gateway.running = true;
        let number = gateway.take(body);
        self.make_effective(registry, &gateway_key, number, now);
    }

    /// What this write of the gateway said carries traffic now.
    pub fn make_effective(&mut self, registry: &mut Registry, key: &str, number: u64, at: Timestamp) {
        if self.0.get_mut(key).is_some_and(|gateway| gateway.make_effective(number, at)) {
            registry.changed = Some(at);
        }
    }

    /// An operation on a gateway went well.
    pub fn succeed(
        &mut self,
        registry: &mut Registry,
        gateway: &str,
        change: &GatewayChange,
        timings: &Timings,
        at: Timestamp,
    ) {
        renew_etag(registry, gateway);
        let running = match change {
            GatewayChange::Delete => {
                registry.store.remove(gateway);
                self.0.remove(gateway);
                registry.changed = Some(at);
                return;
            }
            GatewayChange::Stop => false,
            GatewayChange::Start | GatewayChange::Write(_) => true,
        };
        if let Some(body) = registry.store.get_mut(gateway) {
            body["properties"]["operationalState"] = if running { "Running" } else { "Stopped" }.into();
        }
        if let Some(state) = self.0.get_mut(gateway) {
            state.running = running;
        }
        if let GatewayChange::Write(number) = change {
            let effective = after(at, timings.members_effective_after);
            registry.timeline.plan(effective, Due::MembersEffective(gateway.into(), *number));
        }
    }

    /// An operation on a gateway went wrong.
    pub fn fail(registry: &mut Registry, gateway: &str) {
        renew_etag(registry, gateway);
        if let Some(body) = registry.store.get_mut(gateway) {
            body["properties"]["provisioningState"] = "Failed".into();
        }
    }

    /// The gateway's `provisioningState` shows `Succeeded` again, whatever runs.
    pub fn settle(registry: &mut Registry, gateway: &str) {
        if let Some(body) = registry.store.get_mut(gateway)
            && body["properties"]["provisioningState"] == "Updating"
        {
            body["properties"]["provisioningState"] = "Succeeded".into();
        }
    }

    /// What a gateway sees when it looks at its backends.
    pub fn look(&self, store: &Store, key: &str, look: &BackendLook, fleet: &mut Fleet, at: Timestamp) -> Value {
        let (Some(gateway), Some(body)) = (self.0.get(key), store.get(key)) else { return json!({}) };
        match look {
            BackendLook::All => health::of_all(gateway, body, fleet, at),
            BackendLook::OnDemand(ask) => health::on_demand(gateway, body, ask, fleet, at),
            BackendLook::Seen(seen) => seen.clone(),
        }
    }

    pub fn make_deaf(&mut self, key: &str, deaf: bool) {
        if let Some(gateway) = self.0.get_mut(key) {
            gateway.deaf = deaf;
        }
    }

    pub fn effective_members(&self, key: &str, pool: &str) -> Vec<String> {
        self.0.get(key).map(|gateway| gateway.effective_members(pool)).unwrap_or_default()
    }

    /// Every running gateway's effective routing, with the gateway's key.
    pub fn routings(&self) -> impl Iterator<Item = (&str, &Arc<Routing>)> {
        let running = self.0.iter().filter(|(_, gateway)| gateway.running);
        running.filter_map(|(key, gateway)| Some((key.as_str(), gateway.routing.as_ref()?)))
    }
}

/// Gives a gateway and all its parts a new etag.
pub(super) fn renew_etag(registry: &mut Registry, gateway: &str) {
    let etag = registry.etag();
    if let Some(body) = registry.store.get_mut(gateway) {
        body::stamp(body, &etag);
    }
}

/// A write while the gateway starts, stops or is deleted.
fn busy(place: &Place, wanted: &Value, operation: &str) -> Refusal {
    let subscription = place.subscription.as_deref().unwrap_or_default();
    let location = squeezed(wanted["location"].as_str().unwrap_or_default());
    let message = format!(
        "Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: https://management.azure.com/subscriptions/{subscription}/providers/Microsoft.Network/locations/{location}/operations/{operation}?api-version=2026-03-01."
    );
    refuse(409, "AnotherOperationInProgress", message)
}
