//! Whether Kubernetes objects are ready, from what their controllers say of them.
use super::further::condition;
use super::refusal::is_own;
use super::share::Share;
use super::{conditions, fence, further};
use crate::resources::answers::{is_true, text};
use crate::resources::object::describe;
use serde_json::Value;

/// Why this object is not ready; `None` when it is, or when its kind has no readiness.
#[must_use]
pub fn unready(object: &Value) -> Option<String> {
    if !is_own(text(object, "/apiVersion")) {
        return conditions::unready(object);
    }
    if further::KINDS.contains(&text(object, "/kind")) {
        return conditions::judged(object, further::unready);
    }
    let name = describe(object);
    match object["kind"].as_str()? {
        "Deployment" if fence::is_fenced(object) => fence::unready(object),
        "Deployment" | "StatefulSet" | "DaemonSet" => rolled(object),
        "Job" if has(object, "Complete") => None,
        "Job" if has(object, "Failed") => Some(format!("{name} failed")),
        "Job" if is_true(object, "/spec/suspend") => Some(format!("{name} is suspended")),
        "Job" => Some(format!("{name} has not completed")),
        "CustomResourceDefinition" if !has(object, "Established") => Some(format!("{name} is not established")),
        "Service" if object["spec"]["type"] == "LoadBalancer" => {
            let addresses = object.pointer("/status/loadBalancer/ingress").and_then(Value::as_array);
            addresses.is_none_or(Vec::is_empty).then(|| format!("{name} has no address yet"))
        }
        "Node" if !has(object, "Ready") => Some(format!("{name} is not ready")),
        _ => None,
    }
}

/// Why the pods of a workload are not those that it wants, all of them ready, and no others: as `kstatus` counts them, but that
/// of a StatefulSet whose pods somebody replaces by hand (`OnDelete`) as many must be ready as it wants, and that of such a
/// DaemonSet none must be of its newest template.
///
/// <https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/status/core.go>
fn rolled(object: &Value) -> Option<String> {
    let name = describe(object);
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64);
    let status = |member: &str| number(&format!("/status/{member}")).unwrap_or(0);
    if number("/status/observedGeneration") < number("/metadata/generation") {
        return Some(format!("{name} was not looked at by its controller yet"));
    }
    let is_by_hand = object["spec"]["updateStrategy"]["type"] == "OnDelete";
    let Share { wanted, updated, ready } = Share::of(object)?;
    let others = if object["kind"] == "DaemonSet" { 0 } else { status("replicas") - wanted };
    let updated = if is_by_hand { wanted } else { updated };
    if updated < wanted || ready < wanted {
        let paused = if is_true(object, "/spec/paused") { ", and it is paused" } else { "" };
        return Some(format!("{name}: {} of {wanted} ready{paused}", ready.min(updated)));
    }
    // While there are others, those that are ready may be they.
    (others > 0).then(|| format!("{name}: {others} pods more than it wants are still there"))
}

/// Whether more than their presence is looked at in objects of this kind.
#[must_use]
pub fn has_readiness(api_version: &str, kind: &str) -> bool {
    let own = ["CustomResourceDefinition", "DaemonSet", "Deployment", "Job", "Node", "Service", "StatefulSet"];
    !is_own(api_version) || own.contains(&kind) || further::KINDS.contains(&kind)
}

/// Why an object in a cluster has failed for good, in its controller's words.
#[must_use]
pub fn failed(object: &Value) -> Option<String> {
    let found = (object["kind"] == "Job").then(|| condition(object, "Failed", "True")).flatten()?;
    let (reason, message) = (text(found, "/reason"), text(found, "/message"));
    Some(format!("{} failed: {reason}: {message}", describe(object)))
}

/// Why what this manifest wants can never be ready, and what to do. A paused Deployment may be ready from before.
#[must_use]
pub fn never_ready(wanted: &Value) -> Option<String> {
    let name = describe(wanted);
    match text(wanted, "/kind") {
        "Job" if is_true(wanted, "/spec/suspend") && !is_started_by_others(wanted) => {
            Some(format!("{name} is suspended, so that it never completes: take spec.suspend out"))
        }
        "Deployment" if is_true(wanted, "/spec/paused") => {
            Some(format!("{name} is paused, so that it is never rolled out: take spec.paused out"))
        }
        _ => None,
    }
}

/// Whether somebody else starts a suspended Job when its time has come, as a queue does.
fn is_started_by_others(job: &Value) -> bool {
    let labels = job["metadata"]["labels"].as_object();
    !text(job, "/spec/managedBy").is_empty()
        || labels.is_some_and(|labels| labels.contains_key("kueue.x-k8s.io/queue-name"))
}

