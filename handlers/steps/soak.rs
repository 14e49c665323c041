//! All traffic stayed healthy for the soak time, and the way back stayed ready.
use super::confirm_traffic::stayed_healthy;
use crate::azure::Azure;
use crate::cluster_view::Cluster;
use crate::run::{Outcome, Run, StepResult};

/// All traffic stayed healthy for the soak time, and the way back stayed ready.
pub async fn soak(run: &Run, azure: &Azure) -> StepResult {
    let old = azure.cluster(&run.plan.old_slot().cluster).await?;
    let goes = |old: &Cluster| ["Deleting", "Stopping"].iter().any(|state| old.state().eq_ignore_ascii_case(state));
    let is_ready = old.is_some_and(|old| old.uid() == run.plan.old_uid && !old.is_stopped() && !goes(&old));
    if !is_ready {
        return Ok(Outcome::Hold(format!(
            "the old cluster ({}) does not run: there is no way back",
            run.plan.old.name()
        )));
    }
    stayed_healthy(run, azure, run.plan.site.soak_minutes).await
}
