//! A cluster that was reduced is brought back to the size that was recorded before: started, then its pools scaled.
use super::acting::Azure;
use super::presence::{Presence, look_again, presence};
use super::{again_in, not_yet, written};
use crate::azure::kubernetes::is_forbidden;
use crate::azure::operations::Progress;
use crate::resources::answers::{list, number, text};
use crate::resources::cluster::Cluster;
use crate::resources::size::Size;
use crate::resources::tags::{RETIRED_TAG, back_in_service, tag};
use crate::run::readiness::{Readiness, Ready};
use crate::run::{Following, Outcome, Run, StepError, Waiting};
use crate::site::OldCluster;
use crate::workload::readiness::unready;
use jiff::SignedDuration;
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

/// Pods are waited for until so long after the way back began, a start of the cluster included.
const PODS_TAKE: SignedDuration = SignedDuration::from_mins(30);
/// An API server has so long to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// How far it must be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// It runs: traffic goes there, since it can be no worse. What it lacks comes back meanwhile.
    Runs,
    /// It runs, with as many nodes as it had, and its pods on them: traffic can go there.
    HasItsNodes,
    /// It is as big as it was.
    IsWhole,
}

/// Brings the old cluster back that this run has reduced, and takes the tag off that calls it retired. `None`: it is back,
/// or was never touched.
pub async fn bring_back(run: &Run, azure: &Azure, until: Until) -> Result<Option<Outcome>, StepError> {
    let is_touched = run.reducing.is_some() || (run.retiring && until == Until::IsWhole);
    if !is_touched {
        return Ok(None);
    }
    let is_forced = run.forced && until != Until::IsWhole;
    // Where nobody is served anyway, or a person says so, what cannot be seen of the old cluster keeps no traffic away from it.
    let is_bold = is_forced || until == Until::Runs;
    let is_certain = run.reducing.is_none() || run.can_bring_back() || run.is_quiet(azure.now()) || is_forced;
    if !is_certain && !is_bold {
        return Ok(Some(may_be_deleted()));
    }
    let id = &run.plan.old_slot().cluster;
    let found = match presence(run, azure, id).await {
        Ok(Presence::Here(found)) => found,
        Ok(Presence::Missed(_) | Presence::Gone) | Err(_) if is_forced => return Ok(None),
        // Of one that may just be deleted that would be believed too easily.
        Ok(Presence::Missed(_)) if is_bold && run.can_bring_back() => return Ok(None),
        Err(_) if is_bold && is_certain => return Ok(None),
        Err(_) if is_bold => return Ok(Some(may_be_deleted())),
        Ok(Presence::Missed(cluster)) => return look_again(cluster, "the old cluster was not found").map(Some),
        Ok(Presence::Gone) => return Ok(Some(lost(azure, "the old cluster does not exist any more"))),
        Err(error) => return Err(error),
    };
    if let Some(why) = run.cannot_bring_back(&found) {
        return Ok((!is_forced).then(|| lost(azure, &why)));
    }
    if !is_certain && (found.cannot_serve().is_some() || !found.is_settled()) {
        return Ok(Some(may_be_deleted()));
    }
    let size = run.reducing.as_ref();
    let is_scaled_down = run.plan.site.old_cluster == OldCluster::ScaleDown;
    let is_sought = match until {
        Until::IsWhole => true,
        Until::HasItsNodes => is_scaled_down,
        Until::Runs => false,
    };
    // A pool shows the count that was asked for from the beginning on.
    let is_growing = !found.is_settled() && !found.has_failed();
    let differs = size.filter(|_| is_sought).is_some_and(|size| is_growing || size.differs(&found).is_some());
    if let Some(size) = size.filter(|_| found.cannot_serve().is_some() || differs) {
        return grow(run, azure, id, &found, size).await.map(Some);
    }
    if until == Until::HasItsNodes
        && run.can_bring_back()
        && let Some(why) = without_pods(run, azure).await
    {
        return not_yet(why).map(Some);
    }
    if until == Until::IsWhole && tag(&found.0, RETIRED_TAG) == Some(&run.id) {
        let untagged = azure.writer.tag_cluster(azure.permit().await?, id, &found, &back_in_service(&found.0)).await?;
        return written("the end of the tag", untagged).map(Some);
    }
    Ok(None)
}

/// A deletion cannot be undone: until it is certain that none is on its way, traffic stays.
fn may_be_deleted() -> Outcome {
    Outcome::NotYet(Waiting::because("waiting until no deletion of the old cluster can be on its way"))
}

fn lost(azure: &Azure, why: &str) -> Outcome {
    let (state, why, since) = (Ready::NotReady, why.to_owned(), azure.now());
    let readiness = Readiness { state, why: why.clone(), since, healthy: vec![] };
    Outcome::NoWayBack(readiness, format!("{why}: traffic stays where it is"))
}

