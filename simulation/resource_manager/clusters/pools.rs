//! A cluster's node pools as resources of their own: list, get, scale, delete.
use super::super::ResourceManager;
use super::super::answers::{Answered, Refusal, body_of, empty, refuse};
use super::super::operations::{Change, Style, started};
use super::super::place::{Place, key};
use super::{body, owner, preconditions};
use crate::{Ask, answer::json};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

impl ResourceManager {
    pub(super) fn answer_pool(&mut self, ask: &Ask, place: &Place, now: Timestamp) -> Answered {
        let cluster_place = owner(place);
        let cluster = self.cluster(&cluster_place)?;
        let (cluster_key, name) = (key(&cluster_place.id()), place.name().to_owned());
        let pools = cluster["properties"]["agentPoolProfiles"].as_array().map(Vec::as_slice).unwrap_or_default();
        let found = pools.iter().find(|pool| pool["name"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(&name)));
        match (ask.method(), place.names_a_resource(), found) {
            (&Method::GET, false, _) => {
                Ok(json(200, &json!({"value": pools.iter().map(|pool| shown(cluster, pool)).collect::<Vec<_>>()})))
            }
            (&Method::GET, true, Some(pool)) => Ok(json(200, &shown(cluster, pool))),
            (&Method::GET, true, None) => Err(refuse(
                404,
                "NotFound",
                format!("Could not find the agent pool {name} in cluster {}.", cluster_place.name()),
            )),
            (&Method::PUT, true, _) => {
                let (old, location) = (found.cloned(), cluster["location"].as_str().unwrap_or_default().to_owned());
                let version = cluster["properties"]["kubernetesVersion"].as_str().unwrap_or_default().to_owned();
                let mut wanted = body_of(ask)?["properties"].take();
                if !wanted.is_object() {
                    return Err(Refusal::invalid_content("the agent pool has no properties"));
                }
                wanted["name"] = old.as_ref().map_or(name.clone().into(), |old| old["name"].clone());
                preconditions(ask, old.as_ref())?;
                let properties = cluster["properties"].clone();
                self.not_busy(&cluster_key)?;
                self.pool_checked(&cluster_place, &wanted, &properties)?;
                body::accept_pool(&mut wanted, old.as_ref(), &version);
                wanted["provisioningState"] = if old.is_some() { "Scaling" } else { "Creating" }.into();
                self.replace_pool(&cluster_key, &wanted);
                self.show(&cluster_key, "Updating");
                let operation = self.begin(
                    &cluster_place.id(),
                    &format!("PUT agentPools/{name}"),
                    Change::PutPool(name),
                    self.timings.scale_pool,
                    now,
                );
                let status = if old.is_some() { 200 } else { 201 };
                let reply = json(status, &shown(self.cluster(&cluster_place)?, &wanted));
                Ok(started(reply, &operation, Style::AsyncOperation, &location, ask, self.timings.retry_after))
            }
            (&Method::DELETE, true, None) => Ok(empty(204)),
            (&Method::DELETE, true, Some(pool)) => {
                preconditions(ask, Some(pool))?;
                let is_system = |pool: &&Value| pool["mode"] == "System";
                if is_system(&pool) && pools.iter().filter(is_system).count() == 1 {
                    let message = "There has to be at least one system agent pool.";
                    return Err(refuse(400, "AgentPoolDeletionNotAllowed", message));
                }
                self.not_busy(&cluster_key)?;
                self.show(&cluster_key, "Updating");
                let verb = format!("DELETE agentPools/{name}");
                let operation =
                    self.begin(&cluster_place.id(), &verb, Change::DeletePool(name), self.timings.scale_pool, now);
                Ok(self.following(202, &operation, &cluster_place, Style::Both, ask))
            }
            _ => Err(Refusal::method()),
        }
    }

    fn replace_pool(&mut self, cluster: &str, pool: &Value) {
        let etag = self.ids.guid();
        let Some(body) = self.store.get_mut(cluster) else { return };
        let Some(pools) = body["properties"]["agentPoolProfiles"].as_array_mut() else { return };
        let mut pool = pool.clone();
        pool["eTag"] = etag.into();
        match pools.iter_mut().find(|old| old["name"] == pool["name"]) {
            Some(old) => *old = pool,
            None => pools.push(pool),
        }
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
