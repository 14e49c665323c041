//! Whether everything that runs in the new cluster is ready.
use super::acting::Azure;
use crate::azure::kubernetes::Kubernetes;
use crate::resources::object::describe;
use crate::run::{Run, StepError};
use crate::workload::readiness::unready;
use crate::workload::seen::APPLIED;
use crate::workload::share::{Share, is_no_worse};
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

/// So many workloads that are not ours are compared with the old cluster; more are never old acquaintances.
const MOST_COMPARED: usize = 20;
/// The old cluster has so long to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was seen of the new cluster.
pub enum Ready {
    /// Everything that counts is ready. What is said of something that is not ours, and is ill in the old cluster too.
    Yes(Option<String>),
    /// This is not.
    No(String),
}

/// Everything that runs in the new cluster is ready: its nodes, what we applied, and whatever else is not ill in the old
/// cluster too.
pub async fn ready(run: &Run, azure: &Azure) -> Result<Ready, StepError> {
    let kubernetes = azure.kubernetes(&run.plan.new_slot().cluster).await?;
    let nodes = kubernetes.all("v1", "Node").await?;
    if nodes.is_empty() {
        return Ok(Ready::No("the cluster has no nodes yet".into()));
    }
    if let Some(why) = nodes.iter().find_map(unready) {
        return Ok(Ready::No(why));
    }
    let mut foreign = vec![];
    for kind in ["Deployment", "DaemonSet", "StatefulSet"] {
        for workload in kubernetes.all("apps/v1", kind).await? {
            match unready(&workload) {
                Some(why) if workload["metadata"]["annotations"][APPLIED].is_string() => return Ok(Ready::No(why)),
                Some(why) => foreign.push((workload, why)),
                None => {}
            }
        }
    }
    compared(run, azure, &foreign).await
}

/// What is not ready, and is not ours, must be as ill in the old cluster, or worse: then it was so before, and users were well.
async fn compared(run: &Run, azure: &Azure, foreign: &[(Value, String)]) -> Result<Ready, StepError> {
    let Some((_, first)) = foreign.first() else { return Ok(Ready::Yes(None)) };
    if foreign.len() > MOST_COMPARED {
        return Ok(Ready::No(format!("{first}, and {} more", foreign.len() - 1)));
    }
    let worse = worse_than_old(&run.plan.old_slot().cluster, azure, foreign);
    match timeout(azure.clock().real(PATIENCE), worse).await {
        Ok(Ok(Some(why))) => Ok(Ready::No(why)),
        Ok(Ok(None)) => {
            let names: Vec<_> = foreign.iter().map(|(workload, _)| describe(workload)).collect();
            let names = names.join(", ");
            Ok(Ready::Yes(Some(format!("{names}: not ready, and not ours; it is so in the old cluster too"))))
        }
        // Nobody can tell: that excuses nothing.
        Ok(Err(error)) => {
            let cause = error.into_cause();
            Ok(Ready::No(format!("{first} (whether it is so in the old cluster too cannot be told: {cause:#})")))
        }
        Err(_) => Ok(Ready::No(format!("{first} (the old cluster does not answer whether it is so there too)"))),
    }
}

/// The first of these that is worse than in the old cluster: it is ready there, or not there, or more of its pods are.
async fn worse_than_old(
    cluster: &str,
    azure: &Azure,
    foreign: &[(Value, String)],
) -> Result<Option<String>, StepError> {
    let old: Kubernetes = azure.kubernetes(cluster).await?;
    for (workload, why) in foreign {
        let found = old.find(workload).await?;
        if !found.is_some_and(|found| is_no_worse(Share::of(workload), &found)) {
            return Ok(Some(why.clone()));
        }
    }
    Ok(None)
}
