//! Managed clusters: PUT, PATCH, DELETE, start, stop, credentials, node pools, upgrade profiles.
mod body;
mod checks;
mod ending;
mod kubeconfig;
mod pools;
mod profiles;
mod standing;
pub(crate) mod subnets;
mod writing;

use super::answers::{Answered, Refusal, parameter};
use super::desk::Desk;
use super::operations::{Change, ClusterChange};
use super::place::{Place, key};
use super::plain;
use super::registry::Registry;
use super::versions::Versions;
use crate::kubernetes::{Fleet, Shape, secrets_store};
use crate::{Ask, answer::json};
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use standing::{found, owner, show};
use std::collections::BTreeMap;

/// What is known of clusters beside their bodies.
#[derive(Default)]
pub(crate) struct Clusters {
    /// The Kubernetes versions that regions offer.
    pub versions: Versions,
    /// The host of each cluster's API server, by the cluster's key.
    api_servers: BTreeMap<String, String>,
}

impl Clusters {
    /// A call about a cluster or something of it.
    pub fn answer(&self, desk: &mut Desk<'_>, ask: &Ask, place: &Place) -> Answered {
        let below = place.steps.get(2).map(|step| step.to_lowercase());
        match (ask.method(), place.steps.len(), below.as_deref()) {
            (&Method::GET, 1, _) => plain::answer(desk, ask, place),
            (&Method::GET, 2, _) => Ok(json(200, found(&desk.registry.store, place)?)),
            (&Method::PUT, 2, _) => writing::put(desk, &self.versions, ask, place),
            (&Method::PATCH, 2, _) => writing::tag(desk, ask, place),
            (&Method::DELETE, 2, _) => writing::delete(desk, ask, place),
            (&Method::POST, 3, Some("start")) => writing::start_or_stop(desk, ask, place, ClusterChange::Start),
            (&Method::POST, 3, Some("stop")) => writing::start_or_stop(desk, ask, place, ClusterChange::Stop),
            (&Method::POST, 3, Some("listclusterusercredential")) => {
                let cluster = found(&desk.registry.store, &owner(place))?;
                Ok(json(200, &kubeconfig::user(cluster, parameter(ask, "format"), desk.neighbours)?))
            }
            (&Method::POST, 3, Some("listclusteradmincredential")) => {
                let cluster = found(&desk.registry.store, &owner(place))?;
                Ok(json(200, &kubeconfig::admin(cluster, desk.neighbours)?))
            }
            (&Method::GET, 4, Some("upgradeprofiles")) => {
                let cluster = found(&desk.registry.store, &owner(place))?;
                Ok(json(200, &profiles::upgrades(cluster, &self.versions)))
            }
            (_, 3 | 4, Some("agentpools")) => pools::answer(desk, ask, place),
            (
                _,
                3..,
                Some(
                    "maintenanceconfigurations"
                    | "privateendpointconnections"
                    | "providers"
                    | "trustedaccessrolebindings",
                ),
            ) => {
                found(&desk.registry.store, &owner(place))?;
                plain::answer(desk, ask, place)
            }
            _ => Err(Refusal::method()),
        }
    }

    /// Somebody changes a cluster beside us. Gives the operation's id.
    pub fn change(desk: &mut Desk<'_>, id: &str, change: ClusterChange) -> Result<String, Refusal> {
        found(&desk.registry.store, &Place::of(id))?;
        match change {
            ClusterChange::Delete => writing::begin_deletion(desk, id),
            _ => writing::begin_power(desk, id, change),
        }
    }

    /// A cluster that is there when the world begins.
    pub fn place(&mut self, registry: &mut Registry, place: &Place, wanted: Value, fleet: &mut Fleet, now: Timestamp) {
        let location = wanted["location"].as_str().unwrap_or_default();
        let asked = wanted["properties"]["kubernetesVersion"].as_str().unwrap_or_default();
        // A cluster may be older than everything that is offered for new ones.
        let version = self.versions.resolve(location, asked).unwrap_or_else(|| asked.into());
        let (uid, etag) = (registry.ids.guid(), registry.ids.guid());
        let accepted = body::accepted(place, wanted, None, &version, &uid, &etag, now);
        registry.store.put(&place.id(), accepted);
        // It was made an hour ago: its nodes are ready.
        let made = now.checked_sub(SignedDuration::from_hours(1)).unwrap_or(now);
        self.succeed(registry, &key(&place.id()), &ClusterChange::Put, fleet, made);
    }

