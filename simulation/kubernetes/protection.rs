//! What is in use is not lost: a claim that a pod mounts, and a volume that is bound, are held by a finalizer while they are
//! being deleted.
use super::{claims, finalizers, objects::Objects};
use serde_json::Value;

/// Resources, and the finalizer that each of their objects gets as it is made.
const HELD: [(&str, &str); 2] =
    [(claims::CLAIMS, "kubernetes.io/pvc-protection"), (claims::VOLUMES, "kubernetes.io/pv-protection")];

/// Gives a new object its finalizer.
pub(super) fn hold(resource: &str, object: &mut Value) {
    if let Some((_, finalizer)) = HELD.iter().find(|(held, _)| *held == resource) {
        finalizers::hold(object, finalizer);
    }
}

/// Lets go what is being deleted and is in use no more.
pub(super) fn run(objects: &mut Objects) {
    for (resource, finalizer) in HELD {
        for (name, object) in objects.store.copy(resource) {
            let ends = object["metadata"]["deletionTimestamp"].is_string();
            let is_used = || match resource {
                claims::CLAIMS => claims::is_used(objects, &name),
                _ => objects.store.all(claims::CLAIMS).any(|(_, claim)| claim["spec"]["volumeName"] == name.1.as_str()),
            };
            if ends && finalizers::is_held_by(&object, finalizer) && !is_used() {
                finalizers::release(objects, resource, &name, &object, finalizer);
            }
        }
    }
}
