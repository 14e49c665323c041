//! Pure: what `metadata.generation` counts.
use super::kinds::Kind;
use serde_json::Value;

/// Whether the desired state differs: a Deployment's annotations belong to it, status and other metadata never do.
pub(super) fn differ(kind: &Kind, before: &Value, after: &Value) -> bool {
    let annotations = kind.built_in && kind.kind == "Deployment";
    if annotations && before["metadata"]["annotations"] != after["metadata"]["annotations"] {
        return true;
    }
    let is_desired = |name: &&String| *name != "metadata" && (*name != "status" || !kind.status);
    let (Some(old), Some(new)) = (before.as_object(), after.as_object()) else { return before != after };
    let mut names = old.keys().chain(new.keys()).filter(is_desired);
    names.any(|name| old.get(name) != new.get(name))
}
