//! More users are about to be led to the new cluster: it must be large enough for them, and where none of them reaches it yet,
//! what was seen of it must not be old. A run may have been held since, or nobody handled its events.
use super::acting::Azure;
use super::pinned::pinned;
use super::ready::{Ready, ready};
use super::validate_health::ill;
use super::watch::{ask_aside, question};
use super::{again_in, following, not_yet};
use crate::azure::operations::Progress;
use crate::resources::gateway::Gateway;
use crate::run::{Outcome, Run, StepError};
use jiff::SignedDuration;

/// What was seen counts so long.
const COUNTS: SignedDuration = SignedDuration::from_mins(5);

/// What is still to be seen of the new cluster before more users are led to it; `None`: nothing.
///
/// # Errors
/// When something cannot be looked at.
pub async fn unseen(run: &Run, azure: &Azure, gateway: &Gateway) -> Result<Option<Outcome>, StepError> {
    let holding = gateway.pools_with(&run.plan.new_slot().addresses);
    let pools = &run.plan.site.pools;
    let is_reached = holding.iter().any(|pool| pools.is_live(pool));
    // While others, or a person in an emergency, had the users elsewhere, nobody looked at it.
    let is_old =
        azure.now().duration_since(run.stage_began) > COUNTS || run.others.repairing || !run.known_glass.is_empty();
    // An old cluster that is being reduced serves nobody for long.
    // What others wrote over is put right at once: the share that it was has been large enough.
    let is_repair = is_reached && run.others.repairing;
    if !(is_reached || is_old) || is_repair || run.is_reducing() || run.keeps_old_rules() {
        return Ok(None);
    }
    // The load may have grown meanwhile.
    if let Some(Outcome::NotYet(waiting)) = pinned(run, azure).await? {
        return Ok(Some(Outcome::NotYet(waiting)));
    }
    if is_reached {
        return Ok(None);
    }
    if holding.iter().any(|pool| pool.eq_ignore_ascii_case(&pools.candidate)) {
        return probed(run, azure).await;
    }
    // The candidate pool holds the old cluster: only the new one itself can be asked.
    Ok(match ready(run, azure).await? {
        Ready::Yes(_) => None,
        Ready::No(why) => Some(not_yet(why)?),
    })
}

/// What the gateway's probe sees of it in the candidate pool.
async fn probed(run: &Run, azure: &Azure) -> Result<Option<Outcome>, StepError> {
    let Some(asked) = question(run, azure) else {
        let why = "what was seen of the new cluster is old: the gateway is asked anew what its probe sees";
        return asked_anew(run, azure, why.into()).await;
    };
    match azure.look(asked).await? {
        Progress::InProgress(again) => again_in("the gateway is looking at its backends", again).map(Some),
        Progress::Succeeded(answer) => match ill(run, azure, &answer).await? {
            Some(why) => asked_anew(run, azure, why).await,
            None => Ok(None),
        },
        Progress::Gone | Progress::Failed { .. } => {
            asked_anew(run, azure, "the gateway did not say what its probe sees".into()).await
        }
    }
}

async fn asked_anew(run: &Run, azure: &Azure, why: String) -> Result<Option<Outcome>, StepError> {
    following(why, ask_aside(run, azure).await?).map(Some)
}
