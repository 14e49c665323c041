//! Networks, addresses, identities and everything else that is only kept and shown.
use super::answers::{Answered, Refusal, body_of, empty, refuse};
use super::clusters::subnets::addresses_in;
use super::desk::Desk;
use super::neighbours::Neighbours;
use super::place::{Place, key};
use super::store::Store;
use super::{apps, kinds, providers};
use crate::{Ask, answer::json};
use http::Method;
use serde_json::{Value, json};

const NETWORK: &str = "microsoft.network/virtualnetworks";
const SUBNET: &str = "microsoft.network/virtualnetworks/subnets";

/// A call to a provider whose resources do nothing.
pub(crate) fn answer(desk: &mut Desk<'_>, ask: &Ask, place: &Place) -> Answered {
    if place.steps.is_empty() {
        return Ok(json(200, &providers::shown(place.namespace.as_deref().unwrap_or_default(), &place.id())));
    }
    let (own, store) = (key(&place.id()), &mut desk.registry.store);
    let found = store.get(&own).is_some();
    let group = place.group.clone().unwrap_or_default();
    // Resource Manager has no list of the parts of a network: their provider answers.
    let is_part = place.lower_kind().starts_with(NETWORK)
        && place.parent().is_some_and(|parent| store.get(&key(&parent)).is_some());
    let missing = || match is_part {
        true => refuse(404, "NotFound", format!("Resource {} not found.", place.id())),
        false => Refusal::not_found(&place.kind(), place.name(), &group),
    };
    match (ask.method(), place.names_a_resource()) {
        (&Method::GET, false) => Ok(json(200, &listed(desk, place))),
        (&Method::GET, true) if found => Ok(json(200, &shown(store, desk.neighbours, &own))),
        (&Method::HEAD, true) => Ok(empty(if found { 204 } else { 404 })),
        (&Method::GET, true) => Err(missing()),
        (&Method::PUT, true) => {
            let body = body_of(ask)?;
            inside_its_parent(store, place)?;
            desk.registry.settle(place, body);
            Ok(json(if found { 200 } else { 201 }, &shown(&desk.registry.store, desk.neighbours, &own)))
        }
        (&Method::PATCH, true) if found => {
            store.retag(&own, &body_of(ask)?);
            Ok(json(200, &shown(store, desk.neighbours, &own)))
        }
        (&Method::PATCH, true) => Err(missing()),
        (&Method::DELETE, true) => Ok(empty(if store.remove(&own).is_some() { 200 } else { 204 })),
        (&Method::POST, false) => {
            let message = format!("The simulated Azure does not do this: {}.", place.kind());
            Err(refuse(405, "MethodNotAllowed", message))
        }
        _ => Err(Refusal::method()),
    }
}

fn inside_its_parent(store: &Store, place: &Place) -> Result<(), Refusal> {
    let Some(parent) = place.parent().filter(|parent| store.get(&key(parent)).is_none()) else { return Ok(()) };
    Err(refuse(
        404,
        "ParentResourceNotFound",
        format!(
            "Failed to perform 'write' on resource(s) of type '{}', because the parent resource '{parent}' could not be found.",
            place.kind()
        ),
    ))
}

fn shown(store: &Store, neighbours: &Neighbours, key: &str) -> Value {
    let mut body = store.get(key).cloned().unwrap_or_default();
    let kind = body["type"].as_str().unwrap_or_default().to_lowercase();
    if kind == NETWORK {
        let prefix = format!("{key}/subnets/");
        let subnets: Vec<_> = store.below(&prefix).map(|(subnet, _)| shown(store, neighbours, subnet)).collect();
        body["properties"]["subnets"] = subnets.into();
    }
    if kind == SUBNET {
        let mut used = body["properties"]["ipConfigurations"].as_array().cloned().unwrap_or_default();
        used.extend(addresses_in(store, key));
        if !used.is_empty() {
            body["properties"]["ipConfigurations"] = used.into();
        }
    }
    if kind == kinds::SITES {
        apps::fill_in(&mut body, store, neighbours);
    }
    body
}

fn listed(desk: &Desk<'_>, place: &Place) -> Value {
    let kind = place.kind();
    // A list in a subscription is asked without the group: every resource of that kind.
    let id = place.id();
    let scope = match (&place.group, &place.subscription) {
        (None, Some(subscription)) => format!("/subscriptions/{subscription}/"),
        _ => format!("{id}/"),
    };
    let scope = scope.to_lowercase();
    let keys = desk.registry.store.of_kind(&scope, &kind).filter_map(|body| body["id"].as_str());
    json!({"value": keys.map(|id| shown(&desk.registry.store, desk.neighbours, &key(id))).collect::<Vec<_>>()})
}
