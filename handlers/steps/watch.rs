//! Looks at the traffic of a stage: is the gateway as we left it, are its members healthy, and could the old cluster take
//! the traffic back?
use super::overwriting::not_as_left;
use super::presence::{Presence, presence};
use crate::azure::Reader;
use crate::azure::operations::Progress;
use crate::resources::leads::Leads;
use crate::run::readiness::{Readiness, Sides, Verdict};
use crate::run::{Following, Operation, Outcome, Run, StepError, Waiting};
use serde_json::Value;
use std::time::Duration;

/// What a watch sees.
pub enum Seen {
    /// The gateway is as we left it, and says this of its members.
    Judged(Judgement),
    /// It was asked for its health, and has not answered yet; how it leads users, if that was not known.
    Asked(Following, Option<Leads>),
    /// It is still looking.
    Looking(Option<Duration>),
    /// It is not as we left it: what a step says of that.
    Otherwise(Outcome),
}

/// What a gateway's answer comes to.
pub struct Judgement {
    /// What is known of the old cluster.
    pub readiness: Readiness,
    /// What both sides together say.
    pub verdict: Verdict,
    /// The old cluster, if it was not found: to be remembered, since one such look proves nothing.
    pub missed: Option<String>,
}

/// Looks at the gateway and, in turns, asks for and reads its health.
///
/// # Errors
/// When something cannot be looked at.
pub async fn watch(run: &Run, reader: &Reader) -> Result<Seen, StepError> {
    let gateway = reader.gateway(&run.plan.site.gateway).await?;
    if let Some(mark) = run.new_glass(&gateway) {
        return Ok(Seen::Otherwise(Outcome::GlassBroken(mark)));
    }
    if let Some(outcome) = not_as_left(run, &gateway) {
        return Ok(Seen::Otherwise(outcome));
    }
    let Some(asked) = question(run, reader) else {
        let leads =
            (run.others.leads.is_none() && !run.keeps_old_rules()).then(|| gateway.leads(&run.plan.site.pools.live));
        return Ok(Seen::Asked(ask(run, reader).await?, leads));
    };
    match reader.look(asked).await? {
        Progress::InProgress(again_in) => Ok(Seen::Looking(again_in)),
        Progress::Succeeded(answer) => Ok(Seen::Judged(judge(run, run.stage, reader, &answer).await?)),
        Progress::Gone | Progress::Failed { .. } => Ok(Seen::Asked(ask(run, reader).await?, None)),
    }
}

/// The question that the step asked, unless its answer is old by now.
#[must_use]
pub fn question<'a>(run: &'a Run, reader: &Reader) -> Option<&'a Operation> {
    run.following.as_ref()?.asked_lately(reader.now())
}

/// Asks the gateway for its backends' health.
///
/// # Errors
/// When it was not accepted.
pub async fn ask(run: &Run, reader: &Reader) -> Result<Following, StepError> {
    Ok(Following::question(reader.ask_health(&run.plan.site.gateway).await?).dated(reader.now()))
}

/// The same, at a step that mostly changes clusters.
///
/// # Errors
/// When it was not accepted.
pub async fn ask_aside(run: &Run, reader: &Reader) -> Result<Following, StepError> {
    Ok(Following::question_aside(reader.ask_health(&run.plan.site.gateway).await?).dated(reader.now()))
}

/// What the gateway has answered to a question beside the step's own changes; otherwise what is waited for, as it is asked anew
/// (`why`).
///
/// # Errors
/// When the answer cannot be looked at, or the question was not accepted.
pub async fn answered(run: &Run, reader: &Reader, why: &str) -> Result<Result<Value, Outcome>, StepError> {
    let progress = match question(run, reader) {
        Some(asked) => reader.look(asked).await?,
        None => Progress::Gone,
    };
    let waiting = match progress {
        Progress::Succeeded(answer) => return Ok(Ok(answer)),
        Progress::InProgress(again_in) => {
            Waiting { again_in, ..Waiting::because("the gateway is looking at its backends") }
        }
        Progress::Gone | Progress::Failed { .. } => {
            Waiting { following: Some(ask_aside(run, reader).await?), ..Waiting::because(why) }
        }
    };
    Ok(Err(Outcome::NotYet(waiting)))
}

/// Judges what the gateway says of its members, while it has those of this stage. An old cluster that cannot be looked at
/// keeps no users at an ill one: of it counts what the gateway says.
///
/// # Errors
/// When the old cluster cannot be looked at, and nothing is ill.
pub async fn judge(run: &Run, stage: usize, reader: &Reader, answer: &Value) -> Result<Judgement, StepError> {
    let (seen, unread) = match lost(run, reader).await {
        Ok(seen) => (seen, None),
        Err(error) => ((None, run.missed.as_ref().map(|missed| missed.cluster.clone())), Some(error)),
    };
    let (lost, missed) = seen;
    let sides = Sides::of(run, stage, answer, lost);
    let readiness = sides.readiness(run.readiness.as_ref(), reader.now());
    let verdict = sides.judge(&readiness);
    match (unread, &verdict) {
        (Some(error), Verdict::Well | Verdict::Inconclusive(_)) => Err(error),
        (Some(_), Verdict::Breached(_) | Verdict::NoWayBack(_)) | (None, _) => {
            Ok(Judgement { readiness, verdict, missed })
        }
    }
}

/// Why the old cluster cannot serve, whatever the gateway's probes still say; and its id, if it was not found.
pub async fn lost(run: &Run, reader: &Reader) -> Result<(Option<String>, Option<String>), StepError> {
    let name = run.plan.old.name();
    let id = &run.plan.old_slot().cluster;
    let lost = match presence(run, reader, id).await? {
        // One look that did not find it is no evidence.
        Presence::Missed(missed) => return Ok((None, Some(missed))),
        Presence::Gone => {
            let why = format!("the old cluster ({name}) does not exist any more");
            return Ok((Some(why), Some(id.clone())));
        }
        Presence::Here(old) if old.uid() != run.plan.old_uid => {
            Some(format!("the old slot ({name}) holds another cluster than the plan names"))
        }
        Presence::Here(old) if run.has_deleted_in_part(&old) => {
            Some(format!("the old cluster ({name}) is {}: its deletion came to no end", old.state()))
        }
        // What this run has reduced itself it brings back.
        Presence::Here(_) if run.can_bring_back() => None,
        Presence::Here(old) => old.cannot_serve().map(|state| format!("the old cluster ({name}) is {state}")),
    };
    Ok((lost, None))
}
