//! ReplicaSets, and the ReplicationControllers from before them: as many pods as each asks for.
use super::{
    objects::Objects,
    pods::{MOST_PODS, is_ready, make_pod, pods_of},
};
use jiff::Timestamp;
use serde_json::json;

const KINDS: [&str; 2] = ["replicasets.apps", "replicationcontrollers"];

/// Makes the pods that are missing, and lets go of those that are too many.
pub(super) fn run(objects: &mut Objects, now: Timestamp) {
    for kind in KINDS {
        run_all(objects, kind, now);
    }
}

fn run_all(objects: &mut Objects, kind: &str, now: Timestamp) {
    for (name, set) in objects.store.copy(kind) {
        if set["metadata"]["deletionTimestamp"].is_string() {
            continue;
        }
        let mut pods = pods_of(&objects.store, &set);
        pods.retain(|(_, pod)| pod["metadata"]["deletionTimestamp"].is_null());
        let desired = set["spec"]["replicas"].as_u64().unwrap_or(0).min(MOST_PODS) as usize;
        // The ones that are not ready go first.
        pods.sort_by_key(|(_, pod)| !is_ready(pod));
        for (pod, object) in pods.iter().skip(desired) {
            objects.let_go("pods", pod, object, now);
        }
        pods.truncate(desired);
        for _ in pods.len()..desired {
            make_pod(objects, &set, None, &json!({}), None, now);
        }
        let ready = pods.iter().filter(|(_, pod)| is_ready(pod)).count();
        let status = json!({
            "replicas": desired, "fullyLabeledReplicas": desired, "readyReplicas": ready, "availableReplicas": ready,
            "observedGeneration": set["metadata"]["generation"],
        });
        objects.store.put_status(kind, &name, &set, status);
    }
}
