//! Pure: the defaults that an API server fills in. What every server gives is in the crate `kinds`.
use super::kinds::Kind;
use serde_json::{Value, json};

/// Fills in what the writer left out.
pub(super) fn fill_in(kind: &Kind, object: &mut Value) {
    if !kind.built_in {
        return;
    }
    if kind.kind == "PersistentVolumeClaim"
        && let Value::Object(members) = &mut *object
        && members.get("status").is_none_or(Value::is_null)
    {
        members.insert("status".into(), json!({"phase": "Pending"}));
    }
    ::kinds::defaults::fill_in(&kind.api_version(), &kind.kind, object);
}

/// A member that is a list; empty if it is none.
pub(super) fn list_of<'a>(object: &'a mut Value, name: &str) -> &'a mut [Value] {
    object.get_mut(name).and_then(Value::as_array_mut).map_or(&mut [], Vec::as_mut_slice)
}
