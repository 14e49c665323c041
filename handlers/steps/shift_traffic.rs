//! The gateway sends the present stage's share to the new cluster.
use super::acting::Azure;
use super::proof::{GLASS_BROKEN, Proof, proof};
use super::{again_in, following};
use crate::run::{Outcome, Run, StepResult};

/// The gateway sends the present stage's share to the new cluster.
pub async fn shift_traffic(run: &Run, azure: &Azure) -> StepResult {
    let members = run.intended();
    let (gateway, why) = match proof(run, azure, &members).await? {
        Proof::Proved(mark) => return Ok(Outcome::Proved(mark)),
        Proof::InFlight(again) => return again_in("the gateway is being updated", again),
        Proof::GlassBroken(_) => return Ok(Outcome::Hold(GLASS_BROKEN.into())),
        Proof::Overwritten(_, why) => return Ok(Outcome::Drifted(why)),
        Proof::Missing(gateway, why) => (gateway, why),
    };
    let write = azure.writer.write_gateway(azure.permit().await?, run, &gateway, &members).await?;
    following(format!("{} % for {} was requested ({why})", run.share(), run.plan.new_colour().name()), write)
}
