//! Each minute: is the traffic of every run as it should be? Breached: back, here and now. Also sweeps.
use crate::azure::Reader;
use crate::azure::operations::Progress;
use crate::functions::app::App;
use crate::functions::commit::commit;
use crate::functions::look::BOUND;
use crate::functions::reply::Reply;
use crate::run::watchers::{breach, look_now, sweep};
use crate::run::{Following, Run, StepError};
use crate::step::Step;
use crate::steps::watch::{Seen, ask, drift, judge};
use crate::store::{SaveError, Stored};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tracing::{error, warn};

/// So many runs are looked at side by side.
const AT_ONCE: usize = 32;
/// The whole check is over after this: the next one comes each minute.
const BUDGET: Duration = Duration::from_secs(50);
/// A gateway is waited for so long when it was asked for its health.
const PATIENCE: Duration = Duration::from_secs(35);
/// From one look at its answer to the next, unless Azure says otherwise.
const BETWEEN_LOOKS: Duration = Duration::from_secs(10);

/// Looks at every run.
pub async fn canary_check(app: &App) -> Reply {
    let ends = app.clock.after(BUDGET);
    let mut sites = match app.store.sites_with_runs().await {
        Ok(sites) => sites,
        Err(error) => {
            warn!("the runs could not be listed: {error:#}");
            return Reply::Again("the store does not answer".into());
        }
    };
    // Another one first each minute: when time is short, nobody is always the last.
    let minute = app.store.now().map_or(0, Timestamp::as_second).unsigned_abs() / 60;
    let first = usize::try_from(minute).unwrap_or(0) % sites.len().max(1);
    sites.rotate_left(first);
    let count = sites.len();
    let mut looks = stream::iter(sites)
        .map(|site| async move { (timeout_at(ends, check(app, &site)).await, site) })
        .buffer_unordered(AT_ONCE);
    let mut left_over = 0;
    while let Some((looked, site)) = looks.next().await {
        match looked {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(site, "could not be checked: {error:#}"),
            Err(_) => left_over += 1,
        }
    }
    if left_over > 0 {
        error!(left_over, of = count, "runs were not checked in time");
    }
    Reply::Done(format!("{count} runs, {left_over} left over"))
}

async fn check(app: &App, site: &str) -> anyhow::Result<()> {
    let Some(found) = app.store.run(site).await? else { return Ok(()) };
    let run = &found.value;
    if let Some(next) = sweep(run, found.at) {
        return commit_found(app, &found, next).await;
    }
    if run.ending.is_some() || !matches!(run.step, Step::ShiftTraffic | Step::ConfirmTraffic | Step::Soak) {
        return Ok(());
    }
    let reader = app.reader.at(found.at);
    let next = match seen(run, &reader).await {
        Ok(Seen::Breached(why)) => Some(breach(run, &why, app.store.now()?)),
        Ok(Seen::Drifted(why)) => look_now(run, &why, app.store.now()?),
        Ok(Seen::GlassBroken) => look_now(run, "a person used the emergency way back", app.store.now()?),
        Ok(Seen::Well | Seen::Asked(_) | Seen::Looking(_) | Seen::Inconclusive(_)) => None,
        Err(StepError::Transient { cause, .. }) => return Err(cause),
        Err(StepError::Terminal(why)) => return Err(anyhow::anyhow!(why)),
    };
    match next {
        Some(next) => commit_found(app, &found, next).await,
        None => Ok(()),
    }
}

/// Like a step's watch, but all in one invocation: the next check is a minute away.
async fn seen(run: &Run, reader: &Reader) -> Result<Seen, StepError> {
    // While the traffic is being shifted, what the gateway shows is between two states.
    if run.step != Step::ShiftTraffic {
        let gateway = reader.gateway(&run.plan.site.gateway).await?;
        if gateway.is_glass_broken() {
            return Ok(Seen::GlassBroken);
        }
        if let Some(why) = drift(run, &gateway) {
            return Ok(Seen::Drifted(why));
        }
    }
    let Following::HealthQuestion(asked) = ask(run, reader).await? else {
        return Ok(Seen::Inconclusive("the gateway answered before it could have looked".into()));
    };
    let (clock, until) = (reader.clock(), reader.clock().after(PATIENCE));
    // The instances need seconds to ask their backends: a look before that would be in vain.
    let mut pause = BETWEEN_LOOKS;
    while Instant::now() < until {
        clock.sleep(pause.min(PATIENCE)).await;
        match reader.look(&asked).await? {
            Progress::InProgress(again) => pause = again.unwrap_or(BETWEEN_LOOKS),
            Progress::Succeeded(answer) => return Ok(judge(run, &answer)),
            Progress::Gone | Progress::Failed { .. } => break,
        }
    }
    Ok(Seen::Inconclusive("the gateway did not say how its backends are".into()))
}

/// What was decided on this look. If somebody else was faster, the next check looks anew.
async fn commit_found(app: &App, found: &Stored<Run>, next: Run) -> anyhow::Result<()> {
    match commit(app, Some(found), next, app.clock.after(BOUND)).await {
        Ok(committed) => {
            committed.into_run();
            Ok(())
        }
        Err(SaveError::Conflict) => Ok(()),
        Err(SaveError::Other(error)) => Err(error),
    }
}
