//! The controllers are applied and ready.
use super::acting::Azure;
use super::apply::applied;
use super::federated::federated;
use super::given::given;
use crate::run::{Run, StepResult};

/// The new cluster's identities have the roles of the old one's, its pods get the tokens that the old one's get; the controllers are applied and ready, the ingress controller
/// among them.
pub async fn install_controllers(run: &Run, azure: &Azure) -> StepResult {
    if let Some(waiting) = given(run, azure).await? {
        return Ok(waiting);
    }
    if let Some(waiting) = federated(run, azure).await? {
        return Ok(waiting);
    }
    applied(run, azure, &run.plan.site.controllers).await
}
