//! The watch of a run's traffic from outside its steps: one question after the other, each kept beside the run, so that
//! an answer may take longer than an invocation lasts.
use super::app::App;
use crate::azure::Reader;
use crate::azure::operations::Progress;
use crate::run::readiness::{Readiness, Verdict};
use crate::run::{Following, Mark, Run, StepError};
use crate::step::Step;
use crate::steps::watch::{ask_aside, drift, judge};
use crate::store::Stored;
use crate::store::questions::Question;
use jiff::SignedDuration;
use serde_json::Value;
use std::time::Duration;

/// From one look at an answer to the next, unless Azure says otherwise.
const BETWEEN_LOOKS: Duration = Duration::from_secs(10);
/// A question that was not answered by then is asked anew.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// What the watch saw.
pub enum Watched {
    /// Nothing to be said.
    NothingToSee,
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
    /// The members that carry traffic are well, or it cannot be told, and why; this is known of the old cluster.
    Knows(Readiness, Option<String>),
}

/// Looks at the gateway, and waits for its answer if `stays`: the caller bounds the time.
///
/// # Errors
/// When something cannot be looked at.
pub async fn watch_traffic(app: &App, found: &Stored<Run>, stays: bool) -> anyhow::Result<Watched> {
    let reader = app.reader.at(found.at);
    watch(app, &found.value, &reader, stays).await.map_err(|error| match error {
        StepError::Transient { cause, .. } => cause,
        StepError::Terminal(why) => anyhow::anyhow!(why),
    })
}

async fn watch(app: &App, run: &Run, reader: &Reader, stays: bool) -> Result<Watched, StepError> {
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
    let Some(answer) = answer(app, run, reader, stays).await? else { return Ok(Watched::NothingToSee) };
    Ok(match judge(run, stage, reader, &answer).await? {
        (_, Verdict::Breached(why)) => Watched::Breached(why),
        (readiness, Verdict::NoWayBack(why)) => Watched::NoWayBack(readiness, why),
        (readiness, Verdict::Well) => Watched::Knows(readiness, None),
        (readiness, Verdict::Inconclusive(why)) => Watched::Knows(readiness, Some(why)),
    })
}

/// The answer to the open question; the next one is asked when it is there.
async fn answer(app: &App, run: &Run, reader: &Reader, stays: bool) -> Result<Option<Value>, StepError> {
    let site = &run.plan.site.name;
    let open = app.store.question(site).await?.filter(|open| open.is_about(run));
    let is_fresh = |open: &Question| app.store.now().is_ok_and(|now| now.duration_since(open.asked) < PATIENCE);
    let mut following = match open.filter(is_fresh) {
        Some(open) => open.following,
        None => asked(app, run, reader).await?,
    };
    loop {
        let Following::HealthQuestion(operation) = &following else { return Ok(None) };
        match reader.look(operation).await? {
            Progress::InProgress(again) if stays => app.clock.sleep(again.unwrap_or(BETWEEN_LOOKS)).await,
            Progress::InProgress(_) => return Ok(None),
            Progress::Succeeded(answer) => {
                asked(app, run, reader).await?;
                return Ok(Some(answer));
            }
            Progress::Gone | Progress::Failed { .. } if stays => following = asked(app, run, reader).await?,
            Progress::Gone | Progress::Failed { .. } => {
                asked(app, run, reader).await?;
                return Ok(None);
            }
        }
    }
}

/// Asks, and keeps the question for whoever looks next.
async fn asked(app: &App, run: &Run, reader: &Reader) -> Result<Following, StepError> {
    let following = ask_aside(run, reader).await?;
    let question = Question::about(run, following.clone(), app.store.now()?);
    app.store.keep_question(&run.plan.site.name, &question).await?;
    Ok(following)
}
