//! The gateway sends the present stage's share to the new cluster.
use super::acting::Azure;
use super::again_in;
use super::lately::unseen;
use super::overwriting::{instead, overwritten};
use super::proof::{Needs, Proof, proof, write};
use crate::run::{Outcome, Run, StepResult};

/// The gateway sends the present stage's share to the new cluster.
pub async fn shift_traffic(run: &Run, azure: &Azure) -> StepResult {
    let members = run.intended();
    let (gateway, why) = match proof(run, azure, &members, Needs::Live).await? {
        Proof::Proved(mark, changed) => return Ok(Outcome::Proved(mark, changed)),
        Proof::InFlight(again) => return again_in("the gateway is being updated", again),
        Proof::GlassBroken(mark) => return Ok(Outcome::GlassBroken(mark)),
        Proof::Overwritten(gateway, drift) => return Ok(overwritten(run, &gateway, drift)),
        Proof::Missing(gateway, why) => (gateway, why),
    };
    if let Some(outcome) = instead(run, &gateway) {
        return Ok(outcome);
    }
    if let Some(outcome) = unseen(run, azure, &gateway).await? {
        return Ok(outcome);
    }
    let written = Needs::Live.written(run, &gateway, &members);
    let said = format!("{} % for {} was requested ({why})", run.share(), run.plan.new_colour().name());
    write(run, azure, &gateway, &written, said).await
}
