//! How large the workloads of the old cluster will be kept, and what that asks of nodes: looked at before a cluster is made.
use crate::azure::Reader;
use crate::azure::kubernetes::Kubernetes;
use crate::plan::Plan;
use crate::plan::checks::{KeptSize, Seen, kept_size};
use crate::run::StepError;
use crate::workload::pins::{Counts, Load, Scaled, load, wishes};

/// The old cluster's API server, and what sizes its workloads; `None`: the site keeps no sizes.
///
/// # Errors
/// When it does not answer.
pub async fn scaled(plan: &Plan, azure: &Reader) -> Result<Option<(Kubernetes, Scaled)>, StepError> {
    if plan.site.pins().is_none() {
        return Ok(None);
    }
    let kubernetes = azure.kubernetes(&plan.old_slot().cluster).await?;
    let scaled = kubernetes.scaled().await?;
    Ok(Some((kubernetes, scaled)))
}

/// What the workloads ask for, and whether the new cluster has that. `hour`: their largest counts within the last hour.
///
/// # Errors
/// Why nobody can tell.
pub async fn sized(
    plan: &Plan,
    seen: &Seen,
    (kubernetes, scaled): (&Kubernetes, &Scaled),
    hour: &Counts,
) -> Result<(Load, KeptSize), String> {
    let Some(capacity) = plan.site.pins() else { return Err("the site keeps no sizes".into()) };
    let said = |error: StepError| format!("{:#}", error.into_cause());
    let nodes = kubernetes.all("v1", "Node").await.map_err(said)?;
    let daemons = kubernetes.all("apps/v1", "DaemonSet").await.map_err(said)?;
    let wanted = wishes(scaled, hour, |space| capacity.covers(space));
    let load = load(scaled, &wanted, &daemons, &nodes);
    let kept = kept_size(plan, seen, &load)?;
    Ok((load, kept))
}
