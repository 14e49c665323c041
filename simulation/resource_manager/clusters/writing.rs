//! A cluster's writes as they are asked for: each begins an operation.
use super::body;
use super::checks::checked;
use super::standing::{following, found, not_busy, owner, preconditions, show};
use crate::Ask;
use crate::resource_manager::{
    answers::{Answered, Refusal, body_of, empty, refuse},
    desk::Desk,
    operations::{ClusterChange, Style},
    place::{Place, key},
    timeline::{Due, after},
    versions::Versions,
};
use serde_json::Value;

/// A whole cluster, new or not.
pub(super) fn put(desk: &mut Desk<'_>, versions: &Versions, ask: &Ask, place: &Place) -> Answered {
    let (id, wanted) = (place.id(), body_of(ask)?);
    let cluster = key(&id);
    let existing = desk.registry.store.get(&cluster).cloned();
    preconditions(ask, existing.as_ref())?;
    not_busy(desk.registry, &cluster)?;
    let version = checked(&desk.registry.store, versions, place, &wanted, existing.as_ref())?;
    let uid = desk.registry.ids.guid();
    let etag = desk.registry.ids.guid();
    let body = body::accepted(place, wanted, existing.as_ref(), &version, &uid, &etag, desk.now);
    let takes = if existing.is_some() { desk.timings.update_cluster } else { desk.timings.create_cluster };
    desk.registry.store.put(&id, body);
    let operation = desk.begin(&id, "PUT", ClusterChange::Put, takes);
    let status = if existing.is_some() { 200 } else { 201 };
    Ok(following(desk, status, &operation, place, Style::AsyncOperation, ask))
}

/// A cluster's tags.
pub(super) fn tag(desk: &mut Desk<'_>, ask: &Ask, place: &Place) -> Answered {
    let (id, wanted) = (place.id(), body_of(ask)?);
    preconditions(ask, Some(found(&desk.registry.store, place)?))?;
    not_busy(desk.registry, &key(&id))?;
    desk.registry.store.retag(&key(&id), &wanted);
    show(desk.registry, &key(&id), "Updating");
    let operation = desk.begin(&id, "PATCH", ClusterChange::Tag, desk.timings.tag_cluster);
    Ok(following(desk, 200, &operation, place, Style::Both, ask))
}

/// A deletion: one that is asked for twice goes on.
pub(super) fn delete(desk: &mut Desk<'_>, ask: &Ask, place: &Place) -> Answered {
    let id = place.id();
    let Some(existing) = desk.registry.store.get(&key(&id)) else { return Ok(empty(204)) };
    preconditions(ask, Some(existing))?;
    let operation = begin_deletion(desk, &id)?;
    Ok(following(desk, 202, &operation, place, Style::Both, ask))
}

/// Begins a deletion, or goes on with the one that is under way. Gives the operation's id.
pub(super) fn begin_deletion(desk: &mut Desk<'_>, id: &str) -> Result<String, Refusal> {
    let running = desk.registry.operations.running_on(&key(id));
    if let Some(running) = running.filter(|operation| operation.verb == "DELETE") {
        return Ok(running.id.clone());
    }
    not_busy(desk.registry, &key(id))?;
    show(desk.registry, &key(id), "Deleting");
    let operation = desk.begin(id, "DELETE", ClusterChange::Delete, desk.timings.delete_cluster);
    let vanishes = desk.timings.cluster_goes_away.min(desk.timings.delete_cluster);
    desk.registry.timeline.plan(after(desk.now, vanishes), Due::ClusterGoesAway(operation.clone()));
    Ok(operation)
}

pub(super) fn start_or_stop(desk: &mut Desk<'_>, ask: &Ask, place: &Place, change: ClusterChange) -> Answered {
    let cluster = owner(place);
    found(&desk.registry.store, &cluster)?;
    let operation = begin_power(desk, &cluster.id(), change)?;
    Ok(following(desk, 202, &operation, &cluster, Style::Both, ask))
}

/// Begins a start or a stop. Gives the operation's id.
pub(super) fn begin_power(desk: &mut Desk<'_>, id: &str, change: ClusterChange) -> Result<String, Refusal> {
    not_busy(desk.registry, &key(id))?;
    if matches!(change, ClusterChange::Stop) {
        stoppable(desk.registry.store.get(&key(id)).unwrap_or(&Value::Null))?;
    }
    let (verb, state, takes) = match change {
        ClusterChange::Start => ("POST start", "Starting", desk.timings.start_cluster),
        _ => ("POST stop", "Stopping", desk.timings.stop_cluster),
    };
    let stops = matches!(change, ClusterChange::Stop);
    show(desk.registry, &key(id), state);
    let operation = desk.begin(id, verb, change, takes);
    if stops {
        let vanishes = desk.timings.cluster_goes_away.min(takes);
        desk.registry.timeline.plan(after(desk.now, vanishes), Due::ClusterGoesAway(operation.clone()));
    }
    Ok(operation)
}

/// AKS stops no cluster that provisions its nodes by itself, and none on availability sets.
///
/// <https://github.com/MicrosoftDocs/azure-docs/issues/118661>
fn stoppable(cluster: &Value) -> Result<(), Refusal> {
    let is = |value: &Value, word: &str| value.as_str().is_some_and(|found| found.eq_ignore_ascii_case(word));
    let properties = &cluster["properties"];
    if is(&properties["nodeProvisioningProfile"]["mode"], "Auto") {
        let message = "Unable to perform 'stopping' operation since the cluster enables .properties.nodeProvisioningProfile.mode 'Auto'";
        return Err(refuse(400, "OperationNotAllowed", message));
    }
    let mut pools = properties["agentPoolProfiles"].as_array().into_iter().flatten();
    if pools.any(|pool| is(&pool["type"], "AvailabilitySet")) {
        let message = "Stopping a cluster with agent pools of type AvailabilitySet is not supported.";
        return Err(refuse(400, "AvailabilitySetsNotSupported", message));
    }
    Ok(())
}