    /// An operation on a cluster went well.
    pub fn succeed(
        &mut self,
        registry: &mut Registry,
        cluster: &str,
        change: &ClusterChange,
        fleet: &mut Fleet,
        at: Timestamp,
    ) {
        registry.changed = Some(at);
        if matches!(change, ClusterChange::Delete) {
            if let Some(gone) = registry.store.remove(cluster) {
                registry.principals.gone(&gone);
            }
            return;
        }
        let etag = registry.ids.guid();
        let Some(stored) = registry.store.get_mut(cluster) else { return };
        ending::succeeded(stored, change, &etag, registry.cloud);
        registry.principals.made(stored, at);
        self.run(cluster, stored, change, fleet, at);
        show(registry, cluster, "Succeeded");
    }

    /// Brings the API server and its nodes into the state that an operation has left.
    fn run(&mut self, cluster: &str, body: &Value, change: &ClusterChange, fleet: &mut Fleet, at: Timestamp) {
        let nodes = ending::nodes(body);
        match (self.api_servers.get(cluster), change) {
            (Some(host), ClusterChange::Start) => {
                fleet.resize(host, nodes, at);
                fleet.start(host, at);
            }
            (Some(host), ClusterChange::Put | ClusterChange::PutPool(_) | ClusterChange::DeletePool(_)) => {
                fleet.resize(host, nodes, at);
            }
            (None, ClusterChange::Put) => {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let host = text(&body["properties"]["fqdn"]).to_lowercase();
                let version = text(&body["properties"]["currentKubernetesVersion"]);
                let subscription = cluster.split('/').nth(2).unwrap_or_default();
                let group = text(&body["properties"]["nodeResourceGroup"]);
                let node_group = format!("/subscriptions/{subscription}/resourceGroups/{group}");
                fleet.add(&host, Shape { cluster: text(&body["name"]), version, nodes, node_group }, at);
                if let Some(mut server) = fleet.server(&host) {
                    if body["properties"]["addonProfiles"]["azureKeyvaultSecretsProvider"]["enabled"] == true {
                        // It cannot be refused: the server is new.
                        let _ = server.apply(&secrets_store(), at);
                    }
                    kubeconfig::tokens(body).iter().for_each(|token| server.let_in(token, "masterclient"));
                }
                self.api_servers.insert(cluster.into(), host);
            }
            _ => {}
        }
    }

    /// An operation on a cluster went wrong, with this code and message.
    pub fn fail(registry: &mut Registry, cluster: &str, change: &ClusterChange, code: &str, message: &str) {
        show(registry, cluster, "Failed");
        if let Some(body) = registry.store.get_mut(cluster) {
            ending::failed(body, change, code, message);
        }
    }

    /// The API server and the workloads of a cluster vanish, some time before its deletion or stop ends.
    pub fn go_away(&mut self, registry: &mut Registry, operation: &str, fleet: &mut Fleet, at: Timestamp) {
        let found = registry.operations.get(operation).filter(|operation| operation.failure.is_none());
        let Some(operation) = found else { return };
        let cluster = key(&operation.resource);
        let is_deleted = matches!(operation.change, Change::Cluster(ClusterChange::Delete));
        if let Some(host) = self.api_servers.get(&cluster).cloned() {
            if is_deleted {
                fleet.remove(&host);
                self.api_servers.remove(&cluster);
            } else {
                fleet.stop(&host);
            }
        }
        registry.changed = Some(at);
    }

    /// Every cluster that has an API server: its key and the server's host name.
    pub fn api_servers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.api_servers.iter().map(|(key, host)| (key.as_str(), host.as_str()))
    }
}