fn has(object: &Value, name: &str) -> bool {
    condition(object, name, "True").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_deployment_is_ready_when_its_newest_generation_is_available() {
        let mut deployment = json!({"kind": "Deployment", "metadata": {"name": "web", "namespace": "shop", "generation": 2},
            "spec": {"replicas": 3},
            "status": {"observedGeneration": 1, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3, "readyReplicas": 3}});
        assert!(unready(&deployment).unwrap().contains("not looked at"));
        deployment["status"]["observedGeneration"] = 2.into();
        assert_eq!(unready(&deployment), None);
        deployment["status"]["availableReplicas"] = 1.into();
        assert_eq!(unready(&deployment).unwrap(), "Deployment shop/web: 1 of 3 ready");
    }

    #[test]
    fn a_deployment_whose_new_pods_do_not_run_is_not_ready_though_the_old_ones_are() {
        let mut deployment = json!({"kind": "Deployment", "metadata": {"name": "web", "namespace": "shop", "generation": 2},
            "spec": {"replicas": 3}, "status": {"observedGeneration": 2, "replicas": 6, "updatedReplicas": 3,
            "availableReplicas": 3, "readyReplicas": 3}});
        assert_eq!(unready(&deployment).unwrap(), "Deployment shop/web: 3 pods more than it wants are still there");
        deployment["status"]["replicas"] = 3.into();
        assert_eq!(unready(&deployment), None);
        deployment["status"]["readyReplicas"] = 2.into();
        assert_eq!(unready(&deployment).unwrap(), "Deployment shop/web: 2 of 3 ready");
        let set = |updated: i64, available: i64| {
            json!({"kind": "DaemonSet", "metadata": {"name": "log", "generation": 1}, "status": {"observedGeneration": 1,
                "desiredNumberScheduled": 2, "currentNumberScheduled": 2, "updatedNumberScheduled": updated,
                "numberReady": 2, "numberAvailable": available}})
        };
        assert_eq!((unready(&set(2, 2)), unready(&set(2, 1)).is_some()), (None, true), "ready for long enough");
        let mut by_hand = set(1, 2);
        assert_eq!(unready(&by_hand).unwrap(), "DaemonSet log: 1 of 2 ready");
        by_hand["spec"]["updateStrategy"]["type"] = "OnDelete".into();
        assert_eq!(unready(&by_hand), None);
    }

    #[test]
    fn a_stateful_set_is_ready_when_what_is_to_be_replaced_is() {
        let mut set = json!({"kind": "StatefulSet", "metadata": {"name": "db", "generation": 1}, "spec": {"replicas": 3},
            "status": {"observedGeneration": 1, "replicas": 3, "updatedReplicas": 1, "readyReplicas": 3}});
        assert_eq!(unready(&set).unwrap(), "StatefulSet db: 1 of 3 ready");
        set["spec"]["updateStrategy"] = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 2}});
        assert_eq!(unready(&set), None, "two stay as they are");
        set["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = 1.into();
        assert!(unready(&set).is_some());
        set["spec"]["updateStrategy"] = json!({"type": "OnDelete"});
        assert_eq!(unready(&set), None, "a person replaces them");
        set["status"]["readyReplicas"] = 2.into();
        assert!(unready(&set).is_some(), "and they must run");
        set["status"]["readyReplicas"] = 3.into();
        set["status"]["replicas"] = 4.into();
        assert!(unready(&set).unwrap().contains("1 pods more"));
    }

    #[test]
    fn a_load_balancer_is_ready_when_it_has_its_address() {
        let mut service = json!({"kind": "Service", "metadata": {"name": "in"}, "spec": {"type": "LoadBalancer"}});
        assert!(unready(&service).is_some());
        service["status"]["loadBalancer"]["ingress"] = json!([{"ip": "10.1.15.1"}]);
        assert_eq!(unready(&service), None);
    }

    #[test]
    fn a_job_says_how_it_ended_and_what_keeps_it_from_ending() {
        let job = |spec: &Value, kind: &str| {
            json!({"kind": "Job", "metadata": {"name": "once", "namespace": "shop"}, "spec": spec, "status": {"conditions": [
                {"type": kind, "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}]}})
        };
        let none = json!({});
        assert_eq!((unready(&job(&none, "Complete")), failed(&job(&none, "Complete"))), (None, None));
        assert_eq!(failed(&job(&none, "Failed")).unwrap(), "Job shop/once failed: BackoffLimitExceeded: too often");
        assert_eq!(unready(&job(&json!({"suspend": true}), "Suspended")).unwrap(), "Job shop/once is suspended");
        assert!(never_ready(&job(&json!({"suspend": true}), "")).unwrap().contains("take spec.suspend out"));
        let mut queued = job(&json!({"suspend": true}), "");
        queued["metadata"]["labels"] = json!({"kueue.x-k8s.io/queue-name": "night"});
        assert_eq!(never_ready(&queued), None, "the queue starts it");
        let cron = json!({"kind": "CronJob", "metadata": {"name": "night"}, "spec": {"suspend": true}});
        assert_eq!((never_ready(&cron), unready(&cron)), (None, None));
    }

    #[test]
    fn a_paused_deployment_says_so() {
        let paused = json!({"kind": "Deployment", "metadata": {"name": "web", "generation": 1},
            "spec": {"replicas": 2, "paused": true}, "status": {"observedGeneration": 1}});
        assert_eq!(unready(&paused).unwrap(), "Deployment web: 0 of 2 ready, and it is paused");
        assert!(never_ready(&paused).unwrap().contains("take spec.paused out"));
    }

    #[test]
    fn every_kind_that_can_be_unready_has_a_readiness() {
        for kind in ["Deployment", "StatefulSet", "DaemonSet", "Job", "CustomResourceDefinition", "Node"] {
            let object = json!({"kind": kind, "metadata": {"name": "x", "generation": 1}});
            assert!(unready(&object).is_some() && has_readiness("v1", kind), "{kind}");
        }
        for kind in further::KINDS {
            let mut object = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "x", "generation": 2},
                "status": {"observedGeneration": 1}});
            assert_eq!(unready(&object).unwrap(), format!("{kind} x was not looked at by its controller yet"));
            assert!(has_readiness("v1", kind), "{kind}");
            object["metadata"]["annotations"] = json!({conditions::WAIT: "ignore"});
            assert_eq!(unready(&object), None, "{kind}");
        }
    }
}
