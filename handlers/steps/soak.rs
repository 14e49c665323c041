//! All traffic stayed healthy for the soak time, and the way back stayed ready.
use super::confirm_traffic::stayed_healthy;
use crate::azure::Reader;
use crate::run::{Run, StepResult};

/// All traffic stayed healthy for the soak time, and the way back stayed ready. Once the old cluster is being reduced it
/// is no way back, and nobody waits for it: a repair has led here again.
pub async fn soak(run: &Run, reader: &Reader) -> StepResult {
    stayed_healthy(run, reader, run.plan.site.soak_minutes).await
}
