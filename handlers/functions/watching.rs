//! The watch of a run's traffic from outside its steps: one question after the other, each kept beside the run, so that
//! an answer may take longer than an invocation lasts. Nobody waits here.
use super::app::App;
use crate::azure::Reader;
use crate::azure::operations::Progress;
use crate::run::readiness::{Readiness, Verdict};
use crate::run::{Following, Mark, Operation, Run, StepError};
use crate::step::Step;
use crate::steps::overwriting::drift;
use crate::steps::watch::{Judgement, ask_aside, judge};
use crate::store::Stored;
use crate::store::questions::Question;
use jiff::SignedDuration;
use serde_json::Value;
use std::time::Duration;

/// A question that was not answered by then is asked anew.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// What the watch saw.
pub enum Watched {
    /// Nothing to be said.
    NothingToSee,
    /// The gateway was asked, and is still looking; Azure may say when to look again.
    Waits(Operation, Option<Duration>),
    /// Somebody else wrote the gateway.
    Drifted(String),
    /// Users are not led to the live pools as they were.
    LedElsewhere(String),
    /// A person used the emergency way back.
    GlassBroken(Mark),
    /// The new cluster is worse than the old one.
    Breached(String),
    /// The new cluster is ill, and going back would help nobody.
    NoWayBack(Readiness, String),
    /// The members that carry traffic are well, or it cannot be told, and why (`unclear`); this is known of the old cluster,
    /// which was not found if it is `missed`.
    Knows { readiness: Readiness, unclear: Option<String>, missed: Option<String> },
}

/// Looks at the gateway, and asks it or reads its answer.
///
/// # Errors
/// When something cannot be looked at.
pub async fn watch_traffic(app: &App, found: &Stored<Run>) -> anyhow::Result<Watched> {
    let reader = app.reader.at(found.at);
    watch(app, &found.value, &reader).await.map_err(StepError::into_cause)
}

async fn watch(app: &App, run: &Run, reader: &Reader) -> Result<Watched, StepError> {
    let gateway = reader.gateway(&run.plan.site.gateway).await?;
    if let Some(mark) = run.new_glass(&gateway) {
        return Ok(Watched::GlassBroken(mark));
    }
    if run.glass.is_some() || !run.step.may_carry_traffic() {
        return Ok(Watched::NothingToSee);
    }
    if let Some(why) = run.led_elsewhere(&gateway).filter(|why| run.others.told.as_ref() != Some(why)) {
        return Ok(Watched::LedElsewhere(why));
    }
    // While the gateway is being written, what it shows is between two states.
    let is_writing = run.step == Step::ShiftTraffic || matches!(run.following, Some(Following::GatewayWrite { .. }));
    if !is_writing
        && !run.others_write(&gateway)
        && let Some(drift) = drift(run, &gateway)
    {
        return Ok(Watched::Drifted(drift.to_string()));
    }
    // Before its write took effect a stage has no traffic: the one before it has.
    let Some(stage) = (if run.step == Step::ShiftTraffic { run.stage.checked_sub(1) } else { Some(run.stage) }) else {
        return Ok(Watched::NothingToSee);
    };
    let answer = match answer(app, run, reader).await? {
        Answer::Is(answer) => answer,
        Answer::Waits(operation, again) => return Ok(Watched::Waits(operation, again)),
        Answer::None => return Ok(Watched::NothingToSee),
    };
    let Judgement { readiness, verdict, missed } = judge(run, stage, reader, &answer).await?;
    Ok(match verdict {
        Verdict::Breached(why) => Watched::Breached(why),
        Verdict::NoWayBack(why) => Watched::NoWayBack(readiness, why),
        Verdict::Well => Watched::Knows { readiness, unclear: None, missed },
        Verdict::Inconclusive(why) => Watched::Knows { readiness, unclear: Some(why), missed },
    })
}

/// What becomes of a question.
enum Answer {
    Is(Value),
    Waits(Operation, Option<Duration>),
    /// There is nothing to be asked.
    None,
}

/// The answer to the open question; the next one is asked when it is there.
async fn answer(app: &App, run: &Run, reader: &Reader) -> Result<Answer, StepError> {
    let open = app.store.question(&run.plan.site.name).await?.filter(|open| open.is_about(run));
    let is_fresh = |open: &Question| app.store.now().is_ok_and(|now| now.duration_since(open.asked) < PATIENCE);
    let Some(open) = open.filter(is_fresh) else { return asked(app, run, reader).await };
    let Following::HealthQuestion(operation) = open.following else { return Ok(Answer::None) };
    match reader.look(&operation).await? {
        Progress::InProgress(again) => Ok(Answer::Waits(operation, again)),
        Progress::Succeeded(answer) => {
            asked(app, run, reader).await?;
            Ok(Answer::Is(answer))
        }
        Progress::Gone | Progress::Failed { .. } => asked(app, run, reader).await,
    }
}

/// Asks, and keeps the question for whoever looks next.
async fn asked(app: &App, run: &Run, reader: &Reader) -> Result<Answer, StepError> {
    let following = ask_aside(run, reader).await?;
    let question = Question::about(run, following.clone(), app.store.now()?);
    app.store.keep_question(&run.plan.site.name, &question).await?;
    Ok(match following {
        Following::HealthQuestion(operation) => Answer::Waits(operation, None),
        Following::GatewayWrite { .. } | Following::ClusterChange(_) | Following::Answered(_) => Answer::None,
    })
}
