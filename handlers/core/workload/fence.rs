//! Fenced objects: Deployments that come up with 0 replicas, whose count is nobody's but theirs who hand over.
//!
//! Only 0 replicas is a fence: an ingress controller that runs writes the gateway. A manifest says 0, so that whoever reads it
//! sees it; to a cluster the count goes once, when the object is made, and no later apply names it.
use crate::resources::answers::text;
use crate::resources::object::describe;
use serde_json::{Value, json};

/// The annotation of a fenced Deployment.
pub const FENCED: &str = "aks-bluegreen/fenced";

/// Whether an object is fenced.
#[must_use]
pub fn is_fenced(object: &Value) -> bool {
    object["kind"] == "Deployment" && object["metadata"]["annotations"][FENCED] == "true"
}

/// Fences a Deployment.
pub fn fence(deployment: &mut Value) {
    if !deployment["metadata"]["annotations"].is_object() {
        deployment["metadata"]["annotations"] = json!({});
    }
    deployment["metadata"]["annotations"][FENCED] = "true".into();
    deployment["spec"]["replicas"] = 0.into();
}

/// A fenced object as it is made where there is none: with 0 replicas, and without the annotation by which an object is known
/// as applied.
#[must_use]
pub fn as_made(object: &Value, applied: &str) -> Value {
    let mut made = object.clone();
    made["spec"]["replicas"] = 0.into();
    if let Some(annotations) = made["metadata"]["annotations"].as_object_mut() {
        annotations.shift_remove(applied);
    }
    made
}

/// The same as it is applied to the one that is there: it names no count, and, by its `uid`, no other object. Where that one
/// is gone meanwhile nothing is made, for a new one without a count would start.
#[must_use]
pub fn as_applied(object: &Value, there: &Value) -> Value {
    let mut applied = object.clone();
    if let Some(spec) = applied["spec"].as_object_mut() {
        spec.shift_remove("replicas");
    }
    applied["metadata"]["uid"] = there["metadata"]["uid"].clone();
    applied
}

/// Why a fenced object in a cluster is not ready: it is when its controller has seen that no pod is wanted, and none is there.
#[must_use]
pub fn unready(live: &Value) -> Option<String> {
    let name = describe(live);
    let number = |pointer: &str| live.pointer(pointer).and_then(Value::as_i64);
    let wanted = number("/spec/replicas").unwrap_or(1);
    if wanted != 0 {
        return Some(format!(
            "{name} has {wanted} replicas and must have 0: while it runs it writes the gateway. Scale it to 0 (kubectl scale \
             deployment {} --namespace {} --replicas 0)",
            text(live, "/metadata/name"),
            text(live, "/metadata/namespace")
        ));
    }
    if number("/status/observedGeneration") < number("/metadata/generation") {
        return Some(format!("{name} was not looked at by its controller yet"));
    }
    let left = number("/status/replicas").unwrap_or(0);
    (left != 0).then(|| format!("{name}: {left} pods are still there, 0 are wanted"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment() -> Value {
        let mut one = json!({"kind": "Deployment", "metadata": {"name": "agic", "namespace": "agic", "generation": 2},
            "spec": {"replicas": 1, "paused": false}});
        fence(&mut one);
        one
    }

    #[test]
    fn a_count_goes_out_once_and_no_apply_names_it() {
        let mut wanted = deployment();
        assert!(is_fenced(&wanted) && wanted["spec"]["replicas"] == 0);
        wanted["metadata"]["annotations"]["known"] = "1".into();
        let made = as_made(&wanted, "known");
        assert_eq!((&made["spec"]["replicas"], made["metadata"]["annotations"].get("known")), (&json!(0), None));
        let applied = as_applied(&wanted, &json!({"metadata": {"uid": "u"}}));
        assert_eq!(applied["spec"], json!({"paused": false}));
        assert_eq!(
            (&applied["metadata"]["uid"], &applied["metadata"]["annotations"]["known"]),
            (&json!("u"), &json!("1"))
        );
    }

    #[test]
    fn it_is_ready_when_nothing_of_it_runs() {
        let mut live = deployment();
        assert!(unready(&live).unwrap().contains("not looked at"));
        live["status"] = json!({"observedGeneration": 2, "replicas": 1});
        assert!(unready(&live).unwrap().contains("1 pods are still there"));
        live["status"]["replicas"] = 0.into();
        assert_eq!(unready(&live), None);
        live["spec"]["replicas"] = 1.into();
        assert!(unready(&live).unwrap().contains("--namespace agic --replicas 0"));
    }
}
