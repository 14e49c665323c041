//! A gateway's writes: accepted, superseded, ended, in effect.
use super::super::ResourceManager;
use super::super::answers::{Refusal, refuse};
use super::super::operations::{Change, State};
use super::super::place::{Place, key, squeezed};
use super::super::timeline::{Due, after};
use super::body;
use super::routing::Routing;
use crate::ids::guid_of;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

impl ResourceManager {
    /// Accepts a whole gateway, supersedes the write under way, and begins an operation.
    pub(crate) fn write_gateway(&mut self, place: &Place, wanted: Value, now: Timestamp) -> Result<String, Refusal> {
        let (id, gateway_key) = (place.id(), key(&place.id()));
        let existing = self.store.get(&gateway_key);
        let id = existing.and_then(|body| body["id"].as_str()).map_or(id, ToOwned::to_owned);
        body::checked(&id, &wanted, existing)?;
        let running =
            self.operations.running_on(&gateway_key).map(|operation| (operation.id.clone(), operation.change.clone()));
        if let Some((operation, Change::DeleteGateway | Change::StopGateway | Change::StartGateway)) = &running {
            let subscription = place.subscription.as_deref().unwrap_or_default();
            let location = squeezed(wanted["location"].as_str().unwrap_or_default());
            let message = format!(
                "Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: https://management.azure.com/subscriptions/{subscription}/providers/Microsoft.Network/locations/{location}/operations/{operation}?api-version=2026-03-01."
            );
            return Err(refuse(409, "AnotherOperationInProgress", message));
        }
        let etag = format!("W/\"{}\"", self.ids.guid());
        let state = existing.and_then(|body| body["properties"]["operationalState"].as_str()).unwrap_or("Starting");
        let state = if state == "Running" { "Running" } else { "Starting" };
        let guid = existing.and_then(|body| body["properties"]["resourceGuid"].as_str()).map(ToOwned::to_owned);
        let guid = guid.unwrap_or_else(|| guid_of(&gateway_key));
        let body = body::accepted(&id, wanted, &etag, state, &guid);
        self.store.put(&id, body.clone());
        let gateway = self.gateways.entry(gateway_key.clone()).or_default();
        gateway.writes += 1;
        let number = gateway.writes;
        gateway.waiting.insert(number, body);
        let change = Change::WriteGateway(number);
        let operation = self.begin(&id, "PUT", change, self.timings.write_gateway, now);
        if let Some((older, Change::WriteGateway(older_number))) = running {
            self.supersede(&older, older_number, &operation, &gateway_key, now);
        }
        self.timeline.forget(&Due::GatewaySettles(gateway_key.clone()));
        let settles = after(now, self.timings.gateway_shows_updating.min(self.timings.write_gateway));
        self.timeline.plan(settles, Due::GatewaySettles(gateway_key));
        Ok(operation)
    }

    fn supersede(&mut self, older: &str, number: u64, newer: &str, gateway: &str, now: Timestamp) {
        self.timeline.forget(&Due::OperationEnds(older.into()));
        if let Some(operation) = self.operations.get_mut(older) {
            operation.ended = Some(now);
            operation.state = State::Canceled(json!({
                "code": "Canceled", "message": "Operation was canceled.",
                "details": [{
                    "code": "CanceledAndSupersededDueToAnotherOperation",
                    "message": format!("Operation PutApplicationGatewayOperation ({older}) was canceled and superseded by operation PutApplicationGatewayOperation ({newer})."),
                }],
            }));
        }
        if self.superseded_writes_land {
            self.make_effective(gateway, number, now);
        }
        if let Some(gateway) = self.gateways.get_mut(gateway) {
            gateway.waiting.remove(&number);
        }
    }

    /// A gateway that is there when the world begins.
    pub(crate) fn place_gateway(&mut self, place: &Place, wanted: Value, now: Timestamp) {
        let (id, gateway_key) = (place.id(), key(&place.id()));
        let etag = format!("W/\"{}\"", self.ids.guid());
        let mut body = body::accepted(&id, wanted, &etag, "Running", &guid_of(&gateway_key));
        body["properties"]["provisioningState"] = "Succeeded".into();
        self.store.put(&id, body.clone());
        let gateway = self.gateways.entry(gateway_key.clone()).or_default();
        gateway.running = true;
        gateway.writes += 1;
        let number = gateway.writes;
        gateway.waiting.insert(number, body);
        self.make_effective(&gateway_key, number, now);
    }

    pub(crate) fn settle_gateway(&mut self, gateway: &str) {
        if let Some(body) = self.store.get_mut(gateway)
            && body["properties"]["provisioningState"] == "Updating"
        {
            body["properties"]["provisioningState"] = "Succeeded".into();
        }
    }

    pub(crate) fn make_effective(&mut self, key: &str, number: u64, at: Timestamp) {
        let Some(gateway) = self.gateways.get_mut(key) else { return };
        let Some(body) = gateway.waiting.remove(&number) else { return };
        if gateway.deaf || number < gateway.effective_write {
            return;
        }
        gateway.effective_write = number;
        gateway.routing = Some(Arc::new(Routing::of(&body, number, at)));
        gateway.effective = body;
        self.changed = Some(at);
    }

    pub(super) fn renew_etag(&mut self, gateway: &str) {
        let etag = format!("W/\"{}\"", self.ids.guid());
        if let Some(body) = self.store.get_mut(gateway) {
            body::stamp(body, &etag);
        }
    }

    pub(crate) fn gateway_fails(&mut self, gateway: &str) {
        self.renew_etag(gateway);
        if let Some(body) = self.store.get_mut(gateway) {
            body["properties"]["provisioningState"] = "Failed".into();
        }
    }

    pub(crate) fn gateway_succeeds(&mut self, gateway: &str, change: &Change, at: Timestamp) {
        self.renew_etag(gateway);
        let running = match change {
            Change::DeleteGateway => {
                self.store.remove(gateway);
                self.gateways.remove(gateway);
                self.changed = Some(at);
                return;
            }
            Change::StopGateway => false,
            _ => true,
        };
        if let Some(body) = self.store.get_mut(gateway) {
            body["properties"]["operationalState"] = if running { "Running" } else { "Stopped" }.into();
        }
        if let Some(state) = self.gateways.get_mut(gateway) {
            state.running = running;
        }
        if let Change::WriteGateway(number) = change {
            let effective = after(at, self.timings.members_effective_after);
            self.timeline.plan(effective, Due::MembersEffective(gateway.into(), *number));
        }
    }
}
