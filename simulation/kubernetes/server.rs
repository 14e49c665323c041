//! One cluster's API server and what goes on behind it in time.
use super::{
    access::{Access, Right},
    api_services,
    apply::Writer,
    control::Controllers,
    installed,
    kinds::{self, Kind},
    moments::shift_moments,
    objects::Objects,
    pods::Question,
    reading::Strictness,
    refusal::Refusal,
    routes::Routes,
    shape::Shape,
    store::Name,
    writes::Target,
    writes::Written,
    writes::applying,
    writes::create,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

/// Controllers feed each other; more rounds than this no chain of theirs needs.
const MOST_ROUNDS: usize = 12;

/// One API server. Time passes for it when somebody looks: each look first carries out, in order and at
/// their own moments, all changes that have become due.
#[derive(Debug)]
pub struct Server {
    pub(super) objects: Objects,
    pub(super) access: Access,
    shape: Shape,
    controllers: Controllers,
    running: bool,
    /// Everything that was due until this moment has happened.
    seen: Timestamp,
    /// When something will change by itself,
    due: Option<Timestamp>,
    /// and when an autoscaler looks.
    sizing: Option<Timestamp>,
    /// What answers where, as far as it has been asked.
    routes: Option<Arc<Routes>>,
}

impl Server {
    pub(super) fn new(host: &str, shape: Shape, now: Timestamp) -> Self {
        let mut server = Self {
            objects: Objects::new(host),
            access: Access::default(),
            shape,
            controllers: Controllers::default(),
            running: true,
            seen: now,
            due: None,
            sizing: None,
            routes: None,
        };
        kinds::keep_of(&mut server.objects.kinds, &server.shape.version);
        server.controllers.nodes.set(host, server.shape.nodes, now);
        installed::make(&mut server.objects, now);
        api_services::make_local(&mut server.objects, now);
        for object in installed::of_server(host) {
            let _ = server.make(&object, "kube-apiserver", now);
        }
        for object in installed::made_once() {
            let _ = server.make(&object, "addon-manager", now);
        }
        for object in installed::applied() {
            // It cannot be refused: the namespace has just been made and the object is complete.
            let _ = server.apply(&object, now);
        }
        server.settle(now);
        server
    }

    /// The cluster's shape.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Tells pods that ask for their rights what is missing of them.
    pub(super) fn tell_rights(&mut self, missing: impl Fn(&Question) -> String) {
        let pods = &mut self.controllers.pods;
        let told = pods.questions().map(|question| (question.clone(), missing(question))).collect();
        pods.tell_rights(told);
    }

    /// Tells nodes from which registries they may not pull.
    pub(super) fn tell_pulls(&mut self, now: Timestamp, refused: BTreeSet<String>) {
        if self.controllers.pods.tell_pulls(refused) {
            self.due = Some(self.due.map_or(now, |due| due.min(now)));
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.running
    }

    /// Lets everything happen that is due until `now`.
    pub fn advance(&mut self, now: Timestamp) {
        if !self.running {
            return;
        }
        while let Some(due) = self.next_moment().filter(|due| *due <= now) {
            self.settle(due);
        }
        self.seen = self.seen.max(now);
    }

    /// Lets controllers, scheduler and kubelets act at a moment, until nobody has anything to do.
    pub(super) fn settle(&mut self, now: Timestamp) {
        if !self.running {
            return;
        }
        // What has been seen is never taken back by a caller whose clock is behind.
        let now = now.max(self.seen);
        self.seen = now;
        for _ in 0..MOST_ROUNDS {
            let before = self.objects.store.version();
            self.controllers.act(&mut self.objects, &self.shape, now);
            if self.objects.store.version() == before {
                break;
            }
        }
        self.due = self.controllers.next_change(&self.objects, now);
        self.sizing = self.controllers.next_sizing(now);
    }

    fn next_moment(&self) -> Option<Timestamp> {
        self.due.into_iter().chain(self.sizing).min()
    }

    /// When something (a node, a pod, an address) will next change by itself. `None` while the cluster is stopped.
    #[must_use]
    pub fn next_change(&self) -> Option<Timestamp> {
        self.due.filter(|_| self.running)
    }

    /// An object as it is now; `resource` is `deployments.apps` or `pods`, the namespace of a cluster's own object is empty.
    pub fn object(&mut self, resource: &str, namespace: &str, name: &str, now: Timestamp) -> Option<Value> {
        self.advance(now);
        self.objects.store.get(resource, namespace, name).map(|object| (**object).clone())
    }

    /// All objects of a kind as they are now.
    pub fn objects(&mut self, resource: &str, now: Timestamp) -> Vec<Value> {
        self.advance(now);
        self.objects.store.all(resource).map(|(_, object)| (**object).clone()).collect()
    }

    /// Applies an object as server-side apply with force does, for setting a world up. Namespaces are made when missing.
    ///
    /// # Errors
    /// When the API server would refuse it, or does not know its kind.
    pub fn apply(&mut self, object: &Value, now: Timestamp) -> Result<Value, Refusal> {
        self.apply_as("kubectl", object, now)
    }

    /// The same as another manager: what it does not name of the object stays as it is.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn apply_as(&mut self, manager: &str, object: &Value, now: Timestamp) -> Result<Value, Refusal> {
        self.advance(now);
        let kind = self.kind_of(object)?;
        let namespace =
            if kind.namespaced { object["metadata"]["namespace"].as_str().unwrap_or("default") } else { "" };
        if kind.namespaced && self.objects.store.get("namespaces", "", namespace).is_none() {
            self.apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}), now)?;
        }
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let target = Target { kind: &kind, namespace, name, subresource: "", dry_run: false };
        let writer = Writer { manager, subresource: "", now, strictness: Strictness::Ignore };
        let (written, _) = applying::apply_call(&mut self.objects, &target, object.clone(), &writer, true)?;
        Ok(self.settled(written, now))
    }

    /// Makes an object as another manager does, whose fields they are then.
    ///
    /// # Errors
    /// When the API server would refuse it, or does not know its kind.
    pub fn make(&mut self, object: &Value, manager: &str, now: Timestamp) -> Result<Value, Refusal> {
        self.advance(now);
        let kind = self.kind_of(object)?;
        let namespace =
            if kind.namespaced { object["metadata"]["namespace"].as_str().unwrap_or("default") } else { "" };
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let target = Target { kind: &kind, namespace, name, subresource: "", dry_run: false };
        let writer = Writer { manager, subresource: "", now, strictness: Strictness::Ignore };
        let written = create(&mut self.objects, &target, object.clone(), &writer)?;
        Ok(self.settled(written, now))
    }

    fn kind_of(&self, object: &Value) -> Result<Kind, Refusal> {
        let version = object["apiVersion"].as_str().unwrap_or_default();
        let mut kinds = self.objects.kinds.iter();
        let found = kinds.find(|kind| kind.api_version() == version && object["kind"] == kind.kind.as_str());
        found.cloned().ok_or_else(Refusal::no_such_resource)
    }

    /// Lets everybody act whom a write concerns. The answer is the object as it was written.
    pub(super) fn settled(&mut self, written: Written, now: Timestamp) -> Value {
        let stored = match written {
            Written::OnTrial(object) => return object,
            Written::Quietly(stored) => stored,
            Written::ForControllers(stored) => {
                self.settle(now);
                stored
            }
        };
        // What the controllers then do to it is not in the answer.
        (*stored).clone()
    }

    /// Treats everything as if it had been there for `age` longer, and lets happen what had happened by then.
    pub fn age_by(&mut self, age: SignedDuration, now: Timestamp) {
        self.advance(now);
        self.advance(now.saturating_add(age).unwrap_or(now));
        self.controllers.age_by(age);
        self.objects.store.rewrite(|object| shift_moments(object, age));
        self.seen = now;
        self.settle(now);
    }

    /// Takes a token from now on as that of somebody who may do everything, as AKS' local accounts do.
    pub fn let_in(&mut self, token: &str, name: &str) {
        self.access.let_in(token, name);
    }

    /// Lets an identity of Entra ID (its object id; `*`: each that is not named) do only this from now on.
    pub fn allow_only(&mut self, identity: &str, rights: Vec<Right>) {
        self.access.allow_only(identity, rights);
    }

    /// What an admission webhook says to whatever it is asked about: `None` that all is well, else the status of its
    /// refusal (0: it names none) and its words. Its Service must have a ready pod, else nobody says anything.
    pub fn webhook_says(&mut self, webhook: &str, refusal: Option<(u16, &str)>) {
        match refusal {
            Some((code, words)) => drop(self.objects.verdicts.insert(webhook.into(), (code, words.into()))),
            None => drop(self.objects.verdicts.remove(webhook)),
        }
    }

    /// Every visit gets a 500 and no workload is ready between two moments.
    pub fn break_workloads(&mut self, from: Timestamp, until: Timestamp) {
        self.break_addresses(&[], from, until);
    }

    /// Every visit to these addresses gets a 500 between two moments, while the workloads are well. None: as
    /// [`break_workloads`](Self::break_workloads).
    pub fn break_addresses(&mut self, addresses: &[IpAddr], from: Timestamp, until: Timestamp) {
        self.controllers.outages.add(from, until, addresses);
        self.settle(self.seen);
    }

    /// Whatever was broken is well from now on.
    pub fn heal(&mut self, now: Timestamp) {
        self.controllers.outages.end(now);
        self.settle(self.seen);
    }

    pub(super) fn is_broken(&self, now: Timestamp) -> bool {
        self.controllers.outages.is_broken(now)
    }

    /// The addresses at which visits fail now, though the workloads are well.
    pub(super) fn broken_addresses(&self, now: Timestamp) -> Vec<IpAddr> {
        self.controllers.outages.broken_addresses(now)
    }

    pub(super) fn stop(&mut self) {
        self.running = false;
        self.objects.store.ring();
    }

    pub(super) fn start(&mut self, now: Timestamp) {
        if self.running {
            return;
        }
        self.running = true;
        self.seen = self.seen.max(now);
        // A start brings new machines: pods are made again, and graceful ends have ended.
        for (name, _) in self.objects.store.copy("pods") {
            self.objects.store.remove("pods", &name);
        }
        self.controllers.pods.clear();
        self.controllers.nodes.clear();
        self.controllers.nodes.set(&self.objects.host, self.shape.nodes, now);
        self.settle(now);
    }

    pub(super) fn resize(&mut self, nodes: u32, now: Timestamp) {
        self.advance(now);
        self.shape.nodes = nodes;
        self.controllers.nodes.set(&self.objects.host, nodes, now);
        if self.running {
            self.settle(now);
        }
    }

    /// The status of a visit; `None` when nothing listens at the address.
    pub(super) fn visit(&mut self, address: IpAddr, host: &str, path: &str, now: Timestamp) -> Option<u16> {
        if !self.running {
            return None;
        }
        let routes = Arc::clone(self.routes(now));
        let (status, service) = routes.land(address, host, path)?;
        if self.controllers.outages.is_broken_at(address, now) {
            return Some(500);
        }
        let sheds = |service| self.controllers.loads.sheds(&self.objects.store, service);
        Some(if status == 200 && service.is_some_and(sheds) { 503 } else { status })
    }

    /// From now on this is asked of it, as far as its addresses are named.
    pub(super) fn press(&mut self, asked: &[(IpAddr, &str, &str, f64)], now: Timestamp) {
        if !self.running {
            return;
        }
        let routes = Arc::clone(self.routes(now));
        let mut loads: BTreeMap<Name, f64> = BTreeMap::new();
        for (address, host, path, load) in asked {
            if let Some((_, Some(service))) = routes.land(*address, host, path) {
                *loads.entry(service.clone()).or_default() += load;
            }
        }
        self.controllers.loads.set(loads);
    }

    /// What answers where now.
    pub(super) fn routes(&mut self, now: Timestamp) -> &Arc<Routes> {
        if self.next_moment().is_some_and(|due| due <= now) {
            self.advance(now);
        }
        let found = self.routes.take().filter(|routes| routes.is_of(&self.objects.store));
        let alive = || self.controllers.nodes.any_ready(now);
        let routes = found.unwrap_or_else(|| Arc::new(Routes::of(&self.objects.store, alive())));
        self.routes.insert(routes)
    }
}
