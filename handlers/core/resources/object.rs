//! An object of Kubernetes as raw JSON: what it is called.
use super::answers::text;
use serde_json::Value;

/// `Deployment shop/web`.
#[must_use]
pub fn describe(object: &Value) -> String {
    let kind = object["kind"].as_str().unwrap_or("object");
    match object["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("{kind} {namespace}/{}", name(object)),
        None => format!("{kind} {}", name(object)),
    }
}

/// The group of an `apiVersion`; empty for Kubernetes' first kinds.
#[must_use]
pub fn group(api_version: &str) -> &str {
    api_version.rsplit_once('/').map_or("", |(group, _)| group)
}

/// Its name, or an empty one.
#[must_use]
pub fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}
