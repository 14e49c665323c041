//! What a step may say of its own gateway write: it counts only when the operation that the step recorded succeeded and
//! a GET made after that shows its mark and the intended members.
use super::acting::Azure;
use crate::azure::operations::Progress;
use crate::resources::gateway::{Gateway, Members};
use crate::run::{Following, Mark, Run, StepError};
use std::time::Duration;

/// How it stands with the write that the step recorded.
pub enum Proof {
    /// It is under way.
    InFlight(Option<Duration>),
    /// It is in force and shown.
    Proved(Mark),
    /// There is no write, or it did not take effect, or another write of this run lies over it: write (again).
    Missing(Gateway, String),
    /// A person used the emergency way back after a write of this run.
    GlassBroken(Gateway),
    /// It took effect, and then somebody else wrote.
    Overwritten(Gateway, String),
}

/// What is said when a person used the emergency way back.
pub const GLASS_BROKEN: &str = "a person used the emergency way back: use roll_back, then start again";

/// Looks at the recorded write, and only after it at the gateway.
pub async fn proof(run: &Run, azure: &Azure, members: &Members) -> Result<Proof, StepError> {
    let proof = look(run, azure, members).await?;
    Ok(match proof {
        // Before the first write of a run the mark is of another day.
        Proof::Missing(gateway, _) | Proof::Overwritten(gateway, _)
            if gateway.is_glass_broken() && (run.in_force.is_some() || run.following.is_some()) =>
        {
            Proof::GlassBroken(gateway)
        }
        proof => proof,
    })
}

async fn look(run: &Run, azure: &Azure, members: &Members) -> Result<Proof, StepError> {
    let id = &run.plan.site.gateway;
    let Some(Following::GatewayWrite { operation, mark }) = &run.following else {
        return Ok(Proof::Missing(azure.gateway(id).await?, "not written yet".into()));
    };
    match azure.look(operation).await? {
        Progress::InProgress(again_in) => Ok(Proof::InFlight(again_in)),
        Progress::Gone => Ok(Proof::Missing(azure.gateway(id).await?, "nobody knows our write any more".into())),
        Progress::Failed { code, message, .. } => {
            Ok(Proof::Missing(azure.gateway(id).await?, format!("our write did not take effect: {code}: {message}")))
        }
        Progress::Succeeded(_) => {
            let gateway = azure.gateway(id).await?;
            let ours = gateway.mark() == Some(mark);
            let another_of_this_run = gateway.mark().is_some_and(|found| found.starts_with(&format!("{}/", run.id)));
            match (ours, gateway.shows(members)) {
                (true, true) => Ok(Proof::Proved(mark.clone())),
                (false, _) if another_of_this_run => {
                    Ok(Proof::Missing(gateway, "an older write of this run lies over it".into()))
                }
                (true, false) => {
                    let why = "our pools were changed by somebody who kept our mark".to_owned();
                    Ok(Proof::Overwritten(gateway, why))
                }
                (false, _) => Ok(Proof::Overwritten(gateway, "our mark is gone from the gateway".into())),
            }
        }
    }
}
