//! One cluster's API server and what its controllers, scheduler and kubelets do in time.
use super::{
    kinds::{self, Kind},
    moments::shift_moments,
    names::hash,
    nodes::Node,
    pods::PodState,
    routes::Routes,
    services::Balancer,
    shape::Shape,
    store::{Name, Store},
    workloads::Progress,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One API server. Time passes for it when somebody looks: each look first carries out, in order and at
/// their own moments, all changes that have become due.
#[derive(Debug)]
pub struct Server {
    pub(super) host: String,
    pub(super) shape: Shape,
    pub(super) kinds: Vec<Kind>,
    pub(super) store: Store,
    pub(super) running: bool,
    /// Everything that was due until this moment has happened.
    pub(super) seen: Timestamp,
    /// When something will change by itself.
    pub(super) due: Option<Timestamp>,
    pub(super) nodes: BTreeMap<String, Node>,
    pub(super) pods: BTreeMap<Name, PodState>,
    pub(super) balancers: BTreeMap<Name, Balancer>,
    pub(super) progress: BTreeMap<String, Progress>,
    pub(super) broken: Vec<(Timestamp, Timestamp)>,
    pub(super) routes: Option<Arc<Routes>>,
    pub(super) issued: u64,
}

impl Server {
    pub(super) fn new(host: &str, shape: Shape, now: Timestamp) -> Self {
        let mut server = Self {
            host: host.into(),
            shape,
            kinds: kinds::built_in(),
            store: Store::default(),
            running: true,
            seen: now,
            due: None,
            nodes: BTreeMap::new(),
            pods: BTreeMap::new(),
            balancers: BTreeMap::new(),
            progress: BTreeMap::new(),
            broken: vec![],
            routes: None,
            issued: 0,
        };
        server.set_nodes(now);
        server.install_what_every_cluster_has(now);
        server
    }

    /// The cluster's shape.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Lets everything happen that is due until `now`.
    pub fn advance(&mut self, now: Timestamp) {
        if !self.running {
            return;
        }
        while let Some(due) = self.due.filter(|due| *due <= now) {
            self.settle(due);
        }
        self.seen = self.seen.max(now);
    }

    /// When something (a node, a pod, an address) will next change by itself. `None` while the cluster is stopped.
    #[must_use]
    pub fn next_change(&self) -> Option<Timestamp> {
        self.due.filter(|_| self.running)
    }

    /// An object as it is now; `resource` is `deployments.apps` or `pods`, the namespace of a cluster's own object is empty.
    pub fn object(&mut self, resource: &str, namespace: &str, name: &str, now: Timestamp) -> Option<Value> {
        self.advance(now);
        self.store.get(resource, namespace, name).map(|object| (**object).clone())
    }

    /// All objects of a kind as they are now.
    pub fn objects(&mut self, resource: &str, now: Timestamp) -> Vec<Value> {
        self.advance(now);
        self.store.all(resource).map(|(_, object)| (**object).clone()).collect()
    }

    /// Treats everything as if it had been there for `age` longer, and lets happen what had happened by then.
    pub fn age_by(&mut self, age: SignedDuration, now: Timestamp) {
        self.advance(now);
        self.advance(now.saturating_add(age).unwrap_or(now));
        let earlier = |moment: &mut Timestamp| *moment = moment.saturating_sub(age).unwrap_or(*moment);
        self.nodes.values_mut().for_each(|node| earlier(&mut node.ready_at));
        self.pods.values_mut().for_each(|pod| pod.moments().for_each(earlier));
        self.balancers.values_mut().for_each(|balancer| earlier(&mut balancer.asked_at));
        self.progress.values_mut().for_each(|progress| earlier(&mut progress.since));
        self.store.rewrite(|object| shift_moments(object, age));
        self.seen = now;
        self.settle(now);
    }

    /// Every visit gets a 500 and no workload is ready between two moments.
    pub fn break_workloads(&mut self, from: Timestamp, until: Timestamp) {
        self.broken.push((from, until));
        self.settle(self.seen);
    }

    pub(super) fn is_broken(&self, now: Timestamp) -> bool {
        self.broken.iter().any(|(from, until)| *from <= now && now < *until)
    }

    pub(super) fn stop(&mut self) {
        self.running = false;
        self.store.ring();
    }

    pub(super) fn start(&mut self, now: Timestamp) {
        if self.running {
            return;
        }
        self.running = true;
        self.seen = self.seen.max(now);
        // A start brings new machines: pods are made again, and graceful ends have ended.
        for (name, _) in self.store.copy("pods") {
            self.pods.remove(&name);
            self.store.remove("pods", &name);
        }
        self.nodes.clear();
        self.set_nodes(now);
        self.settle(now);
    }

    pub(super) fn resize(&mut self, nodes: u32, now: Timestamp) {
        self.advance(now);
        self.shape.nodes = nodes;
        self.set_nodes(now);
        if self.running {
            self.settle(now);
        }
    }

    pub(super) fn kind_of(&self, resource: &str) -> Option<&Kind> {
        self.kinds.iter().find(|kind| kind.resource() == resource)
    }

    /// A number that was never given before, spread over all bits.
    pub(super) fn issue(&mut self) -> u64 {
        self.issued += 1;
        hash(format!("{}/{}", self.host, self.issued).as_bytes())
    }

    pub(super) fn new_uid(&mut self) -> Value {
        let (high, low) = (self.issue(), self.issue());
        let text = format!("{high:016x}{low:016x}");
        json!(format!("{}-{}-4{}-a{}-{}", &text[..8], &text[8..12], &text[13..16], &text[17..20], &text[20..]))
    }
}
