//! A cluster that was reduced is brought back to the size that was recorded before: started, then its pools scaled.
use super::acting::Azure;
use super::{again_in, not_yet, written};
use crate::azure::operations::Progress;
use crate::resources::cluster::Cluster;
use crate::resources::size::Size;
use crate::run::{Following, Outcome, Run, StepError};

/// How far it must be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// It runs: traffic can go there.
    ItRuns,
    /// It is as big as it was.
    ItIsWhole,
}

/// Brings the old cluster back that this run has reduced. `None`: it is back, or was never reduced.
pub async fn bring_back(run: &Run, azure: &Azure, until: Until) -> Result<Option<Outcome>, StepError> {
    let Some(size) = &run.reducing else { return Ok(None) };
    let id = &run.plan.old_slot().cluster;
    let Some(found) = azure.cluster(id).await? else {
        return Ok(Some(Outcome::Hold("the old cluster does not exist: traffic stays where it is".into())));
    };
    if found.uid() != run.plan.old_uid {
        return Ok(Some(Outcome::Hold("the old slot holds another cluster than the plan names".into())));
    }
    let is_back = match until {
        Until::ItRuns => found.cannot_serve().is_none(),
        Until::ItIsWhole => found.cannot_serve().is_none() && size.differs(&found).is_none(),
    };
    if is_back { Ok(None) } else { grow(run, azure, id, &found, size).await.map(Some) }
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
