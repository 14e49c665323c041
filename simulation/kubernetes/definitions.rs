//! CustomResourceDefinitions: when the kinds that they declare are served, and how they end.
use super::{
    apply::{self, Writer},
    finalizers, kinds,
    moments::second,
    objects::{DEFINITIONS, Objects},
    reading::Strictness,
    store::Store,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

/// A new kind is served so long after its definition, and is gone so long after its deletion.
const AFTER: SignedDuration = SignedDuration::from_secs(1);
/// Holds a definition until its objects are gone.
const FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";

/// The moments at which definitions that are not yet established, or not yet gone, will be.
pub(super) fn moments(store: &Store) -> impl Iterator<Item = Timestamp> {
    store.all(DEFINITIONS).filter_map(|(_, object)| {
        let end = after(&object["metadata"]["deletionTimestamp"]);
        // What others hold does not end by itself.
        let ends = end.filter(|_| finalizers::is_held_by(object, FINALIZER));
        ends.or_else(|| after(&object["metadata"]["creationTimestamp"]).filter(|_| is_new(object)))
    })
}

/// Serves what is declared by definitions whose time has come, and ends those that are deleted.
pub(super) fn run(objects: &mut Objects, now: Timestamp) {
    for (name, definition) in objects.store.copy(DEFINITIONS) {
        if finalizers::is_held_by(&definition, FINALIZER)
            && after(&definition["metadata"]["deletionTimestamp"]).is_some_and(|at| at <= now)
        {
            end(objects, &name, &definition, now);
            continue;
        }
        if is_new(&definition) && after(&definition["metadata"]["creationTimestamp"]).is_some_and(|at| at > now) {
            continue;
        }
        serve(objects, &definition);
        if is_new(&definition) {
            let object = established(objects, &definition, now);
            objects.store.put(DEFINITIONS, &name, object);
        }
    }
}

/// Takes the kinds of a definition in place of those of its older form. It is read once for each of its generations.
fn serve(objects: &mut Objects, definition: &Arc<Value>) {
    let metadata = &definition["metadata"];
    let form = (metadata["uid"].clone(), metadata["generation"].clone());
    let name = metadata["name"].as_str().unwrap_or_default();
    if objects.served.get(name) == Some(&form) {
        return;
    }
    objects.served.insert(name.to_owned(), form);
    objects.kinds.retain(|kind| kind.built_in || kind.resource() != name);
    objects.kinds.extend(kinds::declared_by(definition));
}

fn established(objects: &Objects, definition: &Value, now: Timestamp) -> Value {
    let mut object = definition.clone();
    let condition = |sort: &str, reason: &str, message: &str| json!({"type": sort, "status": "True", "reason": reason, "message": message, "lastTransitionTime": second(now)});
    object["status"]["acceptedNames"] = definition["spec"]["names"].clone();
    object["status"]["conditions"] = json!([
        condition("NamesAccepted", "NoConflicts", "no conflicts found"),
        condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    ]);
    if let Some(kind) = objects.kind_of(DEFINITIONS) {
        let writer = Writer { manager: "kube-apiserver", subresource: "status", now, strictness: Strictness::Ignore };
        apply::note_update(kind, definition, &mut object, &writer);
    }
    object
}

/// Marks a definition that is being deleted: its objects go first.
pub(super) fn begin_end(definition: &mut Value, now: Timestamp) {
    finalizers::hold(definition, FINALIZER);
    let condition = json!({
        "type": "Terminating", "status": "True", "reason": "InstanceDeletionPending", "lastTransitionTime": second(now),
        "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
    });
    match definition["status"]["conditions"].as_array_mut() {
        Some(conditions) => conditions.push(condition),
        None => definition["status"]["conditions"] = json!([condition]),
    }
}

/// Deletes a definition's objects, and when none is left, lets it go.
fn end(objects: &mut Objects, name: &(String, String), definition: &Value, now: Timestamp) {
    let instances = &name.1;
    for (name, object) in objects.store.copy(instances) {
        objects.let_go(instances, &name, &object, now);
    }
    if objects.store.all(instances).next().is_some() {
        return;
    }
    finalizers::release(objects, DEFINITIONS, name, definition, FINALIZER);
}

fn is_new(definition: &Value) -> bool {
    definition["status"]["conditions"].is_null()
}

fn after(moment: &Value) -> Option<Timestamp> {
    moment.as_str()?.parse::<Timestamp>().ok()?.checked_add(AFTER).ok()
}
