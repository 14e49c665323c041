//! Whether Kubernetes objects are ready, from what their controllers say of them.
use crate::resources::object::describe;
use serde_json::Value;

/// Why this object is not ready; `None` when it is, or when its kind has no readiness.
#[must_use]
pub fn unready(object: &Value) -> Option<String> {
    let name = describe(object);
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64);
    let observed = || number("/status/observedGeneration") >= number("/metadata/generation");
    let rolled = |wanted: i64, updated: i64, ready: i64| {
        if !observed() {
            return Some(format!("{name} was not looked at by its controller yet"));
        }
        (updated < wanted || ready < wanted).then(|| format!("{name}: {} of {wanted} ready", ready.min(updated)))
    };
    let status = |member: &str| number(&format!("/status/{member}")).unwrap_or(0);
    match object["kind"].as_str()? {
        "Deployment" => {
            let wanted = number("/spec/replicas").unwrap_or(1);
            rolled(wanted, status("updatedReplicas"), status("availableReplicas"))
        }
        "StatefulSet" => {
            let wanted = number("/spec/replicas").unwrap_or(1);
            rolled(wanted, status("updatedReplicas"), status("readyReplicas"))
        }
        "DaemonSet" => {
            let wanted = status("desiredNumberScheduled");
            rolled(wanted, status("updatedNumberScheduled"), status("numberReady"))
        }
        "Job" if condition(object, "Failed") => Some(format!("{name} failed")),
        "Job" if !condition(object, "Complete") => Some(format!("{name} has not completed")),
        "CustomResourceDefinition" if !condition(object, "Established") => Some(format!("{name} is not established")),
        "Service" if object["spec"]["type"] == "LoadBalancer" => {
            let addresses = object.pointer("/status/loadBalancer/ingress").and_then(Value::as_array);
            addresses.is_none_or(Vec::is_empty).then(|| format!("{name} has no address yet"))
        }
        "Node" if !condition(object, "Ready") => Some(format!("{name} is not ready")),
        _ => None,
    }
}

fn condition(object: &Value, name: &str) -> bool {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    conditions.into_iter().any(|condition| condition["type"] == name && condition["status"] == "True")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_deployment_is_ready_when_its_newest_generation_is_available() {
        let mut deployment = json!({"kind": "Deployment", "metadata": {"name": "web", "namespace": "shop", "generation": 2},
            "spec": {"replicas": 3},
            "status": {"observedGeneration": 1, "updatedReplicas": 3, "availableReplicas": 3}});
        assert!(unready(&deployment).unwrap().contains("not looked at"));
        deployment["status"]["observedGeneration"] = 2.into();
        assert_eq!(unready(&deployment), None);
        deployment["status"]["availableReplicas"] = 1.into();
        assert_eq!(unready(&deployment).unwrap(), "Deployment shop/web: 1 of 3 ready");
    }

    #[test]
    fn a_load_balancer_is_ready_when_it_has_its_address() {
        let mut service = json!({"kind": "Service", "metadata": {"name": "in"}, "spec": {"type": "LoadBalancer"}});
        assert!(unready(&service).is_some());
        service["status"]["loadBalancer"]["ingress"] = json!([{"ip": "10.1.15.1"}]);
        assert_eq!(unready(&service), None);
    }
}
