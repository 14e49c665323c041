//! The watch of a run's traffic from outside its steps: one question after the other, each kept beside the run, so that
//! an answer may take longer than an invocation lasts. Nobody waits here.
use super::app::App;
use crate::azure::Reader;
use crate::azure::operations::Progress;
use crate::resources::gateway::{Drift, Gateway};
use crate::run::readiness::{Breach, Readiness, Ready, Sides, Verdict};
use crate::run::{Following, Mark, Operation, Run, StepError};
use crate::step::Step;
use crate::steps::overwriting::drift;
use crate::steps::watch::{Judgement, ask_aside, judge};
use crate::store::Stored;
use crate::store::questions::Question;
use anyhow::anyhow;
use jiff::SignedDuration;
use serde_json::Value;
use std::time::Duration;
use tracing::warn;

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
    Breached(Breach),
    /// The new cluster is ill, and going back would help nobody.
    NoWayBack(Readiness, String),
    /// What held the way back of the traffic is so no more.
    CameBack(String),
    /// While the way back waits for the old cluster's nodes, the new one serves nobody any more.
    Unserved(String),
    /// A held run's traffic could not be looked at.
    Unseen(String),
    /// The members that carry traffic are well, or it cannot be told, and why (`unclear`); this is known of the old cluster,
    /// which was not found if it is `missed`. The next question may be asked already.
    Knows { readiness: Readiness, unclear: Option<String>, missed: Option<String>, is_asked_anew: bool },
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
    if run.glass.is_none() && run.step == Step::RestoreTraffic {
        return on_the_way_back(app, run, reader).await;
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
        && !is_told(run, &drift)
    {
        return Ok(Watched::Drifted(drift.to_string()));
    }
    let Some(stage) = serving_stage(run, &gateway) else { return Ok(Watched::NothingToSee) };
    let (answer, is_asked_anew) = match answer(app, run, reader).await? {
        Answer::Is { answer, is_asked_anew } => (answer, is_asked_anew),
        Answer::Waits(operation, again) => return Ok(Watched::Waits(operation, again)),
    };
    let Judgement { readiness, verdict, missed } = judge(run, stage, reader, &answer).await?;
    let unclear = match verdict {
        Verdict::Breached(why) => return Ok(Watched::Breached(why)),
        Verdict::NoWayBack(why) => return Ok(Watched::NoWayBack(readiness, why)),
        Verdict::Well => None,
        Verdict::Inconclusive(why) => Some(why),
    };
    Ok(Watched::Knows { readiness, unclear, missed, is_asked_anew })
}

/// Whether a person knows that only our mark is gone: who serves is what the run left, and is judged as ever.
fn is_told(run: &Run, drift: &Drift) -> bool {
    run.held.is_some() && run.others.overwritten && matches!(drift, Drift::Mark(_))
}

/// The stage whose members carry traffic: before its write took effect a stage has none, and the one before it has.
fn serving_stage(run: &Run, gateway: &Gateway) -> Option<usize> {
    let is_shown = run.step != Step::ShiftTraffic || gateway.shows(&run.intended_live());
    if is_shown { Some(run.stage) } else { run.stage.checked_sub(1) }
}

/// Whether a way back may go on: one that waits for nodes, or is held since there was nothing to go back to.
async fn on_the_way_back(app: &App, run: &Run, reader: &Reader) -> Result<Watched, StepError> {
    if run.waits_for_nodes() {
        return Ok(match answer(app, run, reader).await? {
            Answer::Waits(operation, again) => Watched::Waits(operation, again),
            Answer::Is { answer, .. } if Sides::of(run, run.stage, &answer, None).serves_nobody() => {
                Watched::Unserved("the new cluster serves nobody any more: users go back at once".to_owned())
            }
            Answer::Is { .. } => Watched::NothingToSee,
        });
    }
    if run.held.as_ref().is_none_or(|hold| !hold.watched) {
        return Ok(Watched::NothingToSee);
    }
    let lost = match reader.cluster(&run.plan.old_slot().cluster).await? {
        None => "the old cluster is not there".to_owned(),
        Some(old) => match run.cannot_bring_back(&old) {
            Some(why) => why,
            None => {
                let why = format!("the old cluster ({}) is there: the way back goes on", old.state());
                return Ok(Watched::CameBack(why));
            }
        },
    };
    Ok(match answer(app, run, reader).await? {
        Answer::Waits(operation, again) => Watched::Waits(operation, again),
        Answer::Is { answer, .. } if Sides::of(run, run.stage, &answer, None).serves_nobody() => {
            let why = format!("the new cluster serves nobody any more, and there is no way back: {lost}");
            let readiness = Readiness { state: Ready::NotReady, why: lost, since: reader.now(), healthy: vec![] };
            Watched::NoWayBack(readiness, why)
        }
        Answer::Is { .. } => Watched::NothingToSee,
    })
}

/// What becomes of a question.
enum Answer {
    /// It came, and the next question is asked, or is not.
    Is {
        answer: Value,
        is_asked_anew: bool,
    },
    Waits(Operation, Option<Duration>),
}

/// The answer to the open question; the next one is asked when it is there.
async fn answer(app: &App, run: &Run, reader: &Reader) -> Result<Answer, StepError> {
    let open = app.store.question(&run.plan.site.name).await?.filter(|open| open.is_about(run));
    let is_fresh = |open: &Question| app.store.now().is_ok_and(|now| now.duration_since(open.asked) < PATIENCE);
    let Some(open) = open.filter(is_fresh) else { return asked(app, run, reader).await };
    let Following::HealthQuestion(operation) = open.following else { return asked(app, run, reader).await };
    match reader.look(&operation).await? {
        Progress::InProgress(again) => Ok(Answer::Waits(operation, again)),
        Progress::Succeeded(answer) => {
            // What was answered counts, whether or not there is a next question.
            let next = asked(app, run, reader).await;
            if let Err(error) = &next {
                warn!(run.id = run.id, "the gateway could not be asked anew: {error:?}");
                forget(app, run).await;
            }
            Ok(Answer::Is { answer, is_asked_anew: next.is_ok() })
        }
        Progress::Gone | Progress::Failed { .. } => asked(app, run, reader).await,
    }
}

/// Asks, and keeps the question for whoever looks next.
async fn asked(app: &App, run: &Run, reader: &Reader) -> Result<Answer, StepError> {
    let following = ask_aside(run, reader).await?;
    let question = Question::about(run, following.clone(), app.store.now()?);
    app.store.keep_question(&run.plan.site.name, &question).await?;
    match following {
        Following::HealthQuestion(operation) => Ok(Answer::Waits(operation, None)),
        Following::GatewayWrite { .. } | Following::ClusterChange(_) | Following::Answered(_) => {
            let why = "asked for its backends' health, the gateway gave an answer that cannot be followed";
            Err(anyhow!("{}: {why}", run.plan.site.gateway).into())
        }
    }
}

/// The question that was answered is not open any more. If that cannot be written, its answer is read once more, and is old
/// after a while.
async fn forget(app: &App, run: &Run) {
    if let Ok(now) = app.store.now() {
        let none = Question::about(run, Following::answered(), now);
        if let Err(error) = app.store.keep_question(&run.plan.site.name, &none).await {
            warn!(run.id = run.id, "an answered question stays open: {error:#}");
        }
    }
}