/// Why users are not led yet to a cluster that was reduced: its pods come back after its nodes. What cannot be told, or does not
/// come to be, keeps them away for a while only.
async fn without_pods(run: &Run, azure: &Azure) -> Option<String> {
    if azure.now().duration_since(run.step_began) > PODS_TAKE {
        return None;
    }
    let coming = async {
        let kubernetes = azure.kubernetes(&run.plan.old_slot().cluster).await?;
        let mut lacking = None;
        for kind in ["Deployment", "StatefulSet", "DaemonSet"] {
            let all = kubernetes.all("apps/v1", kind).await?;
            if let Some(why) = all.iter().filter(|workload| lacks_pods(workload)).find_map(unready) {
                return Ok::<_, StepError>(Some(why));
            }
            lacking = lacking.or_else(|| all.iter().find_map(unready));
        }
        match lacking {
            Some(why) => Ok(kubernetes.all("v1", "Pod").await?.iter().any(is_coming).then_some(why)),
            None => Ok(None),
        }
    };
    match timeout(azure.clock().real(PATIENCE), coming).await {
        Ok(Ok(why)) => why.map(|why| format!("the old cluster's pods come back: {why}")),
        Ok(Err(error)) if is_forbidden(&error) => None,
        Ok(Err(error)) => Some(format!("how the old cluster's pods are cannot be told: {:#}", error.into_cause())),
        Err(_) => Some("how the old cluster's pods are cannot be told: it does not answer".to_owned()),
    }
}

/// Whether pods of it have still to be made.
fn lacks_pods(workload: &Value) -> bool {
    let count = |pointer: &str| number(workload, pointer).unwrap_or(0);
    let wanted = match text(workload, "/kind") {
        "DaemonSet" => count("/status/desiredNumberScheduled"),
        _ => number(workload, "/spec/replicas").unwrap_or(1),
    };
    count("/status/replicas").max(count("/status/currentNumberScheduled")) < wanted
}

/// Whether a pod is on its way. One that has ended, or crashed before, is no worse than it was.
fn is_coming(pod: &Value) -> bool {
    let is_ready = list(pod, "/status/conditions").iter().any(|one| one["type"] == "Ready" && one["status"] == "True");
    let has_crashed = list(pod, "/status/containerStatuses").iter().any(|one| number(one, "/restartCount") > Some(0));
    matches!(text(pod, "/status/phase"), "Pending" | "Running") && !is_ready && !has_crashed
}

/// One act towards the nodes of an old cluster to which users were led before it had them; what is followed stays. `None`:
/// it has them, or is changing.
pub async fn nodes_follow(run: &Run, azure: &Azure) -> Result<Option<Outcome>, StepError> {
    let Some(size) = run.reducing.as_ref().filter(|_| run.can_bring_back()) else { return Ok(None) };
    let id = &run.plan.old_slot().cluster;
    let found = azure.cluster(id).await?.filter(|found| found.uid() == run.plan.old_uid && found.is_settled());
    let Some(pool) = found.as_ref().and_then(|found| size.differs(found)) else { return Ok(None) };
    azure.writer.scale_pool(azure.permit().await?, id, pool).await?;
    not_yet(format!("pool {} as it was ({} nodes) was requested", pool.name, pool.count)).map(Some)
}

/// One act of bringing a cluster back to this size.
pub async fn grow(run: &Run, azure: &Azure, id: &str, found: &Cluster, size: &Size) -> Result<Outcome, StepError> {
    if let Some(Following::ClusterChange(operation)) = &run.following
        && let Progress::InProgress(again) = azure.look(operation).await?
    {
        return again_in("Azure is bringing the cluster back", again);
    }
    if !found.is_settled() && !found.has_failed() {
        return not_yet(format!("the cluster that is brought back is {}", found.state()));
    }
    if found.is_stopped() {
        return written("the start", azure.writer.start_cluster(azure.permit().await?, id).await?);
    }
    match size.differs(found) {
        None => not_yet("the cluster is coming back"),
        Some(pool) => {
            let scaled = azure.writer.scale_pool(azure.permit().await?, id, pool).await?;
            written(&format!("pool {} as it was ({} nodes)", pool.name, pool.count), scaled)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pod_that_has_crashed_or_ended_is_not_on_its_way() {
        let pod = |phase: &str, ready: &str, restarts: u64| {
            json!({"status": {"phase": phase, "conditions": [{"type": "Ready", "status": ready}],
                "containerStatuses": [{"restartCount": restarts}]}})
        };
        assert!(is_coming(&pod("Pending", "False", 0)) && is_coming(&pod("Running", "False", 0)));
        for pod in [pod("Running", "True", 0), pod("Running", "False", 4), pod("Succeeded", "False", 0)] {
            assert!(!is_coming(&pod), "{pod}");
        }
    }

    #[test]
    fn pods_that_nobody_has_made_yet_are_lacking() {
        let of = |kind: &str, status: Value| json!({"kind": kind, "spec": {"replicas": 2}, "status": status});
        assert!(lacks_pods(&of("Deployment", json!({"replicas": 1}))));
        assert!(!lacks_pods(&of("StatefulSet", json!({"replicas": 2, "readyReplicas": 0}))));
        let daemon = |there: u64| json!({"desiredNumberScheduled": 3, "currentNumberScheduled": there});
        assert!(lacks_pods(&of("DaemonSet", daemon(2))) && !lacks_pods(&of("DaemonSet", daemon(3))));
    }
}
