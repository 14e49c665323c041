//! What every part of the Resource Manager works on: the resources' bodies, the operations under way, what is due.
use super::assignments::Principals;
use super::filled;
use super::ids::Ids;
use super::operations::{Change, Operation, Operations};
use super::place::{Place, key};
use super::script::Script;
use super::store::Store;
use super::timeline::{Due, Timeline, after};
use crate::Cloud;
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;

const NETWORK: &str = "microsoft.network/virtualnetworks";

/// Everything that is written down, whoever answers for it.
#[derive(Default)]
pub(crate) struct Registry {
    /// Where everything lies.
    pub cloud: Cloud,
    pub store: Store,
    pub operations: Operations,
    pub timeline: Timeline,
    pub ids: Ids,
    pub script: Script,
    pub principals: Principals,
    /// When a cluster or a gateway's effective members changed last.
    pub changed: Option<Timestamp>,
}

impl Registry {
    /// Begins an operation; `verb` is a method and what follows the resource's id. Gives the operation's GUID.
    pub fn begin(&mut self, resource: &str, verb: &str, change: Change, takes: Duration, now: Timestamp) -> String {
        let id = self.ids.guid();
        let (method, below) = verb.split_once(' ').unwrap_or((verb, ""));
        let failure = self.script.failure_for(method, &format!("{resource}/{below}"));
        let ends_at = after(now, takes);
        let operation = Operation::new(&id, resource, verb, change, failure, now, ends_at);
        self.operations.begin(operation, now);
        self.timeline.plan(ends_at, Due::OperationEnds(id.clone()));
        id
    }

    /// A new `etag`, as the network's resources have it.
    pub fn etag(&mut self) -> String {
        format!("W/\"{}\"", self.ids.guid())
    }

    /// Stores a resource as provisioned, with what its provider fills in.
    pub fn settle(&mut self, place: &Place, mut body: Value) {
        let etag = self.etag();
        let (id, kind) = (place.id(), place.lower_kind());
        filled::fill(place, &mut body, self.cloud);
        if kind == NETWORK {
            let subnets = body["properties"].as_object_mut().and_then(|fields| fields.shift_remove("subnets"));
            self.store.remove(&key(&id));
            let subnets = subnets.as_ref().and_then(Value::as_array).into_iter().flatten();
            for subnet in subnets.filter(|subnet| subnet["name"].is_string()) {
                let name = subnet["name"].as_str().unwrap_or_default();
                self.settle(&Place::of(&format!("{id}/subnets/{name}")), subnet.clone());
            }
        }
        if kind.starts_with("microsoft.network/") {
            body["etag"] = etag.into();
        }
        if !["microsoft.managedidentity/", "microsoft.authorization/"].iter().any(|own| kind.starts_with(own)) {
            body["properties"]["provisioningState"] = "Succeeded".into();
        }
        self.store.put(&id, body);
    }
}
