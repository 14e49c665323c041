//! What a test scripts and sets up: rights, offers, quota, failures, other writers, the world at its beginning.
use super::answers::{Refusal, refuse};
use super::place::{Place, key};
use super::{ResourceManager, Version, clusters, plain};
use crate::kubernetes::Fleet;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Failures in store for calls and operations to come.
#[derive(Default)]
pub(crate) struct Script {
    failures: Vec<(String, String, String)>,
    refusals: Vec<(String, Refusal)>,
}

impl Script {
    /// The failure of the operation that begins now, if the script has one. It is used up.
    pub fn failure_for(&mut self, verb: &str, resource: &str) -> Option<(String, String)> {
        let at = self.failures.iter().position(|(on, ..)| is_meant(on, verb, resource))?;
        let (_, code, message) = self.failures.remove(at);
        Some((code, message))
    }

    /// The refusal of the call that arrives now, if the script has one. It is used up.
    pub fn refusal_for(&mut self, verb: &str, resource: &str) -> Option<Refusal> {
        let at = self.refusals.iter().position(|(on, _)| is_meant(on, verb, resource))?;
        Some(self.refusals.remove(at).1)
    }
}

/// Whether `on`, a verb and a part of an id with `…` for what is left out, means this call.
fn is_meant(on: &str, verb: &str, resource: &str) -> bool {
    let (on, called) = (on.to_lowercase(), format!("{verb} {resource}").to_lowercase());
    let mut rest = called.as_str();
    on.split(['…', ' ']).all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

impl ResourceManager {
    /// From now on every caller may do only this. `*` stands for any text, as in role definitions; case does not count.
    pub fn allow_only(&mut self, actions: Vec<String>) {
        self.allow_only_at(vec![("/".into(), actions)]);
    }

    /// From now on every caller may do only this: pairs of a scope's id and what is allowed there and below, as role
    /// assignments give it.
    pub fn allow_only_at(&mut self, grants: Vec<(String, Vec<String>)>) {
        self.allowed = Some(grants);
    }

    /// A location offers exactly these Kubernetes versions.
    pub fn offer(&mut self, location: &str, versions: Vec<Version>) {
        self.versions.offer(location, versions);
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
        self.script.failures.push((on.into(), code.into(), message.into()));
    }

    /// The codes of the failures that no operation has had yet.
    #[must_use]
    pub fn failures_ahead(&self) -> Vec<String> {
        self.script.failures.iter().map(|(_, code, _)| code.clone()).collect()
    }

    /// The next call that is meant (see [`fail_next_operation`](Self::fail_next_operation)) is refused with this error.
    pub fn refuse_next(&mut self, on: &str, status: u16, code: &str, message: &str) {
        self.script.refusals.push((on.into(), refuse(status, code, message)));
    }

    /// A subscription, empty if it is new.
    pub fn add_subscription(&mut self, subscription: &str) {
        self.subscriptions.insert(subscription.to_lowercase());
    }

    /// A resource group, with its subscription if that is new.
    pub fn add_group(&mut self, subscription: &str, name: &str, location: &str) {
        self.add_subscription(subscription);
        let id = format!("/subscriptions/{subscription}/resourceGroups/{name}");
        let body = json!({"location": location, "properties": {"provisioningState": "Succeeded"}});
        self.store.put(&id, body);
        if let Some(body) = self.store.get_mut(&key(&id)) {
            body["type"] = "Microsoft.Resources/resourceGroups".into();
        }
    }

    /// A resource as it is when the world begins: provisioned, a cluster running with an API server,
    /// a gateway's members effective. Its group and subscription are added if they are missing.
    pub fn place(&mut self, id: &str, body: Value, fleet: &mut Fleet, now: Timestamp) {
        let place = Place::of(id);
        if let (Some(subscription), Some(group)) = (&place.subscription, &place.group) {
            let group_id = format!("/subscriptions/{subscription}/resourceGroups/{group}");
            if self.store.get(&key(&group_id)).is_none() {
                let location = body["location"].as_str().unwrap_or("westeurope").to_owned();
                self.add_group(subscription, group, &location);
            }
        }
        match place.lower_kind().as_str() {
            clusters::KIND => self.place_cluster(&place, body, fleet, now),
            super::gateways::KIND => self.place_gateway(&place, body, now),
            _ => plain::settle(self, &place, body),
        }
    }

    /// Another writer reads the whole gateway, edits it and PUTs it: an operation of its own, which supersedes one
    /// under way. It carries along what it does not edit, tags included. Gives the operation's id.
    ///
    /// # Errors
    /// The code and the message with which the gateway refused the write.
    pub fn stranger_writes(
        &mut self,
        gateway: &str,
        edit: impl FnOnce(&mut Value),
        fleet: &mut Fleet,
        now: Timestamp,
    ) -> Result<String, (String, String)> {
        self.advance(fleet, now);
        let place = Place::of(gateway);
        let mut body = self.store.get(&key(gateway)).cloned().unwrap_or_default();
        edit(&mut body);
        self.write_gateway(&place, body, now).map_err(|refusal| (refusal.code, refusal.message))
    }

    /// Whether a gateway is deaf: its writes succeed, and no longer take effect.
    pub fn make_deaf(&mut self, gateway: &str, deaf: bool) {
        if let Some(gateway) = self.gateways.get_mut(&key(gateway)) {
            gateway.deaf = deaf;
        }
    }
}
