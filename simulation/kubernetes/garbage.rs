//! What ends because its owners have ended.
use super::{
    finalizers::{is_held_by, release},
    objects::Objects,
    store::Name,
};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Deletes what has owners of which none exists, ends foreground deletions whose dependents are gone, and those that leave
/// their dependents to themselves.
pub(super) fn run(objects: &mut Objects, now: Timestamp) {
    run_orphans(objects);
    let mut alive: BTreeSet<&str> = BTreeSet::new();
    let mut ending: BTreeSet<&str> = BTreeSet::new();
    let mut owned = vec![];
    for (resource, name, object) in objects.store.everything() {
        let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
        alive.insert(uid);
        if is_held_by(object, "foregroundDeletion") {
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
    let ended: Vec<(String, Name, Arc<Value>)> = objects
        .store
        .everything()
        .filter(|(_, _, object)| {
            let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
            ending.contains(uid) && !still_owned.contains(uid)
        })
        .map(|(resource, name, object)| (resource.clone(), name.clone(), Arc::clone(object)))
        .collect();
    for (resource, name, object) in orphans {
        objects.let_go(&resource, &name, &object, now);
    }
    for (resource, name, object) in ended {
        release(objects, &resource, &name, &object, "foregroundDeletion");
    }
}

fn run_orphans(objects: &mut Objects) {
    let leaves = |object: &Value| object["metadata"]["deletionTimestamp"].is_string() && is_held_by(object, "orphan");
    let leaving: Vec<(String, Name, Arc<Value>)> = objects
        .store
        .everything()
        .filter(|(_, _, object)| leaves(object))
        .map(|(resource, name, object)| (resource.clone(), name.clone(), Arc::clone(object)))
        .collect();
    for (resource, name, object) in leaving {
        orphan(objects, &object);
        release(objects, &resource, &name, &object, "orphan");
    }
}

/// Dependents of an object that is deleted with `Orphan` forget it.
fn orphan(objects: &mut Objects, owner: &Value) {
    let uid = &owner["metadata"]["uid"];
    let mine = |object: &Value| {
        object["metadata"]["ownerReferences"].as_array().is_some_and(|list| list.iter().any(|one| one["uid"] == *uid))
    };
    let dependents: Vec<_> = objects
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
        objects.store.put(&resource, &name, object);
    }
}
