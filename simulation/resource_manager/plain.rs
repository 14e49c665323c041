//! Networks, addresses, identities and everything else that is only kept and shown.
use super::answers::{Answered, Refusal, body_of, empty, refuse};
use super::place::{Place, key};
use super::{ResourceManager, apps, clusters, filled, scopes, sites};
use crate::{Ask, answer::json};
use http::Method;
use serde_json::{Value, json};

const NETWORK: &str = "microsoft.network/virtualnetworks";
const SUBNET: &str = "microsoft.network/virtualnetworks/subnets";

pub(crate) fn answer(azure: &mut ResourceManager, ask: &Ask, place: &Place) -> Answered {
    let Some(namespace) = &place.namespace else { return scopes::answer(azure, ask, place) };
    if place.steps.is_empty() {
        return Ok(json(200, &scopes::provider(namespace, &place.id())));
    }
    let found = azure.store.get(&key(&place.id())).is_some();
    let group = place.group.clone().unwrap_or_default();
    let missing = || Refusal::not_found(&place.kind(), place.name(), &group);
    match (ask.method(), place.names_a_resource()) {
        (&Method::GET, false) => Ok(json(200, &listed(azure, place))),
        (&Method::GET, true) if found => Ok(json(200, &shown(azure, &key(&place.id())))),
        (&Method::HEAD, true) => Ok(empty(if found { 204 } else { 404 })),
        (&Method::GET, true) => Err(missing()),
        (&Method::PUT, true) => {
            let body = body_of(ask)?;
            if place.parent().is_some_and(|parent| azure.store.get(&key(&parent)).is_none()) {
                return Err(refuse(
                    404,
                    "ParentResourceNotFound",
                    format!(
                        "Failed to perform 'write' on resource(s) of type '{}', because the parent resource '{}' could not be found.",
                        place.kind(),
                        place.parent().unwrap_or_default()
                    ),
                ));
            }
            settle(azure, place, body);
            Ok(json(if found { 200 } else { 201 }, &shown(azure, &key(&place.id()))))
        }
        (&Method::PATCH, true) if found => {
            retag(azure, &key(&place.id()), &body_of(ask)?);
            Ok(json(200, &shown(azure, &key(&place.id()))))
        }
        (&Method::PATCH, true) => Err(missing()),
        (&Method::DELETE, true) => Ok(empty(if azure.store.remove(&key(&place.id())).is_some() { 200 } else { 204 })),
        (&Method::POST, false) => {
            let message = format!("The simulated Azure does not do this: {}.", place.kind());
            Err(refuse(405, "MethodNotAllowed", message))
        }
        _ => Err(Refusal::method()),
    }
}

/// Replaces the tags by the ones of the body, if it has some.
pub(crate) fn retag(azure: &mut ResourceManager, key: &str, body: &Value) {
    if let (Some(stored), Some(tags)) = (azure.store.get_mut(key), body.get("tags")) {
        stored["tags"] = tags.clone();
    }
}

/// Stores a resource as provisioned, with what its provider fills in.
pub(crate) fn settle(azure: &mut ResourceManager, place: &Place, mut body: Value) {
    let etag = format!("W/\"{}\"", azure.ids.guid());
    let (id, kind) = (place.id(), place.lower_kind());
    filled::fill(place, &mut body);
    if kind == NETWORK {
        let subnets = body["properties"].as_object_mut().and_then(|fields| fields.shift_remove("subnets"));
        azure.store.remove(&key(&id));
        let subnets = subnets.as_ref().and_then(Value::as_array).into_iter().flatten();
        for subnet in subnets.filter(|subnet| subnet["name"].is_string()) {
            let name = subnet["name"].as_str().unwrap_or_default();
            settle(azure, &Place::of(&format!("{id}/subnets/{name}")), subnet.clone());
        }
    }
    if kind.starts_with("microsoft.network/") {
        body["etag"] = etag.into();
    }
    if !["microsoft.managedidentity/", "microsoft.authorization/"].iter().any(|own| kind.starts_with(own)) {
        body["properties"]["provisioningState"] = "Succeeded".into();
    }
    azure.store.put(&id, body);
}

fn shown(azure: &ResourceManager, key: &str) -> Value {
    let mut body = azure.store.get(key).cloned().unwrap_or_default();
    let kind = body["type"].as_str().unwrap_or_default().to_lowercase();
    if kind == NETWORK {
        let prefix = format!("{key}/subnets/");
        let subnets: Vec<_> = azure.store.below(&prefix).map(|(subnet, _)| shown(azure, subnet)).collect();
        body["properties"]["subnets"] = subnets.into();
    }
    if kind == SUBNET {
        let mut used = body["properties"]["ipConfigurations"].as_array().cloned().unwrap_or_default();
        used.extend(clusters::addresses_in(azure, key));
        if !used.is_empty() {
            body["properties"]["ipConfigurations"] = used.into();
        }
    }
    if kind == sites::KIND {
        apps::fill_in(&mut body, &azure.store, &azure.neighbours);
    }
    body
}

fn listed(azure: &ResourceManager, place: &Place) -> Value {
    let kind = place.kind();
    // A list in a subscription is asked without the group: every resource of that kind.
    let id = place.id();
    let scope = match (&place.group, &place.subscription) {
        (None, Some(subscription)) => format!("/subscriptions/{subscription}/"),
        _ => format!("{id}/"),
    };
    let scope = scope.to_lowercase();
    let keys = azure.store.of_kind(&scope, &kind).filter_map(|body| body["id"].as_str());
    json!({"value": keys.map(|id| shown(azure, &key(id))).collect::<Vec<_>>()})
}
