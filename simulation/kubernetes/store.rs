//! What an API server remembers: the objects, and the changes that led to them.
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio::sync::watch;

/// Namespace (empty for the cluster's own) and name.
pub(super) type Name = (String, String);

/// So many changes are remembered; a watch from before them is refused with 410.
const REMEMBERED: usize = 4096;

/// A real cluster's versions begin somewhere above zero; zero has a meaning of its own in queries.
const FIRST: u64 = 100;

/// One change of one object.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub version: u64,
    pub resource: String,
    pub before: Option<Arc<Value>>,
    /// The object after the change; of a deleted one its last state.
    pub after: Arc<Value>,
    pub deleted: bool,
}

#[derive(Debug)]
pub(super) struct Store {
    version: u64,
    objects: BTreeMap<String, BTreeMap<Name, Arc<Value>>>,
    log: VecDeque<Change>,
    forgotten: u64,
    bell: watch::Sender<u64>,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            version: FIRST,
            objects: BTreeMap::new(),
            log: VecDeque::new(),
            forgotten: FIRST,
            bell: watch::channel(FIRST).0,
        }
    }
}

impl Store {
    /// The version of the latest change.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Rings at each change.
    pub fn bell(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }

    /// Wakes all watches, to let them see that the cluster has stopped.
    pub fn ring(&self) {
        self.bell.send_modify(|version| *version = self.version);
    }

    pub fn get(&self, resource: &str, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.objects.get(resource)?.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// All objects of a kind, in the order of namespace and name.
    pub fn all(&self, resource: &str) -> impl Iterator<Item = (&Name, &Arc<Value>)> {
        self.objects.get(resource).into_iter().flatten()
    }

    /// A copy of a kind's objects, to change the store while going through them.
    pub fn copy(&self, resource: &str) -> Vec<(Name, Arc<Value>)> {
        self.all(resource).map(|(name, object)| (name.clone(), Arc::clone(object))).collect()
    }

    /// A kind's objects as they were at a version; `Err` with the oldest remembered version if it is too old.
    pub fn at(&self, version: u64, resource: &str) -> Result<BTreeMap<Name, Arc<Value>>, u64> {
        // Before the first change there was nothing.
        if version < FIRST && self.forgotten == FIRST {
            return Ok(BTreeMap::new());
        }
        let changes: Vec<&Change> = self.since(version, resource)?.collect();
        let mut objects = self.objects.get(resource).cloned().unwrap_or_default();
        for change in changes.into_iter().rev() {
            let text = |member: &str| change.after["metadata"][member].as_str().unwrap_or_default().to_owned();
            let name = (text("namespace"), text("name"));
            match &change.before {
                Some(before) => drop(objects.insert(name, Arc::clone(before))),
                None => drop(objects.remove(&name)),
            }
        }
        Ok(objects)
    }

    /// Everything, with its kind's resource name.
    pub fn everything(&self) -> impl Iterator<Item = (&String, &Name, &Arc<Value>)> {
        self.objects
            .iter()
            .flat_map(|(resource, objects)| objects.iter().map(move |(name, object)| (resource, name, object)))
    }

    /// Stores an object under a new version, unless it is what is there already.
    pub fn put(&mut self, resource: &str, name: &Name, mut object: Value) -> Arc<Value> {
        let objects = self.objects.entry(resource.to_owned()).or_default();
        let before = objects.get(name).cloned();
        if let Some(before) = &before {
            object["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"].clone();
            if **before == object {
                return Arc::clone(before);
            }
        }
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let after = Arc::new(object);
        objects.insert(name.clone(), Arc::clone(&after));
        self.note(resource, before, &after, false);
        after
    }

    /// Stores an object with this status, unless it has that already.
    pub fn put_status(&mut self, resource: &str, name: &Name, object: &Value, status: Value) {
        if object["status"] != status {
            let mut object = object.clone();
            object["status"] = status;
            self.put(resource, name, object);
        }
    }

    /// Forgets an object.
    pub fn remove(&mut self, resource: &str, name: &Name) -> Option<Arc<Value>> {
        let before = self.objects.get_mut(resource)?.remove(name)?;
        self.version += 1;
        let mut last = (*before).clone();
        last["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.note(resource, Some(Arc::clone(&before)), &Arc::new(last), true);
        Some(before)
    }

    fn note(&mut self, resource: &str, before: Option<Arc<Value>>, after: &Arc<Value>, deleted: bool) {
        self.log.push_back(Change {
            version: self.version,
            resource: resource.to_owned(),
            before,
            after: Arc::clone(after),
            deleted,
        });
        if self.log.len() > REMEMBERED {
            self.forgotten = self.log.pop_front().map_or(self.forgotten, |change| change.version);
        }
        self.ring();
    }

    /// The changes of a kind after a version; `Err` with the oldest remembered version if it is too old.
    pub fn since<'a>(&'a self, version: u64, resource: &'a str) -> Result<impl Iterator<Item = &'a Change>, u64> {
        if version < self.forgotten && self.forgotten > FIRST {
            return Err(self.forgotten);
        }
        let start = self.log.partition_point(|change| change.version <= version);
        Ok(self.log.range(start..).filter(move |change| change.resource == resource))
    }

    /// Rewrites every object in place without a change: only for setting a world up.
    pub fn rewrite(&mut self, mut with: impl FnMut(&mut Value)) {
        for object in self.objects.values_mut().flat_map(BTreeMap::values_mut) {
            let mut new = (**object).clone();
            with(&mut new);
            *object = Arc::new(new);
        }
    }
}
