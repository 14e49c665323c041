//! Where a cluster stands when it is asked for something: found, busy, as the caller believes, as it is shown.
use crate::resource_manager::{
    answers::{Refusal, empty, header, refuse},
    desk::Desk,
    operations::Style,
    place::{Place, key},
    registry::Registry,
    store::Store,
};
use crate::{Ask, Reply, answer::json};
use serde_json::Value;

/// A cluster's body.
pub(super) fn found<'store>(store: &'store Store, place: &Place) -> Result<&'store Value, Refusal> {
    let group = place.group.as_deref().unwrap_or_default();
    let name = place.steps.get(1).map_or("", String::as_str);
    store
        .get(&key(&place.id()))
        .ok_or_else(|| Refusal::not_found("Microsoft.ContainerService/managedClusters", name, group))
}

/// AKS takes one operation at a time.
pub(super) fn not_busy(registry: &Registry, cluster: &str) -> Result<(), Refusal> {
    let Some(_) = registry.operations.running_on(cluster) else { return Ok(()) };
    let state = registry.store.get(cluster).and_then(|body| body["properties"]["provisioningState"].as_str());
    Err(refuse(
        409,
        "OperationNotAllowed",
        format!(
            "Operation is not allowed: Another operation ({}) is in progress, please wait for it to finish before starting a new operation. See https://aka.ms/aks-pending-operation for more details",
            state.unwrap_or("Updating")
        ),
    ))
}

/// Shows a `provisioningState`; every change renews the `eTag`.
pub(super) fn show(registry: &mut Registry, cluster: &str, state: &str) {
    let etag = registry.ids.guid();
    if let Some(body) = registry.store.get_mut(cluster) {
        body["properties"]["provisioningState"] = state.into();
        body["eTag"] = etag.into();
    }
}

/// The answer that starts an operation: the cluster as it is now, or nothing for 202.
pub(super) fn following(
    desk: &Desk<'_>,
    status: u16,
    operation: &str,
    place: &Place,
    style: Style,
    ask: &Ask,
) -> Reply {
    let shown = desk.registry.store.get(&key(&place.id())).unwrap_or(&Value::Null);
    let location = shown["location"].as_str().unwrap_or_default();
    let reply = if status == 202 { empty(202) } else { json(status, shown) };
    desk.started(reply, operation, style, location, ask)
}

/// The cluster that a longer path lies below.
pub(super) fn owner(place: &Place) -> Place {
    let id = place.id();
    let extra = place.steps.len().saturating_sub(2);
    let kept: Vec<_> = id.split('/').collect();
    Place::of(&kept[..kept.len() - extra].join("/"))
}

/// Refuses a call whose `If-Match` or `If-None-Match` does not hold.
pub(super) fn preconditions(ask: &Ask, existing: Option<&Value>) -> Result<(), Refusal> {
    let failed = |message: &str| Err(refuse(412, "PreconditionFailed", message));
    if header(ask, "if-none-match").is_some_and(|value| value.trim() == "*") && existing.is_some() {
        return failed("The resource already exists, but the request's If-None-Match header is '*'.");
    }
    let Some(expected) = header(ask, "if-match").map(|value| value.trim().trim_matches('"')) else { return Ok(()) };
    let etag = existing.and_then(|body| body["eTag"].as_str());
    match etag {
        Some(etag) if expected == "*" || expected == etag => Ok(()),
        Some(etag) => {
            failed(&format!("The eTag '{expected}' of the request does not match the resource's eTag '{etag}'."))
        }
        None => failed("The request has an If-Match header, but the resource does not exist."),
    }
}
