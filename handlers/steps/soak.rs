//! All traffic stayed healthy for the soak time, and the way back stayed ready.
use super::confirm_traffic::stayed_healthy;
use crate::azure::Azure;
use crate::run::{Outcome, Run, StepError, StepResult};

/// All traffic stayed healthy for the soak time, and the way back stayed ready. Once the old cluster is being retired it
/// is no way back, and nobody waits for it: a repair has led here again.
pub async fn soak(run: &Run, azure: &Azure) -> StepResult {
    if !run.is_retiring() && !is_ready(run, azure).await? {
        return Ok(Outcome::Hold(format!(
            "the old cluster ({}) does not run: there is no way back",
            run.plan.old.name()
        )));
    }
    stayed_healthy(run, azure, run.plan.site.soak_minutes).await
}

async fn is_ready(run: &Run, azure: &Azure) -> Result<bool, StepError> {
    let old = azure.cluster(&run.plan.old_slot().cluster).await?;
    Ok(old.is_some_and(|old| old.uid() == run.plan.old_uid && !old.is_stopped()))
}
