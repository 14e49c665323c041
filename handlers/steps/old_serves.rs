//! Whether the old cluster serves users by itself, before another one goes that could: what cannot be told is no ground for that.
use super::acting::Azure;
use super::following;
use super::presence::look_again;
use super::watch::{answered, ask_aside, lost};
use crate::resources::gateway::{Health, health};
use crate::run::{Outcome, Run, StepError};
use serde_json::Value;

/// What is said when the gateway is asked.
const ASKED: &str = "the gateway is asked what its probes see of the old cluster";

/// Which cluster is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spared {
    /// The one that this run has made, or started.
    New,
    /// What is in its way.
    Leftover,
}

impl Spared {
    const fn name(self) -> &'static str {
        match self {
            Self::New => "the new one",
            Self::Leftover => "the leftover in the new slot",
        }
    }

    /// What a person can do.
    fn kept(self) -> String {
        let name = self.name();
        format!(
            "{name} is kept, which may be the only healthy one. Mend the old one and resume, use the emergency way back to \
             {name}, or finish as it stands"
        )
    }
}

/// Why the other cluster may not go; `None`: the gateway has just found every member of the old one healthy in the live pools.
///
/// # Errors
/// When something cannot be looked at.
pub async fn old_serves(run: &Run, azure: &Azure, goes: Spared, again: &str) -> Result<Option<Outcome>, StepError> {
    if run.unmarked {
        let why = "traffic went back by a write that could carry no mark (the gateway has 50 tags), which is no proof";
        return Ok(Some(Outcome::Hold(format!("{why}: see that the old cluster serves, and finish as it stands"))));
    }
    let answer = match answered(run, azure, &format!("{ASKED}: before {} goes{again}", goes.name())).await? {
        Ok(answer) => answer,
        Err(waiting) => return Ok(Some(waiting)),
    };
    match worst_of_old(run, &answer) {
        Some((_, Health::Healthy)) => old_stays(run, azure, goes).await,
        Some((address, Health::Unhealthy)) => Ok(Some(Outcome::Hold(format!(
            "the gateway finds the old cluster unhealthy at {address}: {}",
            goes.kept()
        )))),
        Some((_, Health::Unknown)) | None => {
            following(format!("{ASKED}: no health yet of the old cluster"), ask_aside(run, azure).await?).map(Some)
        }
    }
}

/// One that is being deleted, or stopped, answers for minutes: healthy is not enough. `None`: it stays.
async fn old_stays(run: &Run, azure: &Azure, goes: Spared) -> Result<Option<Outcome>, StepError> {
    match lost(run, azure).await? {
        (Some(why), _) => Ok(Some(Outcome::Hold(format!("{why}, and has the traffic: {}", goes.kept())))),
        (None, Some(missed)) => look_again(missed, "the old cluster was not found").map(Some),
        (None, None) => Ok(None),
    }
}

/// The member of the old cluster in a live pool with which it stands worst.
fn worst_of_old(run: &Run, answer: &Value) -> Option<(String, Health)> {
    let addresses = &run.plan.old_slot().addresses;
    let pools = &run.plan.site.pools.live;
    let seen = pools.iter().flat_map(|pool| health(answer, pool, addresses));
    seen.map(|(address, seen)| (address.to_string(), seen.unwrap_or(Health::Unknown))).max_by_key(|(_, seen)| *seen)
}
