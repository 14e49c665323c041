//! The objects of one cluster and the kinds that it serves: what every write and every controller works on.
use super::{
    conditions::has_finalizers,
    kinds::{self, Kind},
    moments::second,
    names::hash,
    protection,
    store::{Name, Store},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a CustomResourceDefinition's objects are kept under.
pub(super) const DEFINITIONS: &str = "customresourcedefinitions.apiextensions.k8s.io";

/// A cluster's objects, its kinds, and the numbers that its names and ids come from.
#[derive(Debug)]
pub(super) struct Objects {
    pub host: String,
    pub kinds: Vec<Kind>,
    pub store: Store,
    /// The definitions whose kinds are served, each with the id and the generation in which it was read.
    pub served: BTreeMap<String, (Value, Value)>,
    /// What the answer to the present call warns of.
    pub warnings: Vec<String>,
    /// What admission webhooks say, by their names, where they refuse.
    pub verdicts: BTreeMap<String, (u16, String)>,
    issued: u64,
}

impl Objects {
    pub fn new(host: &str) -> Self {
        Self {
            host: host.into(),
            kinds: kinds::built_in(),
            store: Store::default(),
            served: BTreeMap::new(),
            warnings: vec![],
            verdicts: BTreeMap::new(),
            issued: 0,
        }
    }

    pub fn kind_of(&self, resource: &str) -> Option<&Kind> {
        self.kinds.iter().find(|kind| kind.resource() == resource)
    }

    /// A number that was never given before, spread over all bits.
    pub fn issue(&mut self) -> u64 {
        self.issued += 1;
        hash(format!("{}/{}", self.host, self.issued).as_bytes())
    }

    pub fn new_uid(&mut self) -> Value {
        let (high, low) = (self.issue(), self.issue());
        let text = format!("{high:016x}{low:016x}");
        json!(format!("{}-{}-4{}-a{}-{}", &text[..8], &text[8..12], &text[13..16], &text[17..20], &text[20..]))
    }

    /// Stores a new object of a controller's own.
    pub fn make(&mut self, resource: &str, namespace: &str, mut object: Value, now: Timestamp) -> Arc<Value> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        object["metadata"]["uid"] = self.new_uid();
        object["metadata"]["creationTimestamp"] = json!(second(now));
        if !namespace.is_empty() {
            object["metadata"]["namespace"] = json!(namespace);
        }
        protection::hold(resource, &mut object);
        self.store.put(resource, &(namespace.to_owned(), name), object)
    }

    pub fn make_if_missing(&mut self, resource: &str, namespace: &str, object: Value, now: Timestamp) {
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        if self.store.get(resource, namespace, &name).is_none() {
            self.make(resource, namespace, object, now);
        }
    }

    /// Takes an object out of the store, and what exists only through it.
    pub fn take_out(&mut self, resource: &str, name: &Name) {
        let Some(object) = self.store.remove(resource, name) else { return };
        if resource == DEFINITIONS {
            let (group, plural) = (&object["spec"]["group"], &object["spec"]["names"]["plural"]);
            let instances = format!("{}.{}", plural.as_str().unwrap_or_default(), group.as_str().unwrap_or_default());
            for (name, _) in self.store.copy(&instances) {
                self.store.remove(&instances, &name);
            }
            self.served.remove(&instances);
            self.kinds.retain(|kind| kind.built_in || kind.resource() != instances);
        }
    }

    /// Begins an object's end: at once, or when its finalizers (a pod: its grace period) are over.
    pub fn let_go(&mut self, resource: &str, name: &Name, object: &Arc<Value>, now: Timestamp) {
        if !has_finalizers(object) && resource != "pods" {
            self.take_out(resource, name);
        } else if object["metadata"]["deletionTimestamp"].is_null() {
            let mut object = (**object).clone();
            object["metadata"]["deletionTimestamp"] = json!(second(now));
            let grace = object["spec"]["terminationGracePeriodSeconds"].as_u64().unwrap_or(30);
            object["metadata"]["deletionGracePeriodSeconds"] = json!(if resource == "pods" { grace } else { 0 });
            self.store.put(resource, name, object);
        }
    }
}
