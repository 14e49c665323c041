//! Application Gateways: whole-object PUT, the newer one supersedes; members take effect late.
mod body;
mod health;
pub(crate) mod routing;

use super::answers::{self, Answered, Refusal, body_of, header, refuse};
use super::operations::{Change, State, Style, started};
use super::place::{Place, key};
use super::timeline::{Due, after};
use super::{ResourceManager, plain};
use crate::{Ask, world::json};
use http::Method;
use jiff::Timestamp;
use routing::Routing;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) const KIND: &str = "microsoft.network/applicationgateways";

/// What a gateway does, beside what its resource shows.
#[derive(Default)]
pub(crate) struct Gateway {
    pub running: bool,
    pub deaf: bool,
    pub routing: Option<Arc<Routing>>,
    effective: Value,
    /// Counts the writes; each has its number.
    writes: u64,
    effective_write: u64,
    /// Accepted writes that carry no traffic yet.
    waiting: BTreeMap<u64, Value>,
}

impl Gateway {
    pub fn effective_members(&self, pool: &str) -> Vec<String> {
        let pools = self.effective["properties"]["backendAddressPools"].as_array().into_iter().flatten();
        let members = pools.filter(|found| found["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(pool)));
        members.flat_map(routing::members).map(|member| member.address).collect()
    }
}

impl ResourceManager {
    pub(crate) fn answer_gateway(&mut self, ask: &Ask, place: &Place, now: Timestamp) -> Answered {
        let below = place.steps.get(2).map(|step| step.to_lowercase());
        match (ask.method(), place.steps.len(), below.as_deref()) {
            (&Method::GET, 1, _) => plain::answer(self, ask, place),
            (&Method::GET, 2, _) => Ok(json(200, self.gateway(place)?)),
            (&Method::PUT, 2, _) => self.put_gateway(ask, place, now),
            (&Method::PATCH, 2, _) => {
                self.gateway(place)?;
                let wanted = body_of(ask)?;
                plain::retag(self, &key(&place.id()), &wanted);
                self.renew_etag(&key(&place.id()));
                Ok(json(200, self.gateway(place)?))
            }
            (&Method::DELETE, 2, _) => self.delete_gateway(ask, place, now),
            (&Method::POST, 3, Some("backendhealth")) => self.look_at_backends(ask, place, Change::BackendHealth, now),
            (&Method::POST, 3, Some("getbackendhealthondemand")) => {
                let probe = body_of(ask)?;
                self.look_at_backends(ask, place, Change::BackendHealthOnDemand(probe), now)
            }
            (&Method::POST, 3, Some("start")) => self.switch_gateway(ask, place, Change::StartGateway, now),
            (&Method::POST, 3, Some("stop")) => self.switch_gateway(ask, place, Change::StopGateway, now),
            // There is no such resource in Azure: a pool, a rule is only a part of its gateway.
            (_, 3.., Some("providers" | "privateendpointconnections")) => plain::answer(self, ask, place),
            _ => Err(Refusal::method()),
        }
    }

    fn gateway(&self, place: &Place) -> Result<&Value, Refusal> {
        let group = place.group.as_deref().unwrap_or_default();
        let name = place.steps.get(1).map_or("", String::as_str);
        self.store
            .get(&key(&place.id()))
            .ok_or_else(|| Refusal::not_found("Microsoft.Network/applicationGateways", name, group))
    }

    fn put_gateway(&mut self, ask: &Ask, place: &Place, now: Timestamp) -> Answered {
        let body = body_of(ask)?;
        let existing = self.store.get(&key(&place.id()));
        let expected = header(ask, "if-match").filter(|expected| self.honour_if_match && *expected != "*");
        if let (Some(expected), Some(existing)) = (expected, existing)
            && existing["etag"] != expected
        {
            let message = format!("The etag provided in the header If-Match {expected} does not match the resource's.");
            return Err(refuse(412, "PreconditionFailed", message));
        }
        let status = if existing.is_some() { 200 } else { 201 };
        let location = body["location"].as_str().unwrap_or_default().to_owned();
        let operation = self.write_gateway(place, body, now)?;
        let reply = json(status, self.gateway(place)?);
        Ok(started(reply, &operation, Style::AsyncOperation, &location, ask, self.timings.retry_after))
    }

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
            let location = super::place::squeezed(wanted["location"].as_str().unwrap_or_default());
            let message = format!(
                "Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: https://management.azure.com/subscriptions/{subscription}/providers/Microsoft.Network/locations/{location}/operations/{operation}?api-version=2026-03-01."
            );
            return Err(refuse(409, "AnotherOperationInProgress", message));
        }
        let etag = format!("W/\"{}\"", self.ids.guid());
        let state = existing.and_then(|body| body["properties"]["operationalState"].as_str()).unwrap_or("Starting");
        let state = if state == "Running" { "Running" } else { "Starting" };
        let guid = existing.and_then(|body| body["properties"]["resourceGuid"].as_str()).map(ToOwned::to_owned);
        let guid = guid.unwrap_or_else(|| super::ids::guid_of(&gateway_key));
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

    fn delete_gateway(&mut self, ask: &Ask, place: &Place, now: Timestamp) -> Answered {
        let Ok(body) = self.gateway(place) else { return Ok(answers::empty(204)) };
        let location = body["location"].as_str().unwrap_or_default().to_owned();
        let operation = self.begin(&place.id(), "DELETE", Change::DeleteGateway, self.timings.delete_gateway, now);
        if let Some(body) = self.store.get_mut(&key(&place.id())) {
            body["properties"]["provisioningState"] = "Deleting".into();
        }
        Ok(started(answers::empty(202), &operation, Style::Location, &location, ask, self.timings.retry_after))
    }

    fn switch_gateway(&mut self, ask: &Ask, place: &Place, change: Change, now: Timestamp) -> Answered {
        let place = Place::of(&place.before_last());
        let location = self.gateway(&place)?["location"].as_str().unwrap_or_default().to_owned();
        let (verb, state) = match change {
            Change::StartGateway => ("POST start", "Starting"),
            _ => ("POST stop", "Stopping"),
        };
        let operation = self.begin(&place.id(), verb, change, self.timings.write_gateway, now);
        if let Some(body) = self.store.get_mut(&key(&place.id())) {
            body["properties"]["operationalState"] = state.into();
        }
        Ok(started(answers::empty(202), &operation, Style::Both, &location, ask, self.timings.retry_after))
    }

    fn look_at_backends(&mut self, ask: &Ask, place: &Place, change: Change, now: Timestamp) -> Answered {
        let gateway = Place::of(&place.before_last());
        let body = self.gateway(&gateway)?;
        let location = body["location"].as_str().unwrap_or_default().to_owned();
        if let Change::BackendHealthOnDemand(probe) = &change {
            health::probe_checked(body, probe)?;
        }
        let verb = format!("POST {}", place.name());
        let operation = self.begin(&gateway.id(), &verb, change, self.timings.backend_health, now);
        Ok(started(answers::empty(202), &operation, Style::Location, &location, ask, self.timings.retry_after))
    }

    /// A gateway that is there when the world begins.
    pub(crate) fn place_gateway(&mut self, place: &Place, wanted: Value, now: Timestamp) {
        let (id, gateway_key) = (place.id(), key(&place.id()));
        let etag = format!("W/\"{}\"", self.ids.guid());
        let mut body = body::accepted(&id, wanted, &etag, "Running", &super::ids::guid_of(&gateway_key));
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

    fn renew_etag(&mut self, gateway: &str) {
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
