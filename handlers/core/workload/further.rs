//! Whether objects of Kubernetes' further kinds are ready: pods that nobody makes, claims, Ingresses, autoscalers, budgets. As
//! `kstatus` reads them where it does; it knows neither Ingresses nor autoscalers.
//!
//! <https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/status/core.go>
use super::conditions::words;
use crate::resources::answers::{list, shortened, text};
use serde_json::Value;

/// The kinds that are looked at here.
pub const KINDS: [&str; 7] = [
    "HorizontalPodAutoscaler",
    "Ingress",
    "PersistentVolumeClaim",
    "Pod",
    "PodDisruptionBudget",
    "ReplicaSet",
    "ReplicationController",
];

/// Why an object of such a kind, whose present generation was seen, is not ready.
pub(super) fn unready(object: &Value) -> Option<String> {
    match text(object, "/kind") {
        "HorizontalPodAutoscaler" => autoscaler(object),
        "Ingress" => list(object, "/status/loadBalancer/ingress").is_empty().then(|| "has no address yet".into()),
        "PersistentVolumeClaim" => claim(object),
        "Pod" => pod(object),
        "ReplicaSet" | "ReplicationController" => replicas(object),
        // Of a budget there is no more to know than that it was looked at.
        _ => None,
    }
}

/// A condition of the object with this status.
pub(super) fn condition<'a>(object: &'a Value, name: &str, status: &str) -> Option<&'a Value> {
    list(object, "/status/conditions").iter().find(|one| one["type"] == name && one["status"] == status)
}

/// What its controller cannot do. One whose workload stands at 0 has nothing to do.
fn autoscaler(object: &Value) -> Option<String> {
    let found = ["AbleToScale", "ScalingActive"].iter().find_map(|name| condition(object, name, "False"))?;
    let is_off = found["reason"] == "ScalingDisabled";
    (!is_off).then(|| format!("does not scale{}", words(found)))
}

fn claim(object: &Value) -> Option<String> {
    let phase = text(object, "/status/phase");
    let phase = if phase.is_empty() { "not looked at yet".into() } else { shortened(phase) };
    (phase != "Bound").then(|| format!("has no volume: it is {phase}"))
}

/// One that has ended is as ready as it will be, however it ended.
fn pod(object: &Value) -> Option<String> {
    match text(object, "/status/phase") {
        "Succeeded" | "Failed" => None,
        "Running" if condition(object, "Ready", "True").is_some() => None,
        "Running" => Some(match crashing(object) {
            Some(container) => format!("is not ready: its container {} crashes", shortened(container)),
            None => "runs, and is not ready".into(),
        }),
        _ => {
            let unscheduled = condition(object, "PodScheduled", "False").map(words).unwrap_or_default();
            Some(format!("has not started{unscheduled}"))
        }
    }
}

fn crashing(pod: &Value) -> Option<&str> {
    let is_crashing = |container: &&Value| text(container, "/state/waiting/reason") == "CrashLoopBackOff";
    Some(text(list(pod, "/status/containerStatuses").iter().find(is_crashing)?, "/name"))
}

fn replicas(object: &Value) -> Option<String> {
    if let Some(failure) = condition(object, "ReplicaFailure", "True") {
        return Some(format!("cannot make its pods{}", words(failure)));
    }
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64);
    let status = |member: &str| number(&format!("/status/{member}")).unwrap_or(0);
    let wanted = number("/spec/replicas").unwrap_or(1);
    let ready = ["fullyLabeledReplicas", "availableReplicas", "readyReplicas"].map(status).into_iter().min();
    match ready.unwrap_or(0) {
        ready if ready < wanted => Some(format!("has {ready} of {wanted} pods ready")),
        _ if status("replicas") > wanted => Some(format!("has {} pods, and {wanted} are wanted", status("replicas"))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(kind: &str, spec: &Value, status: &Value) -> String {
        unready(&json!({"kind": kind, "metadata": {"name": "it"}, "spec": spec, "status": status})).unwrap_or_default()
    }

    #[test]
    fn claims_and_ingresses_are_ready_with_what_they_ask_for() {
        let none = json!({});
        assert_eq!(said("PersistentVolumeClaim", &none, &none), "has no volume: it is not looked at yet");
        assert_eq!(said("PersistentVolumeClaim", &none, &json!({"phase": "Lost"})), "has no volume: it is Lost");
        assert_eq!(said("PersistentVolumeClaim", &none, &json!({"phase": "Bound"})), "");
        assert_eq!(said("Ingress", &none, &json!({"loadBalancer": {}})), "has no address yet");
        assert_eq!(said("Ingress", &none, &json!({"loadBalancer": {"ingress": [{"hostname": "x.example.com"}]}})), "");
        assert_eq!(said("PodDisruptionBudget", &none, &json!({"disruptionsAllowed": 0})), "");
    }

    #[test]
    fn an_autoscaler_is_heard_where_it_cannot_scale() {
        let of = |all: Value| said("HorizontalPodAutoscaler", &json!({}), &json!({"conditions": all}));
        let metric = json!({"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric"});
        assert_eq!(
            of(json!([{"type": "AbleToScale", "status": "True"}, metric])),
            "does not scale: FailedGetResourceMetric"
        );
        assert_eq!(of(json!([{"type": "ScalingActive", "status": "False", "reason": "ScalingDisabled"}])), "");
        assert_eq!(
            of(json!([{"type": "ScalingActive", "status": "True"}, {"type": "ScalingLimited", "status": "True"}])),
            ""
        );
        let gone =
            json!([{"type": "AbleToScale", "status": "False", "reason": "FailedGetScale", "message": "not found"}]);
        assert_eq!(of(gone), "does not scale: FailedGetScale: not found");
        assert_eq!(of(json!([])), "", "nothing was said yet");
    }

    #[test]
    fn a_pod_is_ready_when_it_says_so_or_has_ended() {
        let of = |status: Value| said("Pod", &json!({}), &status);
        assert_eq!(of(json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]})), "");
        assert_eq!((of(json!({"phase": "Succeeded"})), of(json!({"phase": "Failed"}))), (String::new(), String::new()));
        let mut running = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]});
        assert_eq!(of(running.clone()), "runs, and is not ready");
        running["containerStatuses"] = json!([{"name": "web", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]);
        assert_eq!(of(running), "is not ready: its container web crashes");
        let pending = json!({"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node"}]});
        assert_eq!(of(pending), "has not started: Unschedulable: no node");
        assert_eq!(of(json!({})), "has not started");
    }

    #[test]
    fn replicas_are_counted_without_a_deployment() {
        for kind in ["ReplicaSet", "ReplicationController"] {
            let of = |wanted: i64, count: i64, ready: i64| {
                let status = json!({"replicas": count, "fullyLabeledReplicas": count, "availableReplicas": ready,
                    "readyReplicas": ready});
                said(kind, &json!({"replicas": wanted}), &status)
            };
            assert_eq!((of(2, 2, 2), of(0, 0, 0)), (String::new(), String::new()));
            assert_eq!(of(2, 2, 1), "has 1 of 2 pods ready");
            assert_eq!(of(1, 2, 2), "has 2 pods, and 1 are wanted");
            let refused = json!({"conditions": [{"type": "ReplicaFailure", "status": "True", "message": "quota"}]});
            assert_eq!(said(kind, &json!({}), &refused), "cannot make its pods: quota");
        }
    }
}
