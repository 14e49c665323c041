//! StatefulSets and DaemonSets.
use super::{
    names::template_hash,
    nodes::placing::is_for,
    objects::Objects,
    pods::{MOST_PODS, is_ready, make_pod, pinned_to, pods_of},
    reports::report,
    store::{Name, Store},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

const REVISION: &str = "controller-revision-hash";

type Pods = Vec<(Name, Arc<Value>)>;

/// Whether it was told to end.
pub(super) fn leaving(pod: &Value) -> bool {
    pod["metadata"]["deletionTimestamp"].is_string()
}

fn is_of(pod: &Value, revision: &str) -> bool {
    pod["metadata"]["labels"][REVISION] == revision
}

/// What of a kind was not told to end.
pub(super) fn living(store: &Store, resource: &str) -> Vec<(Name, Arc<Value>)> {
    let mut list = store.copy(resource);
    list.retain(|(_, object)| !leaving(object));
    list
}

/// Replaces pods of an old revision, one at a time while all others are ready; a sick old one at once.
fn replace_outdated(objects: &mut Objects, pods: &Pods, revision: &str, owner: &Value, now: Timestamp) {
    if owner["spec"]["updateStrategy"]["type"] == "OnDelete" {
        return;
    }
    let ill = |pod: &Value| leaving(pod) || !is_ready(pod);
    let healthy = !pods.iter().any(|(_, pod)| ill(pod));
    let outdated = pods.iter().rev().filter(|(_, pod)| !is_of(pod, revision) && !leaving(pod));
    let chosen = outdated.clone().find(|(_, pod)| ill(pod)).or_else(|| outdated.clone().next().filter(|_| healthy));
    if let Some((name, pod)) = chosen {
        objects.let_go("pods", name, pod, now);
    }
}

pub(super) fn run_stateful_sets(objects: &mut Objects, now: Timestamp) {
    for (name, set) in living(&objects.store, "statefulsets.apps") {
        let revision = format!("{}-{}", name.1, template_hash(&set));
        let desired = set["spec"]["replicas"].as_u64().unwrap_or(0);
        let parallel = set["spec"]["podManagementPolicy"] == "Parallel";
        let number =
            |pod: &Name| pod.1.rsplit('-').next().and_then(|digits| digits.parse::<u64>().ok()).unwrap_or(u64::MAX);
        let mut pods = pods_of(&objects.store, &set);
        pods.sort_by_key(|(pod, _)| number(pod));
        let surplus = pods.iter().rev().find(|(pod, object)| number(pod) >= desired && !leaving(object));
        if let Some((pod, object)) = surplus {
            objects.let_go("pods", pod, object, now);
        }
        for ordinal in 0..desired.min(MOST_PODS) {
            match pods.iter().find(|(pod, _)| number(pod) == ordinal) {
                Some((_, pod)) if parallel || is_ready(pod) => {}
                Some(_) => break,
                None => {
                    let pod = format!("{}-{ordinal}", name.1);
                    let labels = json!({REVISION: revision, "statefulset.kubernetes.io/pod-name": pod, "apps.kubernetes.io/pod-index": ordinal.to_string()});
                    make_pod(objects, &set, Some(&pod), &labels, None, now);
                    if !parallel {
                        break;
                    }
                }
            }
        }
        if pods.len() as u64 == desired {
            replace_outdated(objects, &pods, &revision, &set, now);
        }
        let pods = pods_of(&objects.store, &set);
        let ready = pods.iter().filter(|(_, pod)| is_ready(pod)).count();
        let updated = pods.iter().filter(|(_, pod)| is_of(pod, &revision) && !leaving(pod)).count();
        let rolled = updated as u64 == desired && pods.len() == updated;
        let before = set["status"]["currentRevision"].as_str().unwrap_or(&revision);
        let status = json!({
            "observedGeneration": set["metadata"]["generation"], "replicas": pods.len(), "readyReplicas": ready, "availableReplicas": ready,
            "updatedReplicas": updated, "currentReplicas": if rolled { updated } else { pods.len() - updated.min(pods.len()) },
            "currentRevision": if rolled { &revision } else { before }, "updateRevision": revision, "collisionCount": 0,
        });
        report(objects, "statefulsets.apps", &name, &set, status, now);
    }
}

pub(super) fn run_daemon_sets(objects: &mut Objects, now: Timestamp) {
    for (name, set) in living(&objects.store, "daemonsets.apps") {
        let revision = template_hash(&set);
        let pods = pods_of(&objects.store, &set);
        let template = &set["spec"]["template"]["spec"];
        let machines = objects.store.all("nodes").filter(|(_, node)| is_for(template, node));
        let machines: Vec<String> = machines.map(|((_, node), _)| node.clone()).collect();
        for (pod, object) in &pods {
            if pinned_to(object).is_none_or(|node| !machines.iter().any(|machine| machine == node)) {
                objects.let_go("pods", pod, object, now);
            }
        }
        for node in &machines {
            if !pods.iter().any(|(_, pod)| pinned_to(pod) == Some(node)) {
                make_pod(
                    objects,
                    &set,
                    None,
                    &json!({REVISION: revision, "pod-template-generation": set["metadata"]["generation"].to_string()}),
                    Some(node),
                    now,
                );
            }
        }
        replace_outdated(objects, &pods, &revision, &set, now);
        let pods = pods_of(&objects.store, &set);
        let ready = pods.iter().filter(|(_, pod)| is_ready(pod)).count();
        let updated = pods.iter().filter(|(_, pod)| is_of(pod, &revision) && !leaving(pod)).count();
        let status = json!({
            "observedGeneration": set["metadata"]["generation"], "desiredNumberScheduled": machines.len(), "currentNumberScheduled": pods.len().min(machines.len()),
            "numberReady": ready, "numberAvailable": ready, "numberUnavailable": machines.len() - ready.min(machines.len()),
            "updatedNumberScheduled": updated, "numberMisscheduled": 0,
        });
        report(objects, "daemonsets.apps", &name, &set, status, now);
    }
}
