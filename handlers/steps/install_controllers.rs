//! The controllers are applied and ready.
use super::acting::Azure;
use super::apply::applied;
use crate::run::{Run, StepResult};

/// The controllers are applied to the new cluster and ready, its ingress controller among them.
pub async fn install_controllers(run: &Run, azure: &Azure) -> StepResult {
    applied(run, azure, &run.plan.site.controllers).await
}
