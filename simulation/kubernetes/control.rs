//! The control loop: brings everything into the state that it has at a moment, and finds the next moment of a change.
use super::{
    conditions::has_finalizers, kinds, moments::second, server::Server, services::Balancer, store::Name,
    workloads::Progress,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A new kind is served so long after its definition.
const ESTABLISHED_AFTER: SignedDuration = SignedDuration::from_secs(1);
/// Controllers feed each other; more rounds than this no chain of theirs needs.
const MOST_ROUNDS: usize = 12;

impl Server {
    /// Lets controllers, scheduler and kubelets act at a moment, until nobody has anything to do.
    pub(super) fn settle(&mut self, now: Timestamp) {
        if !self.running {
            return;
        }
        // What has been seen is never taken back by a caller whose clock is behind.
        let now = now.max(self.seen);
        self.seen = now;
        for _ in 0..MOST_ROUNDS {
            let before = self.store.version();
            self.establish_kinds(now);
            self.empty_namespaces(now);
            self.collect_garbage(now);
            self.run_nodes(now);
            self.run_deployments(now);
            self.run_replica_sets(now);
            self.run_stateful_sets(now);
            self.run_daemon_sets(now);
            self.run_jobs(now);
            self.run_pods(now);
            self.run_services(now);
            if self.store.version() == before {
                break;
            }
        }
        self.due = self.moments(now).into_iter().filter(|moment| *moment > now).min();
    }

    fn moments(&self, now: Timestamp) -> Vec<Timestamp> {
        let mut moments: Vec<Timestamp> = self.nodes.values().map(|node| node.ready_at).collect();
        moments.extend(self.pods.values().filter_map(|pod| pod.next_change(now)));
        moments.extend(self.balancers.values().map(Balancer::given_at));
        moments.extend(self.progress.values().filter_map(Progress::deadline));
        moments.extend(self.broken.iter().flat_map(|(from, until)| [*from, *until]));
        let definitions = self
            .store
            .all("customresourcedefinitions.apiextensions.k8s.io")
            .filter(|(_, object)| object["status"]["conditions"].is_null());
        moments.extend(definitions.filter_map(|(_, object)| established_at(object)));
        moments
    }

    fn establish_kinds(&mut self, now: Timestamp) {
        const DEFINITIONS: &str = "customresourcedefinitions.apiextensions.k8s.io";
        for (name, definition) in self.store.copy(DEFINITIONS) {
            let declared = kinds::declared_by(&definition);
            if established_at(&definition).is_some_and(|at| at > now) && definition["status"]["conditions"].is_null() {
                continue;
            }
            let (Some(group), Some(plural)) =
                (definition["spec"]["group"].as_str(), definition["spec"]["names"]["plural"].as_str())
            else {
                continue;
            };
            let is_old = |kind: &kinds::Kind| !kind.built_in && kind.group == group && kind.plural == plural;
            if self.kinds.iter().filter(|kind| is_old(kind)).ne(declared.iter()) {
                self.kinds.retain(|kind| !is_old(kind));
                self.kinds.extend(declared);
            }
            if definition["status"]["conditions"].is_null() {
                let mut object = (*definition).clone();
                let condition = |sort: &str, reason: &str| json!({"type": sort, "status": "True", "reason": reason, "message": "", "lastTransitionTime": second(now)});
                let versions = definition["spec"]["versions"].as_array().into_iter().flatten();
                let stored: Vec<&Value> =
                    versions.filter(|version| version["storage"] != false).map(|version| &version["name"]).collect();
                object["status"] = json!({
                    "acceptedNames": definition["spec"]["names"], "storedVersions": stored,
                    "conditions": [condition("NamesAccepted", "NoConflicts"), condition("Established", "InitialNamesAccepted")],
                });
                self.store.put(DEFINITIONS, &name, object);
            }
        }
    }

    /// Takes an object out of the store, and what exists only through it.
    pub(super) fn drop_object(&mut self, resource: &str, name: &Name) {
        let Some(object) = self.store.remove(resource, name) else { return };
        if resource == "pods" {
            self.pods.remove(name);
        }
        if resource == "customresourcedefinitions.apiextensions.k8s.io" {
            let (group, plural) = (&object["spec"]["group"], &object["spec"]["names"]["plural"]);
            let instances = format!("{}.{}", plural.as_str().unwrap_or_default(), group.as_str().unwrap_or_default());
            for (name, _) in self.store.copy(&instances) {
                self.store.remove(&instances, &name);
            }
            self.kinds.retain(|kind| kind.built_in || kind.resource() != instances);
        }
    }

    /// Begins an object's end: at once, or when its finalizers (a pod: its grace period) are over.
    pub(super) fn let_go(&mut self, resource: &str, name: &Name, object: &Arc<Value>, now: Timestamp) {
        if !has_finalizers(object) && resource != "pods" {
            self.drop_object(resource, name);
        } else if object["metadata"]["deletionTimestamp"].is_null() {
            let mut object = (**object).clone();
            object["metadata"]["deletionTimestamp"] = json!(second(now));
            object["metadata"]["deletionGracePeriodSeconds"] = json!(if resource == "pods" { 30 } else { 0 });
            self.store.put(resource, name, object);
        }
    }

    fn empty_namespaces(&mut self, now: Timestamp) {
        for ((_, space), object) in self.store.copy("namespaces") {
            if object["metadata"]["deletionTimestamp"].is_null() {
                self.furnish_namespace(&space, now);
                continue;
            }
            let inside: Vec<(String, Name, Arc<Value>)> = self
                .store
                .everything()
                .filter(|(_, (namespace, _), _)| *namespace == space)
                .map(|(resource, name, object)| (resource.clone(), name.clone(), Arc::clone(object)))
                .collect();
            for (resource, name, object) in &inside {
                self.let_go(resource, name, object, now);
            }
            if inside.is_empty() {
                self.drop_object("namespaces", &(String::new(), space));
            }
        }
    }

    /// Every namespace has these two objects, which no one asked for.
    fn furnish_namespace(&mut self, space: &str, now: Timestamp) {
        if self.store.get("serviceaccounts", space, "default").is_some()
            && self.store.get("configmaps", space, "kube-root-ca.crt").is_some()
        {
            return;
        }
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
        self.make_if_missing("serviceaccounts", space, account, now);
        let certificate = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kube-root-ca.crt"}, "data": {"ca.crt": ""}});
        self.make_if_missing("configmaps", space, certificate, now);
    }

    pub(super) fn make_if_missing(&mut self, resource: &str, namespace: &str, object: Value, now: Timestamp) {
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        if self.store.get(resource, namespace, &name).is_none() {
            self.make(resource, namespace, object, now);
        }
    }

    /// Stores a new object of a controller's own.
    pub(super) fn make(&mut self, resource: &str, namespace: &str, mut object: Value, now: Timestamp) -> Arc<Value> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        object["metadata"]["uid"] = self.new_uid();
        object["metadata"]["creationTimestamp"] = json!(second(now));
        if !namespace.is_empty() {
            object["metadata"]["namespace"] = json!(namespace);
        }
        self.store.put(resource, &(namespace.to_owned(), name), object)
    }

    /// Deletes what has owners of which none exists, and ends foreground deletions whose dependents are gone.
    fn collect_garbage(&mut self, now: Timestamp) {
        let mut alive: BTreeSet<&str> = BTreeSet::new();
        let mut ending: BTreeSet<&str> = BTreeSet::new();
        let mut owned = vec![];
        for (resource, name, object) in self.store.everything() {
            let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
            alive.insert(uid);
            if finalizers(object).any(|finalizer| finalizer == "foregroundDeletion") {
                ending.insert(uid);
            }
            if object["metadata"]["ownerReferences"].as_array().is_some_and(|owners| !owners.is_empty()) {
                owned.push((resource.clone(), name.clone(), Arc::clone(object)));
            }
        }
        let owners = |object: &Value| -> Vec<String> {
            let list = object["metadata"]["ownerReferences"].as_array().into_iter().flatten();
            list.filter_map(|owner| owner["uid"].as_str().map(ToOwned::to_owned)).collect()
        };
        let lost = |uid: &String| !alive.contains(uid.as_str()) || ending.contains(uid.as_str());
        let orphans: Vec<_> = owned.iter().filter(|(_, _, object)| owners(object).iter().all(lost)).cloned().collect();
        let still_owned: BTreeSet<String> = owned.iter().flat_map(|(_, _, object)| owners(object)).collect();
        let ended: Vec<(String, Name, Arc<Value>)> = self
            .store
            .everything()
            .filter(|(_, _, object)| {
                let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
                ending.contains(uid) && !still_owned.contains(uid)
            })
            .map(|(resource, name, object)| (resource.clone(), name.clone(), Arc::clone(object)))
            .collect();
        for (resource, name, object) in orphans {
            self.let_go(&resource, &name, &object, now);
        }
        for (resource, name, object) in ended {
            let mut object = (*object).clone();
            let left: Vec<Value> =
                finalizers(&object).filter(|finalizer| *finalizer != "foregroundDeletion").cloned().collect();
            if left.is_empty() {
                self.drop_object(&resource, &name);
            } else {
                object["metadata"]["finalizers"] = json!(left);
                self.store.put(&resource, &name, object);
            }
        }
    }

    /// Dependents of an object that is deleted with `Orphan` forget it.
    pub(super) fn orphan(&mut self, owner: &Value) {
        let uid = &owner["metadata"]["uid"];
        let mine = |object: &Value| {
            object["metadata"]["ownerReferences"]
                .as_array()
                .is_some_and(|list| list.iter().any(|one| one["uid"] == *uid))
        };
        let dependents: Vec<_> = self
            .store
            .everything()
            .filter(|(_, _, object)| mine(object))
            .map(|(resource, name, object)| (resource.clone(), name.clone(), Arc::clone(object)))
            .collect();
        for (resource, name, object) in dependents {
            let mut object = (*object).clone();
            if let Some(owners) = object["metadata"]["ownerReferences"].as_array_mut() {
                owners.retain(|one| one["uid"] != *uid);
            }
            self.store.put(&resource, &name, object);
        }
    }
}

fn finalizers(object: &Value) -> impl Iterator<Item = &Value> {
    object["metadata"]["finalizers"].as_array().into_iter().flatten()
}

fn established_at(definition: &Value) -> Option<Timestamp> {
    let created: Timestamp = definition["metadata"]["creationTimestamp"].as_str()?.parse().ok()?;
    created.saturating_add(ESTABLISHED_AFTER).ok()
}
