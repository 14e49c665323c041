//! How many of an object's pods are ready, and whether an object that is ill is no worse than the same one elsewhere.
use super::readiness::unready;
use crate::resources::answers::text;
use serde_json::Value;

/// The pods of a workload, as its controller counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// So many it wants.
    pub wanted: i64,
    /// So many are of its present template.
    pub updated: i64,
    /// So many are ready, of whatever template.
    pub ready: i64,
}

impl Share {
    /// Of what says how many pods it wants: the workloads, and a Rollout.
    #[must_use]
    pub fn of(object: &Value) -> Option<Self> {
        let status = |member: &str| number(object, &format!("/status/{member}")).unwrap_or(0);
        let least = |members: &[&str]| members.iter().map(|member| status(member)).min().unwrap_or(0);
        let wanted = number(object, "/spec/replicas").unwrap_or(1);
        Some(match text(object, "/kind") {
            "DaemonSet" => Self {
                wanted: status("desiredNumberScheduled"),
                updated: status("updatedNumberScheduled"),
                ready: least(&["numberReady", "numberAvailable", "currentNumberScheduled"]),
            },
            "StatefulSet" => {
                // Pods below the partition stay as they are.
                let stay = number(object, "/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0).clamp(0, wanted);
                Self { wanted, updated: status("updatedReplicas") + stay, ready: status("readyReplicas") }
            }
            "Deployment" | "Rollout" => Self {
                wanted,
                updated: status("updatedReplicas"),
                ready: least(&["availableReplicas", "readyReplicas"]),
            },
            "ReplicaSet" | "ReplicationController" => {
                let ready = least(&["fullyLabeledReplicas", "availableReplicas", "readyReplicas"]);
                Self { wanted, updated: ready, ready }
            }
            _ => return None,
        })
    }

    fn lacks_some(self) -> bool {
        self.updated < self.wanted || self.ready < self.wanted
    }
}

/// Whether what is not ready is no worse than the same object in the old cluster, which is not ready, either: then it was so
/// before, and users were well. An old one that nobody has looked at yet, that goes, or that has all its pods and others beside
/// them, is no measure. `new`: the pods of the new one, if it is one that counts them.
#[must_use]
pub fn is_no_worse(new: Option<Share>, old: &Value) -> bool {
    let seen = number(old, "/status/observedGeneration");
    let is_unseen = seen.is_some() && seen < number(old, "/metadata/generation");
    if unready(old).is_none() || is_unseen || old["metadata"]["deletionTimestamp"].is_string() {
        return false;
    }
    match (new, Share::of(old)) {
        (Some(new), Some(old_share)) => {
            // A Rollout says in a word what it lacks.
            // A DaemonSet wants as many as there are nodes: those on which it fails are the same few.
            let fails_alike = old["kind"] == "DaemonSet"
                && new.ready > 0
                && new.wanted - new.ready <= old_share.wanted - old_share.ready;
            (old_share.lacks_some() || old["kind"] == "Rollout")
                && (fails_alike || new.ready * old_share.wanted >= old_share.ready * new.wanted)
        }
        _ => true,
    }
}

/// A number; a Rollout says some of them as texts.
fn number(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer).and_then(|number| number.as_i64().or_else(|| number.as_str()?.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment(wanted: i64, updated: i64, ready: i64, pods: i64) -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "generation": 2},
            "spec": {"replicas": wanted}, "status": {"observedGeneration": 2, "replicas": pods, "updatedReplicas": updated,
            "availableReplicas": ready, "readyReplicas": ready}})
    }

    fn excuses(new: &Value, old: &Value) -> bool {
        is_no_worse(Share::of(new), old)
    }

    #[test]
    fn only_what_is_as_bad_is_a_measure() {
        let none = deployment(10, 10, 0, 10);
        let most = deployment(10, 10, 9, 10);
        assert!(!excuses(&none, &most), "nine of ten serve");
        assert!(excuses(&none, &none) && excuses(&most, &most) && excuses(&most, &none));
        assert!(
            excuses(&deployment(2, 2, 1, 2), &deployment(4, 4, 2, 4))
                && excuses(&deployment(4, 4, 2, 4), &deployment(2, 2, 1, 2))
        );
        assert!(!excuses(&none, &deployment(10, 1, 10, 11)), "a rollout got stuck, and all serve");
        assert!(!excuses(&most, &deployment(10, 10, 10, 12)), "it has all that it wants");
        assert!(!excuses(&none, &deployment(10, 10, 10, 10)), "it is well");
        let mut unseen = none.clone();
        unseen["metadata"]["generation"] = 3.into();
        assert!(!excuses(&none, &unseen));
    }

    #[test]
    fn a_daemon_that_fails_on_the_same_node_is_no_worse_where_there_are_fewer() {
        let daemon = |wanted: i64, ready: i64| {
            json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "gpu", "generation": 1},
                "status": {"observedGeneration": 1, "desiredNumberScheduled": wanted, "currentNumberScheduled": wanted,
                "updatedNumberScheduled": wanted, "numberReady": ready, "numberAvailable": ready}})
        };
        assert!(excuses(&daemon(4, 3), &daemon(10, 9)));
        assert!(!excuses(&daemon(4, 2), &daemon(10, 9)) && !excuses(&daemon(1, 0), &daemon(10, 9)));
    }

    #[test]
    fn what_counts_no_pods_is_as_ill_as_another() {
        let claim = |phase: &str| json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "status": {"phase": phase}});
        assert!(is_no_worse(None, &claim("Pending")) && !is_no_worse(None, &claim("Bound")));
        let budget = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web", "generation": 2},
            "status": {"observedGeneration": 1}});
        assert!(!is_no_worse(None, &budget), "nobody has looked at it yet");
        let rollout = |ready: i64| {
            json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web", "generation": 2},
                "spec": {"replicas": 3}, "status": {"phase": "Degraded", "observedGeneration": "2", "updatedReplicas": 3,
                "readyReplicas": ready, "availableReplicas": ready}})
        };
        assert!(excuses(&rollout(3), &rollout(3)) && !excuses(&rollout(0), &rollout(3)));
    }
}
