//! All traffic stayed healthy for the soak time, and the way back stayed ready.
use super::confirm_traffic::stayed_healthy;
use crate::azure::Reader;
use crate::resources::cluster::Cluster;
use crate::run::{Outcome, Run, StepError, StepResult};

/// All traffic stayed healthy for the soak time, and the way back stayed ready. Once the old cluster is being retired it
/// is no way back, and nobody waits for it: a repair has led here again.
pub async fn soak(run: &Run, reader: &Reader) -> StepResult {
    if !run.is_retiring() && !is_ready(run, reader).await? {
        return Ok(Outcome::Hold(format!(
            "the old cluster ({}) does not run: there is no way back",
            run.plan.old.name()
        )));
    }
    stayed_healthy(run, reader, run.plan.site.soak_minutes).await
}

async fn is_ready(run: &Run, reader: &Reader) -> Result<bool, StepError> {
    let old = reader.cluster(&run.plan.old_slot().cluster).await?;
    let goes = |old: &Cluster| ["Deleting", "Stopping"].iter().any(|state| old.state().eq_ignore_ascii_case(state));
    Ok(old.is_some_and(|old| old.uid() == run.plan.old_uid && !old.is_stopped() && !goes(&old)))
}
