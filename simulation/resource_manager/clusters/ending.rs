//! What the end of an operation does to a cluster and to its API server.
use super::super::ResourceManager;
use super::super::operations::Change;
use super::super::place::{Place, key};
use super::{body, provisioning_error};
use crate::kubernetes::{Fleet, Shape};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

impl ResourceManager {
    /// A cluster that is there when the world begins.
    pub(crate) fn place_cluster(&mut self, place: &Place, wanted: Value, fleet: &mut Fleet, now: Timestamp) {
        let location = wanted["location"].as_str().unwrap_or_default();
        let asked = wanted["properties"]["kubernetesVersion"].as_str().unwrap_or_default();
        // A cluster may be older than everything that is offered for new ones.
        let version = self.versions.resolve(location, asked).unwrap_or_else(|| asked.into());
        let (uid, etag) = (self.ids.guid(), self.ids.guid());
        let accepted = body::accepted(place, wanted, None, &version, &uid, &etag, now);
        self.store.put(&place.id(), accepted);
        // It was made an hour ago: its nodes are ready.
        let made = now.checked_sub(SignedDuration::from_hours(1)).unwrap_or(now);
        self.cluster_succeeds(&key(&place.id()), &Change::PutCluster, fleet, made);
    }

    /// The API server and the workloads of a cluster vanish, some time before its deletion or stop ends.
    pub(crate) fn cluster_goes_away(&mut self, operation: &str, fleet: &mut Fleet, at: Timestamp) {
        let Some(operation) = self.operations.get_mut(operation).filter(|operation| operation.failure.is_none()) else {
            return;
        };
        let (cluster, deleted) = (key(&operation.resource), matches!(operation.change, Change::DeleteCluster));
        if let Some(host) = self.api_servers.get(&cluster).cloned() {
            if deleted {
                fleet.remove(&host);
                self.api_servers.remove(&cluster);
            } else {
                fleet.stop(&host);
            }
        }
        self.changed = Some(at);
    }

    pub(crate) fn cluster_fails(&mut self, cluster: &str, change: &Change, code: &str, message: &str) {
        self.show(cluster, "Failed");
        let Some(body) = self.store.get_mut(cluster) else { return };
        body["properties"]["status"] = provisioning_error(code, message);
        let failed = |pool: &Value| match change {
            Change::PutPool(name) | Change::DeletePool(name) => pool["name"] == name.as_str(),
            _ => pool["provisioningState"] != "Succeeded",
        };
        for pool in body["properties"]["agentPoolProfiles"].as_array_mut().into_iter().flatten() {
            if failed(pool) {
                pool["provisioningState"] = "Failed".into();
            }
        }
    }

    pub(crate) fn cluster_succeeds(&mut self, cluster: &str, change: &Change, fleet: &mut Fleet, at: Timestamp) {
        self.changed = Some(at);
        if matches!(change, Change::DeleteCluster) {
            self.store.remove(cluster);
            return;
        }
        let etag = self.ids.guid();
        let Some(stored) = self.store.get_mut(cluster) else { return };
        let host = self.api_servers.get(cluster);
        if let Some(properties) = stored["properties"].as_object_mut() {
            properties.shift_remove("status");
        }
        match change {
            Change::PutCluster => body::provisioned(stored, &etag),
            Change::StartCluster | Change::StopCluster => {
                let code = if matches!(change, Change::StartCluster) { "Running" } else { "Stopped" };
                stored["properties"]["powerState"] = json!({"code": code});
                for pool in stored["properties"]["agentPoolProfiles"].as_array_mut().into_iter().flatten() {
                    pool["powerState"] = json!({"code": code});
                }
            }
            Change::PutPool(name) | Change::DeletePool(name) => {
                let version = stored["properties"]["currentKubernetesVersion"].as_str().unwrap_or_default().to_owned();
                let pools = stored["properties"]["agentPoolProfiles"].as_array_mut();
                let is_meant = |pool: &Value| pool["name"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(name));
                if let (Change::DeletePool(_), Some(pools)) = (change, pools) {
                    pools.retain(|pool| !is_meant(pool));
                } else if let Some(pools) = stored["properties"]["agentPoolProfiles"].as_array_mut() {
                    pools
                        .iter_mut()
                        .filter(|pool| is_meant(pool))
                        .for_each(|pool| body::pool_provisioned(pool, &version, &etag));
                }
            }
            _ => {}
        }
        let properties = &stored["properties"];
        let counts = properties["agentPoolProfiles"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|pool| pool["count"].as_u64().unwrap_or(1));
        let nodes = u32::try_from(counts.sum::<u64>()).unwrap_or(u32::MAX);
        match (host, change) {
            (Some(host), Change::StartCluster) => {
                fleet.resize(host, nodes, at);
                fleet.start(host, at);
            }
            (Some(host), Change::PutCluster | Change::PutPool(_) | Change::DeletePool(_)) => {
                fleet.resize(host, nodes, at);
            }
            (None, Change::PutCluster) => {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let host = text(&properties["fqdn"]).to_lowercase();
                let version = text(&properties["currentKubernetesVersion"]);
                fleet.add(&host, Shape { cluster: text(&stored["name"]), version, nodes }, at);
                self.api_servers.insert(cluster.into(), host);
            }
            _ => {}
        }
        self.show(cluster, "Succeeded");
    }
}
