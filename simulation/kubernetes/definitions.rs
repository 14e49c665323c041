//! CustomResourceDefinitions: when the kinds that they declare are served.
use super::{
    kinds::{self, Kind},
    moments::second,
    objects::{DEFINITIONS, Objects},
    store::Store,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// A new kind is served so long after its definition.
const ESTABLISHED_AFTER: SignedDuration = SignedDuration::from_secs(1);

/// The moments at which definitions that are not yet established will be.
pub(super) fn moments(store: &Store) -> impl Iterator<Item = Timestamp> {
    let new = store.all(DEFINITIONS).filter(|(_, object)| object["status"]["conditions"].is_null());
    new.filter_map(|(_, object)| established_at(object))
}

/// Serves what is declared by definitions whose time has come.
pub(super) fn run(objects: &mut Objects, now: Timestamp) {
    for (name, definition) in objects.store.copy(DEFINITIONS) {
        let declared = kinds::declared_by(&definition);
        if established_at(&definition).is_some_and(|at| at > now) && definition["status"]["conditions"].is_null() {
            continue;
        }
        let (Some(group), Some(plural)) =
            (definition["spec"]["group"].as_str(), definition["spec"]["names"]["plural"].as_str())
        else {
            continue;
        };
        let is_old = |kind: &Kind| !kind.built_in && kind.group == group && kind.plural == plural;
        if objects.kinds.iter().filter(|kind| is_old(kind)).ne(declared.iter()) {
            objects.kinds.retain(|kind| !is_old(kind));
            objects.kinds.extend(declared);
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
            objects.store.put(DEFINITIONS, &name, object);
        }
    }
}

fn established_at(definition: &Value) -> Option<Timestamp> {
    let created: Timestamp = definition["metadata"]["creationTimestamp"].as_str()?.parse().ok()?;
    created.saturating_add(ESTABLISHED_AFTER).ok()
}
