//! The stage's share stayed healthy for its watch time.
use super::again_in;
use super::proof::GLASS_BROKEN;
use super::watch::{Seen, watch};
use crate::azure::Reader;
use crate::run::{Following, Outcome, Run, StepResult, Waiting};
use jiff::SignedDuration;
use std::time::Duration;

/// A gateway answers for its backends' health after 10 to 60 s.
const ANSWER: Duration = Duration::from_secs(20);
/// What is neither well nor ill is looked at again soon.
const LOOK_CLOSER: Duration = Duration::from_secs(30);

/// The stage's share stayed healthy for its watch time.
pub async fn confirm_traffic(run: &Run, reader: &Reader) -> StepResult {
    let minutes = run.plan.stages.get(run.stage).map_or(0, |stage| stage.watch_minutes);
    stayed_healthy(run, reader, minutes).await
}

/// The traffic of the present stage stayed healthy for so many minutes since the step began.
pub async fn stayed_healthy(run: &Run, reader: &Reader, minutes: u32) -> StepResult {
    match watch(run, reader).await? {
        Seen::Well => {}
        Seen::Asked(question) => return asked("the gateway is asked what its probes see", question, Some(ANSWER)),
        Seen::Looking(again) => return again_in("the gateway is looking at its backends", again),
        Seen::GlassBroken => return Ok(Outcome::Hold(GLASS_BROKEN.into())),
        Seen::Drifted(why) => return Ok(Outcome::Drifted(why)),
        Seen::Breached(why) => return Ok(Outcome::Breached(why)),
        Seen::Inconclusive(why) => return asked(why, Following::answered(), Some(LOOK_CLOSER)),
    }
    let watched = SignedDuration::from_mins(i64::from(minutes));
    let left = watched - reader.now().duration_since(run.step_began);
    if run.promoted || !left.is_positive() {
        return Ok(Outcome::Done);
    }
    let why = format!("{} % on {} is healthy", run.share(), run.plan.new_colour().name());
    let row = SignedDuration::from_secs(i64::from(run.step.row().look_again));
    asked(why, Following::answered(), Some(left.min(row).unsigned_abs()))
}

fn asked(why: impl Into<String>, following: Following, again_in: Option<Duration>) -> StepResult {
    Ok(Outcome::NotYet(Waiting { again_in, following: Some(following), ..Waiting::because(why) }))
}
