//! Each minute: is the traffic of every run as it should be? Breached: back, here and now. Also sweeps, and once an hour looks
//! at the steps' subscriptions.
use crate::functions::app::App;
use crate::functions::commit::{Changed, change, commit};
use crate::functions::deliveries;
use crate::functions::look::BOUND;
use crate::functions::reply::Reply;
use crate::functions::watching::{Watched, watch_traffic};
use crate::run::Run;
use crate::run::watchers::{breach_of, glass_broken, know, look_now, no_way_back, sweep};
use crate::store::{SaveError, Stored};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tracing::{error, warn};

/// So many runs are looked at side by side.
const AT_ONCE: usize = 32;
/// All looking is over after this: the next check comes each minute. What comes of a look has a bound of its own.
const BUDGET: Duration = Duration::from_secs(50);

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
    // When there are more than have room, nobody stays for a second answer.
    let stays = count <= AT_ONCE;
    let mut looks = stream::iter(sites)
        .map(|site| async move { (check(app, &site, ends, stays).await, site) })
        .buffer_unordered(AT_ONCE);
    let looking = async {
        let mut left_over = 0;
        while let Some((looked, site)) = looks.next().await {
            match looked {
                Ok(Checked::Yes) => {}
                Ok(Checked::NoTime) => left_over += 1,
                Err(error) => warn!(site, "could not be checked: {error:#}"),
            }
        }
        left_over
    };
    let (left_over, ()) = tokio::join!(looking, deliveries::hourly(app, ends));
    if left_over > 0 {
        error!(left_over, of = count, "runs were not checked in time");
    }
    Reply::Done(format!("{count} runs, {left_over} left over"))
}

/// Whether a run was looked at.
enum Checked {
    Yes,
    NoTime,
}

/// Looks at one run, again and again until the time is over: an answer of the gateway takes long, and the next question is
/// asked as soon as there is one.
async fn check(app: &App, site: &str, ends: Instant, stays: bool) -> anyhow::Result<Checked> {
    let mut looks = 0;
    loop {
        let Ok(found) = timeout_at(ends, app.store.run(site)).await else {
            return Ok(if looks == 0 { Checked::NoTime } else { Checked::Yes });
        };
        let Some(found) = found? else { return Ok(Checked::Yes) };
        let run = &found.value;
        if let Some(next) = sweep(run, found.at) {
            commit_found(app, &found, next).await?;
            return Ok(Checked::Yes);
        }
        if run.ending.is_some() || !(run.step.may_carry_traffic() || run.held.is_some()) {
            return Ok(Checked::Yes);
        }
        let Ok(seen) = timeout_at(ends, watch_traffic(app, &found, stays)).await else { return Ok(Checked::Yes) };
        looks += 1;
        let goes_on = apply(app, run, seen?).await?;
        if !(goes_on && stays) {
            return Ok(Checked::Yes);
        }
    }
}

/// What was seen is put to the run as it is now, whoever has changed it meanwhile; says whether to look on.
async fn apply(app: &App, judged: &Run, seen: Watched) -> anyhow::Result<bool> {
    let goes_on = matches!(seen, Watched::Knows(_));
    let changed = change(app, &judged.plan.site.name, |run, now| {
        if run.id != judged.id || run.ending.is_some() {
            return Err(());
        }
        match &seen {
            Watched::Breached(why) => breach_of(run, judged, why, now),
            Watched::Drifted(why) if run.hop == judged.hop => look_now(run, why, now),
            Watched::GlassBroken(mark) => glass_broken(run, mark.clone(), now),
            Watched::NoWayBack(readiness, why) if run.hop == judged.hop => {
                no_way_back(run, readiness.clone(), why, now)
            }
            Watched::Knows(readiness) if run.hop == judged.hop => know(run, readiness.clone(), now),
            Watched::Drifted(_) | Watched::NoWayBack(..) | Watched::Knows(_) | Watched::NothingToSee => None,
        }
        .ok_or(())
    });
    match changed.await? {
        Changed::Yes(_) | Changed::Refused(()) | Changed::NoRun => Ok(goes_on),
    }
}

/// What the sweep decided. If somebody else was faster, the next check looks anew.
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
