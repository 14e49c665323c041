//! Calls about gateways: each write begins an operation.
use super::health;
use super::writing::{Gateways, renew_etag};
use crate::resource_manager::{
    answers::{Answered, Refusal, body_of, empty, header, refuse},
    desk::Desk,
    operations::{BackendLook, GatewayChange, Style},
    place::{Place, key},
    plain,
    store::Store,
    timeline::Due,
};
use crate::{
    Ask,
    answer::{json, json_text},
    latency::Look,
};
use http::Method;
use serde_json::Value;

/// A call about a gateway.
pub(crate) fn answer(gateways: &mut Gateways, desk: &mut Desk<'_>, ask: &Ask, place: &Place) -> Answered {
    let below = place.steps.get(2).map(|step| step.to_lowercase());
    match (ask.method(), place.steps.len(), below.as_deref()) {
        (&Method::GET, 1, _) => plain::answer(desk, ask, place),
        (&Method::GET, 2, _) => {
            found(&desk.registry.store, place)?;
            Ok(json_text(200, desk.registry.store.text(&key(&place.id())).unwrap_or_default()))
        }
        (&Method::PUT, 2, _) => put(gateways, desk, ask, place),
        (&Method::PATCH, 2, _) => {
            found(&desk.registry.store, place)?;
            let wanted = body_of(ask)?;
            desk.registry.store.retag(&key(&place.id()), &wanted);
            renew_etag(desk.registry, &key(&place.id()));
            Ok(json(200, found(&desk.registry.store, place)?))
        }
        (&Method::DELETE, 2, _) => delete(desk, ask, place),
        (&Method::POST, 3, Some("backendhealth")) => look(desk, ask, place, BackendLook::All),
        (&Method::POST, 3, Some("getbackendhealthondemand")) => {
            let probe = body_of(ask)?;
            look(desk, ask, place, BackendLook::OnDemand(probe))
        }
        (&Method::POST, 3, Some("start")) => switch(desk, ask, place, GatewayChange::Start),
        (&Method::POST, 3, Some("stop")) => switch(desk, ask, place, GatewayChange::Stop),
        // There is no such resource in Azure: a pool, a rule is only a part of its gateway.
        (_, 3.., Some("providers" | "privateendpointconnections")) => plain::answer(desk, ask, place),
        _ => Err(Refusal::method()),
    }
}

fn found<'store>(store: &'store Store, place: &Place) -> Result<&'store Value, Refusal> {
    let group = place.group.as_deref().unwrap_or_default();
    let name = place.steps.get(1).map_or("", String::as_str);
    store.get(&key(&place.id())).ok_or_else(|| Refusal::not_found("Microsoft.Network/applicationGateways", name, group))
}

fn put(gateways: &mut Gateways, desk: &mut Desk<'_>, ask: &Ask, place: &Place) -> Answered {
    let body = body_of(ask)?;
    let existing = desk.registry.store.get(&key(&place.id()));
    let expected = header(ask, "if-match").filter(|expected| desk.habits.honour_if_match && *expected != "*");
    if let (Some(expected), Some(existing)) = (expected, existing)
        && existing["etag"] != expected
    {
        let message = format!("The etag provided in the header If-Match {expected} does not match the resource's.");
        return Err(refuse(412, "PreconditionFailed", message));
    }
    let status = if existing.is_some() { 200 } else { 201 };
    let location = body["location"].as_str().unwrap_or_default().to_owned();
    let operation = gateways.write(desk, place, body)?;
    let reply = json(status, found(&desk.registry.store, place)?);
    Ok(desk.started(reply, &operation, Style::AsyncOperation, &location, ask))
}

fn delete(desk: &mut Desk<'_>, ask: &Ask, place: &Place) -> Answered {
    let Ok(body) = found(&desk.registry.store, place) else { return Ok(empty(204)) };
    let location = body["location"].as_str().unwrap_or_default().to_owned();
    let operation = desk.begin(&place.id(), "DELETE", GatewayChange::Delete, desk.timings.delete_gateway);
    if let Some(body) = desk.registry.store.get_mut(&key(&place.id())) {
        body["properties"]["provisioningState"] = "Deleting".into();
    }
    Ok(desk.started(empty(202), &operation, Style::Location, &location, ask))
}

fn switch(desk: &mut Desk<'_>, ask: &Ask, place: &Place, change: GatewayChange) -> Answered {
    let place = Place::of(&place.before_last());
    let location = found(&desk.registry.store, &place)?["location"].as_str().unwrap_or_default().to_owned();
    let operation = turn(desk, &place, change);
    Ok(desk.started(empty(202), &operation, Style::Both, &location, ask))
}

/// A gateway is started or stopped. Gives the operation's id.
pub fn turn(desk: &mut Desk<'_>, place: &Place, change: GatewayChange) -> String {
    let (verb, state) = match change {
        GatewayChange::Start => ("POST start", "Starting"),
        GatewayChange::Stop | GatewayChange::Delete | GatewayChange::Write(_) => ("POST stop", "Stopping"),
    };
    let operation = desk.begin(&place.id(), verb, change, desk.timings.write_gateway);
    if let Some(body) = desk.registry.store.get_mut(&key(&place.id())) {
        body["properties"]["operationalState"] = state.into();
    }
    operation
}

fn look(desk: &mut Desk<'_>, ask: &Ask, place: &Place, look: BackendLook) -> Answered {
    let gateway = Place::of(&place.before_last());
    let body = found(&desk.registry.store, &gateway)?;
    let location = body["location"].as_str().unwrap_or_default().to_owned();
    if let BackendLook::OnDemand(probe) = &look {
        health::probe_checked(body, probe)?;
    }
    let verb = format!("POST {}", place.name());
    let drawn = ask.extensions().get::<Look>();
    let takes = drawn.map_or(desk.timings.backend_health, |drawn| drawn.takes);
    let operation = desk.begin(&gateway.id(), &verb, look, takes);
    if drawn.is_some_and(|drawn| drawn.at_once) {
        desk.registry.timeline.plan(desk.now, Due::BackendsSeen(operation.clone()));
    }
    Ok(desk.started(empty(202), &operation, Style::Location, &location, ask))
}
