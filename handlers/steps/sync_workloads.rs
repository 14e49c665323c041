//! The new cluster runs what the old one runs.
use super::acting::Azure;
use super::apply::applied;
use crate::run::{Run, StepResult};

/// The new cluster runs the site's workloads, and they are ready.
pub async fn sync_workloads(run: &Run, azure: &Azure) -> StepResult {
    applied(run, azure, &run.plan.site.workloads).await
}
