//! The stage's share stayed healthy for its watch time.
use super::watch::{Judgement, Seen, watch};
use crate::azure::Reader;
use crate::run::readiness::{Ready, Verdict};
use crate::run::{Fact, Following, Outcome, Run, StepResult, Waiting};
use crate::step::Step;
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
    let Judgement { readiness, verdict, missed } = match watch(run, reader).await? {
        Seen::Judged(judgement) => judgement,
        Seen::Asked(question, leads) => {
            let why = "the gateway is asked what its probes see";
            let facts = leads.map(Fact::Leads).into_iter().chain(still_missed(run)).collect();
            let following = Some(question);
            let waiting = Waiting { following, facts, again_in: Some(ANSWER), ..Waiting::because(why) };
            return Ok(Outcome::NotYet(waiting));
        }
        Seen::Looking(again_in) => {
            let facts = still_missed(run).into_iter().collect();
            let waiting = Waiting { again_in, facts, ..Waiting::because("the gateway is looking at its backends") };
            return Ok(Outcome::NotYet(waiting));
        }
        Seen::Otherwise(outcome) => return Ok(outcome),
    };
    let missed = missed.map(Fact::Missed);
    match verdict {
        Verdict::Well => {}
        Verdict::Breached(why) => return Ok(Outcome::Breached(why)),
        Verdict::NoWayBack(why) => return Ok(Outcome::NoWayBack(readiness, why)),
        Verdict::Inconclusive(why) => {
            let unclear = Fact::Unclear(why.clone());
            let facts = [Fact::Readiness(readiness), unclear].into_iter().chain(missed).collect();
            return answered(why, facts, LOOK_CLOSER);
        }
    }
    if run.step == Step::Soak && readiness.state == Ready::NotReady && !run.is_reducing() {
        let why = format!("there is no way back: {}", readiness.why);
        return Ok(Outcome::NoWayBack(readiness, why));
    }
    let watched = SignedDuration::from_mins(i64::from(minutes));
    let left = watched - reader.now().duration_since(run.step_began);
    if run.promoted || !left.is_positive() {
        return Ok(Outcome::Done);
    }
    let why = format!("{} % on {} is healthy", run.share(), run.plan.new_colour().name());
    let row = SignedDuration::from_secs(i64::from(run.step.row().look_again));
    let facts = [Fact::Readiness(readiness)].into_iter().chain(missed).collect();
    answered(why, facts, left.min(row).unsigned_abs())
}

/// A look that only asks did not look for the old cluster: what was missed before may be missed still.
fn still_missed(run: &Run) -> Option<Fact> {
    run.missed.as_ref().map(|missed| Fact::Missed(missed.cluster.clone()))
}

/// What was asked is answered: the next look asks anew.
fn answered(why: String, facts: Vec<Fact>, again_in: Duration) -> StepResult {
    let (again_in, following) = (Some(again_in), Some(Following::answered()));
    Ok(Outcome::NotYet(Waiting { again_in, following, facts, ..Waiting::because(why) }))
}
