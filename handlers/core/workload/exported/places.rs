//! The places of an exported object that speak of the cluster that it comes from, kind by kind.
use super::Gone;
use crate::resources::answers::text;
use crate::workload::fence::{FENCED, is_fenced};
use serde_json::Value;

/// Labels by which a Job knows its own pods: a server gives each Job its own, and refuses those of another one.
const UIDS: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];
const NAMES: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];
/// Annotations that controllers write, and whether an object of another cluster is lost with them.
const ANNOTATIONS: [(&str, bool); 15] = [
    ("pv.kubernetes.io/bind-completed", true),
    ("pv.kubernetes.io/bound-by-controller", true),
    ("volume.kubernetes.io/selected-node", true),
    ("volume.kubernetes.io/storage-provisioner", false),
    ("volume.beta.kubernetes.io/storage-provisioner", false),
    ("kubernetes.io/service-account.uid", true),
    // Their owner is a controller, which writes them anew: the next apply would be refused.
    ("deployment.kubernetes.io/revision", true),
    ("deprecated.daemonset.template.generation", true),
    ("endpoints.kubernetes.io/last-change-trigger-time", false),
    ("control-plane.alpha.kubernetes.io/leader", false),
    (crate::workload::seen::APPLIED, false),
    (FENCED, false),
    (crate::workload::pins::PINNED, false),
    (crate::workload::seen::SAYS_WHY, false),
    (crate::workload::singletons::SINGLETON, false),
];

/// Takes a member away; whether it was there.
fn take(object: &mut Value, within: &str, member: &str) -> bool {
    let members = object.pointer_mut(within).and_then(Value::as_object_mut);
    members.and_then(|members| members.shift_remove(member)).is_some_and(|value| !value.is_null())
}

fn gone(place: impl Into<String>, costs_a_cluster: bool) -> Gone {
    Gone { place: place.into(), costs_a_cluster }
}

/// The selector and the labels that a server made up for a Job, unless it is said that a person did.
pub(super) fn of_jobs(object: &mut Value, told: &mut Vec<Gone>) {
    if text(object, "/kind") != "Job" || object["spec"]["manualSelector"] == true {
        return;
    }
    let has = |object: &Value, labels: &str| {
        object.pointer(labels).is_some_and(|labels| UIDS.iter().any(|uid| labels.get(uid).is_some()))
    };
    if has(object, "/spec/selector/matchLabels") && take(object, "/spec", "selector") {
        told.push(gone("spec.selector", true));
    }
    for (labels, costs) in [("/spec/template/metadata/labels", true), ("/metadata/labels", false)] {
        if !has(object, labels) {
            continue;
        }
        for label in UIDS.iter().chain(&NAMES) {
            take(object, labels, label);
        }
        told.push(gone(format!("{} (controller-uid, job-name)", labels[1..].replace('/', ".")), costs));
    }
}

/// Where a Pod ran, and which volume a claim was given.
pub(super) fn of_volumes(object: &mut Value, told: &mut Vec<Gone>) {
    let kind = text(object, "/kind").to_owned();
    match kind.as_str() {
        "Pod" if take(object, "/spec", "nodeName") => told.push(gone("spec.nodeName", true)),
        // A volume of a person's own is named otherwise, and is meant.
        "PersistentVolumeClaim" if text(object, "/spec/volumeName").starts_with("pvc-") => {
            take(object, "/spec", "volumeName");
            told.push(gone("spec.volumeName", true));
        }
        "PersistentVolume" => {
            for member in ["uid", "resourceVersion"] {
                if take(object, "/spec/claimRef", member) {
                    told.push(gone(format!("spec.claimRef.{member}"), true));
                }
            }
        }
        _ => {}
    }
}

/// The addresses and ports that a cluster gave to a Service.
pub(super) fn of_services(object: &mut Value, told: &mut Vec<Gone>) {
    if text(object, "/kind") != "Service" || text(object, "/apiVersion") != "v1" {
        return;
    }
    if text(object, "/spec/clusterIP") != "None" && object["spec"]["clusterIPs"][0] != "None" {
        for member in ["clusterIP", "clusterIPs"] {
            if take(object, "/spec", member) {
                told.push(gone(format!("spec.{member}"), false));
            }
        }
    }
    if take(object, "/spec", "healthCheckNodePort") {
        told.push(gone("spec.healthCheckNodePort", false));
    }
    let ports = object.pointer_mut("/spec/ports").and_then(Value::as_array_mut);
    let taken = ports.into_iter().flatten().filter_map(|port| port.as_object_mut()?.shift_remove("nodePort")).count();
    if taken > 0 {
        told.push(gone("spec.ports.nodePort", false));
    }
}

/// What controllers note down in any object, and tokens of another cluster.
pub(super) fn of_any(object: &mut Value, told: &mut Vec<Gone>) {
    for (annotation, costs) in ANNOTATIONS {
        // What it keeps from running counts as ready.
        let costs = costs || (annotation == FENCED && is_fenced(object) && object["spec"]["replicas"] != 0);
        if take(object, "/metadata/annotations", annotation) {
            told.push(gone(format!("metadata.annotations {annotation}"), costs));
        }
    }
    if text(object, "/kind") == "Secret" && text(object, "/type") == "kubernetes.io/service-account-token" {
        // Otherwise the token would be gone from here, and still be readable there.
        take(object, "/metadata/annotations", "kubectl.kubernetes.io/last-applied-configuration");
        if take(object, "", "data") {
            told.push(gone("data", true));
        }
    }
    let prefix = format!("{}-token-", text(object, "/metadata/name"));
    if text(object, "/kind") == "ServiceAccount"
        && let Some(secrets) = object.get_mut("secrets").and_then(Value::as_array_mut)
    {
        let before = secrets.len();
        secrets.retain(|secret| !text(secret, "/name").starts_with(&prefix));
        if secrets.len() < before {
            told.push(gone("secrets", false));
        }
    }
}
