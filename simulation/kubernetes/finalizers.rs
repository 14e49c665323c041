//! Who holds an object back from its end.
use super::{objects::Objects, store::Name};
use serde_json::{Value, json};

/// All of them.
pub(super) fn of(object: &Value) -> impl Iterator<Item = &Value> {
    object["metadata"]["finalizers"].as_array().into_iter().flatten()
}

/// Whether this one does.
pub(super) fn is_held_by(object: &Value, finalizer: &str) -> bool {
    of(object).any(|held| held == finalizer)
}

/// Lets this one hold it, too.
pub(super) fn hold(object: &mut Value, finalizer: &str) {
    let others: Vec<Value> = of(object).filter(|held| *held != finalizer).cloned().collect();
    object["metadata"]["finalizers"] = others.into_iter().chain([json!(finalizer)]).collect();
}

/// Takes a finalizer off an object; without another one it is gone.
pub(super) fn release(objects: &mut Objects, resource: &str, name: &Name, object: &Value, finalizer: &str) {
    let left: Vec<Value> = of(object).filter(|held| *held != finalizer).cloned().collect();
    if left.is_empty() {
        objects.take_out(resource, name);
    } else {
        let mut object = object.clone();
        object["metadata"]["finalizers"] = json!(left);
        objects.store.put(resource, name, object);
    }
}
