//! All traffic is on the old cluster, and the candidate pool is empty.
use super::acting::Azure;
use super::proof::{Proof, proof};
use super::{again_in, following};
use crate::run::{Outcome, Run, StepResult};

/// All traffic is on the old cluster, and the candidate pool is empty.
///
/// The first write never waits, not even for a write of ours in flight, which it supersedes: entering the step cleared
/// the recorded operation. Nothing of the new cluster is needed.
pub async fn restore_traffic(run: &Run, azure: &Azure) -> StepResult {
    let members = run.plan.before();
    let (gateway, why) = match proof(run, azure, &members).await? {
        Proof::Proved(mark) => return Ok(Outcome::Proved(mark)),
        Proof::InFlight(again) => return again_in("the gateway is being updated", again),
        Proof::GlassBroken(gateway) => (gateway, "a person used the emergency way back".into()),
        // On the way back every foreign change is put right again: the deadline calls a person.
        Proof::Overwritten(gateway, why) | Proof::Missing(gateway, why) => (gateway, why),
    };
    let write = azure.writer.write_gateway(azure.permit().await?, run, &gateway, &members).await?;
    following(format!("all traffic for {} was requested ({why})", run.plan.old.name()), write)
}
