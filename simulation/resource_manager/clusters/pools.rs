//! A cluster's node pools as resources of their own: list, get, scale, delete.
use super::body;
use super::checks::pool_checked;
use super::standing::{following, found, not_busy, owner, preconditions, show};
use crate::resource_manager::{
    answers::{Answered, Refusal, body_of, empty, refuse},
    desk::Desk,
    operations::{ClusterChange, Style},
    place::{Place, key},
    registry::Registry,
};
use crate::{Ask, answer::json};
use http::Method;
use serde_json::{Value, json};

/// A call about a cluster's pools.
pub(super) fn answer(desk: &mut Desk<'_>, ask: &Ask, place: &Place) -> Answered {
    let cluster = found(&desk.registry.store, &owner(place))?;
    let pools = pools_of(cluster);
    let own = |pool: &&Value| pool["name"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(place.name()));
    match (ask.method(), place.names_a_resource(), pools.iter().find(own)) {
        (&Method::GET, false, _) => {
            Ok(json(200, &json!({"value": pools.iter().map(|pool| shown(cluster, pool)).collect::<Vec<_>>()})))
        }
        (&Method::GET, true, Some(pool)) => Ok(json(200, &shown(cluster, pool))),
        (&Method::GET, true, None) => Err(refuse(
            404,
            "NotFound",
            format!("Could not find the agent pool {} in cluster {}.", place.name(), owner(place).name()),
        )),
        (&Method::PUT, true, found) => {
            let old = found.cloned();
            put(desk, ask, place, old.as_ref())
        }
        (&Method::DELETE, true, None) => Ok(empty(204)),
        (&Method::DELETE, true, Some(pool)) => {
            preconditions(ask, Some(pool))?;
            let is_system = |pool: &&Value| pool["mode"] == "System";
            if is_system(&pool) && pools.iter().filter(is_system).count() == 1 {
                let message = "There has to be at least one system agent pool.";
                return Err(refuse(400, "AgentPoolDeletionNotAllowed", message));
            }
            delete(desk, ask, place)
        }
        _ => Err(Refusal::method()),
    }
}

fn pools_of(cluster: &Value) -> &[Value] {
    cluster["properties"]["agentPoolProfiles"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn put(desk: &mut Desk<'_>, ask: &Ask, place: &Place, old: Option<&Value>) -> Answered {
    let (owner, name) = (owner(place), place.name());
    let (cluster_key, cluster) = (key(&owner.id()), found(&desk.registry.store, &owner)?);
    let location = cluster["location"].as_str().unwrap_or_default().to_owned();
    let version = cluster["properties"]["kubernetesVersion"].as_str().unwrap_or_default().to_owned();
    let mut wanted = body_of(ask)?["properties"].take();
    if !wanted.is_object() {
        return Err(Refusal::invalid_content("the agent pool has no properties"));
    }
    wanted["name"] = old.map_or(name.into(), |old| old["name"].clone());
    preconditions(ask, old)?;
    not_busy(desk.registry, &cluster_key)?;
    pool_checked(&desk.registry.store, &owner, &wanted, &cluster["properties"])?;
    body::accept_pool(&mut wanted, old, &version);
    wanted["provisioningState"] = if old.is_some() { "Scaling" } else { "Creating" }.into();
    replace(desk.registry, &cluster_key, &wanted);
    show(desk.registry, &cluster_key, "Updating");
    let verb = format!("PUT agentPools/{name}");
    let operation = desk.begin(&owner.id(), &verb, ClusterChange::PutPool(name.into()), desk.timings.scale_pool);
    let status = if old.is_some() { 200 } else { 201 };
    let reply = json(status, &shown(found(&desk.registry.store, &owner)?, &wanted));
    Ok(desk.started(reply, &operation, Style::AsyncOperation, &location, ask))
}

fn delete(desk: &mut Desk<'_>, ask: &Ask, place: &Place) -> Answered {
    let (cluster, name) = (owner(place), place.name());
    not_busy(desk.registry, &key(&cluster.id()))?;
    show(desk.registry, &key(&cluster.id()), "Updating");
    let verb = format!("DELETE agentPools/{name}");
    let operation = desk.begin(&cluster.id(), &verb, ClusterChange::DeletePool(name.into()), desk.timings.scale_pool);
    Ok(following(desk, 202, &operation, &cluster, Style::Both, ask))
}

fn replace(registry: &mut Registry, cluster: &str, pool: &Value) {
    let etag = registry.ids.guid();
    let Some(body) = registry.store.get_mut(cluster) else { return };
    let Some(pools) = body["properties"]["agentPoolProfiles"].as_array_mut() else { return };
    let mut pool = pool.clone();
    pool["eTag"] = etag.into();
    match pools.iter_mut().find(|old| old["name"] == pool["name"]) {
        Some(old) => *old = pool,
        None => pools.push(pool),
    }
}

/// A pool as a resource: everything but its name is below `properties`.
fn shown(cluster: &Value, pool: &Value) -> Value {
    let mut properties = pool.clone();
    let name = pool["name"].as_str().unwrap_or_default();
    if let Some(fields) = properties.as_object_mut() {
        fields.shift_remove("name");
    }
    json!({
        "id": format!("{}/agentPools/{name}", cluster["id"].as_str().unwrap_or_default()), "name": name,
        "type": "Microsoft.ContainerService/managedClusters/agentPools", "properties": properties,
    })
}
