//! What a test sets up: rights, offers, quota, failures, the world at its beginning.
use super::answers::refuse;
use super::place::{Place, key};
use super::{HostStatus, Neighbours, ResourceManager, Version, kinds};
use crate::Cloud;
use crate::kubernetes::Fleet;
use jiff::Timestamp;
use serde_json::Value;

impl ResourceManager {
    /// Everything lies in this cloud.
    pub(crate) fn set_cloud(&mut self, cloud: Cloud) {
        self.neighbours = Neighbours::of(cloud);
        self.registry.cloud = cloud;
    }

    /// From now on a provider answers these versions of its API alone.
    pub fn serve_api_versions(&mut self, provider: &str, versions: &[&str]) {
        let versions = versions.iter().map(|version| (*version).to_owned()).collect();
        self.api_versions.insert(provider.to_lowercase(), versions);
    }

    /// From now on every caller may do only this. `*` stands for any text, as in role definitions; case does not count.
    pub fn allow_only(&mut self, actions: Vec<String>) {
        self.allow_only_at(vec![("/".into(), actions)]);
    }

    /// From now on every caller may do only this: pairs of a scope's id and what is allowed there and below, as role
    /// assignments give it.
    pub fn allow_only_at(&mut self, grants: Vec<(String, Vec<String>)>) {
        self.authorization.allow_only_at(grants);
    }

    /// A location offers exactly these Kubernetes versions.
    pub fn offer(&mut self, location: &str, versions: Vec<Version>) {
        self.clusters.versions.offer(location, versions);
    }

    /// So much of a quota is used, for example `("Microsoft.Compute", "westeurope", "cores", 90, 100)`.
    pub fn set_usage(&mut self, provider: &str, location: &str, name: &str, used: u64, limit: u64) {
        self.quota.set(provider, location, name, used, limit);
    }

    /// The next operation that is meant is accepted and then ends `Failed` with this code and message.
    ///
    /// `on` is a verb and a part of the resource's id, `…` for what is left out: `PUT …/managedClusters/green`,
    /// `POST …/managedClusters/blue/stop`.
    pub fn fail_next_operation(&mut self, on: &str, code: &str, message: &str) {
        self.registry.script.failures.push((on.into(), code.into(), message.into()));
    }

    /// The codes of the failures that no operation has had yet.
    #[must_use]
    pub fn failures_ahead(&self) -> Vec<String> {
        self.registry.script.failures.iter().map(|(_, code, _)| code.clone()).collect()
    }

    /// The next call that is meant (see [`fail_next_operation`](Self::fail_next_operation)) is refused with this error.
    pub fn refuse_next(&mut self, on: &str, status: u16, code: &str, message: &str) {
        self.registry.script.refusals.push((on.into(), refuse(status, code, message)));
    }

    /// A subscription, empty if it is new.
    pub fn add_subscription(&mut self, subscription: &str) {
        self.subscriptions.add(subscription);
    }

    /// A resource group, with its subscription if that is new.
    pub fn add_group(&mut self, subscription: &str, name: &str, location: &str) {
        self.subscriptions.add_group(&mut self.registry.store, subscription, name, location);
    }

    /// A resource as it is when the world begins: provisioned, a cluster running with an API server,
    /// a gateway's members effective. Its group and subscription are added if they are missing.
    pub fn place(&mut self, id: &str, body: Value, fleet: &mut Fleet, now: Timestamp) {
        let place = Place::of(id);
        if let (Some(subscription), Some(group)) = (&place.subscription, &place.group) {
            let group_id = format!("/subscriptions/{subscription}/resourceGroups/{group}");
            if self.registry.store.get(&key(&group_id)).is_none() {
                let location = body["location"].as_str().unwrap_or(self.registry.cloud.region()).to_owned();
                self.add_group(subscription, group, &location);
            }
        }
        match place.lower_kind().as_str() {
            kinds::CLUSTERS => self.clusters.place(&mut self.registry, &place, body, fleet, now),
            kinds::GATEWAYS => self.gateways.place(&mut self.registry, &place, body, now),
            _ => self.registry.settle(&place, body),
        }
    }

    /// From now on each caller may do what its role assignments say, and nothing else. Conditions are
    /// not evaluated, and groups have no say.
    pub fn enforce_roles(&mut self) {
        self.authorization.enforces_roles = true;
    }

    /// From now on the nodes of clusters pull images of this world's registries only where their kubelets' identity may.
    pub fn enforce_pulls(&mut self) {
        self.authorization.enforces_pulls = true;
    }

    /// From now on the app's host says this of itself; `None`: it is down, and nobody answers for it.
    pub fn set_host_status(&mut self, app: &str, status: Option<HostStatus>) {
        self.sites.set_host_status(app, status);
    }

    /// Whether a gateway is deaf: its writes succeed, and no longer take effect.
    pub fn make_deaf(&mut self, gateway: &str, deaf: bool) {
        self.gateways.make_deaf(&key(gateway), deaf);
    }
}
