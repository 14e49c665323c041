//! The new cluster runs what the old one runs.
use super::acting::Azure;
use super::apply::{applied, pruned};
use crate::run::{Outcome, Run, StepResult};

/// The new cluster runs the site's workloads, and they are ready. What earlier manifests have left there is gone, or named.
pub async fn sync_workloads(run: &Run, azure: &Azure) -> StepResult {
    match applied(run, azure, &run.plan.site.workloads).await? {
        Outcome::Done => pruned(run, azure, vec![]).await,
        Outcome::Noted(notes) => pruned(run, azure, notes).await,
        otherwise => Ok(otherwise),
    }
}
