//! Application Gateways: whole-object PUT, the newer one supersedes; members take effect late.
mod body;
mod health;
pub(crate) mod routing;
mod writing;

use super::answers::{self, Answered, Refusal, body_of, header, refuse};
use super::operations::{Change, Style, started};
use super::place::{Place, key};
use super::{ResourceManager, plain};
use crate::{
    Ask,
    answer::{json, json_text},
};
use http::Method;
use jiff::Timestamp;
use routing::Routing;
use serde_json::Value;
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
            (&Method::GET, 2, _) => {
                self.gateway(place)?;
                Ok(json_text(200, self.store.text(&key(&place.id())).unwrap_or_default()))
            }
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
}
