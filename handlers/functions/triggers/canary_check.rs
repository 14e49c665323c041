//! Each minute: is the traffic of every run as it should be? Breached: back, here and now. Also sweeps, and once an hour looks
//! at the steps' subscriptions.
use crate::functions::app::App;
use crate::functions::commit::{Changed, change, commit};
use crate::functions::deliveries;
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
    let mut sites = match timeout_at(ends, app.store.sites_with_runs()).await {
        Ok(Ok(sites)) => sites,
        Ok(Err(error)) => return Reply::again("the runs could not be listed", &error),
        Err(_) => return Reply::again("the runs could not be listed", &anyhow::anyhow!("the store does not answer")),
    };
    // Another one first each minute: when time is short, nobody is always the last.
    let minute = app.store.now().map_or(0, Timestamp::as_second).unsigned_abs() / 60;
    let first = usize::try_from(minute).unwrap_or(0) % sites.len().max(1);
    sites.rotate_left(first);
    let count = sites.len();
    let (left_over, ()) = tokio::join!(look_at_all(app, sites, ends), deliveries::hourly(app, ends));
    if left_over > 0 {
        error!(left_over, of = count, "runs were not checked in time");
    }
    Reply::Done(format!("{count} runs, {left_over} left over"))
}

/// Looks at these sites, and says how many there was no time for.
async fn look_at_all(app: &App, sites: Vec<String>, ends: Instant) -> usize {
    let mut left_over = 0;
    let mut watched = vec![];
    let mut first_looks = stream::iter(sites)
        .map(|site| async move {
            let looked = timeout_at(ends, first_look(app, &site)).await;
            if let Ok(Ok(First::Overdue(found, next))) = &looked {
                commit_found(app, found, Run::clone(next)).await;
            }
            (looked, site)
        })
        .buffer_unordered(AT_ONCE);
    while let Some((looked, site)) = first_looks.next().await {
        match looked {
            Ok(Ok(First::Over | First::Overdue(..))) => {}
            Ok(Ok(First::Watched)) => watched.push(site),
            Ok(Err(error)) => warn!(site, "could not be checked: {error:#}"),
            Err(_) => left_over += 1,
        }
    }
    // When there are more than have room, nobody stays for a second answer.
    let stays = watched.len() <= AT_ONCE;
    let mut looks = stream::iter(watched)
        .map(|site| async move { (watch(app, &site, ends, stays).await, site) })
        .buffer_unordered(AT_ONCE);
    while let Some((looked, site)) = looks.next().await {
        match looked {
            Ok(Checked::Yes) => {}
            Ok(Checked::NoTime) => left_over += 1,
            Err(error) => warn!(site, "could not be checked: {error:#}"),
        }
    }
    left_over
}

/// What a first look at a run comes to.
enum First {
    /// Nothing is to be watched.
    Over,
    /// Its event is lost or late.
    Overdue(Box<Stored<Run>>, Box<Run>),
    /// Its traffic, or a person's word, is to be watched.
    Watched,
}

async fn first_look(app: &App, site: &str) -> anyhow::Result<First> {
    let Some(found) = app.store.run(site).await? else { return Ok(First::Over) };
    if let Some(next) = sweep(&found.value, found.at) {
        return Ok(First::Overdue(Box::new(found), Box::new(next)));
    }
    Ok(if is_watched(&found.value) { First::Watched } else { First::Over })
}

fn is_watched(run: &Run) -> bool {
    run.ending.is_none() && (run.step.may_carry_traffic() || run.held.is_some())
}

/// Whether a run was looked at.
enum Checked {
    Yes,
    NoTime,
}

/// Looks at one run, again and again until the time is over: an answer of the gateway takes long, and the next question is
/// asked as soon as there is one.
async fn watch(app: &App, site: &str, ends: Instant, stays: bool) -> anyhow::Result<Checked> {
    let mut looks = 0;
    loop {
        let Ok(found) = timeout_at(ends, app.store.run(site)).await else {
            return Ok(if looks == 0 { Checked::NoTime } else { Checked::Yes });
        };
        let Some(found) = found?.filter(|found| is_watched(&found.value)) else { return Ok(Checked::Yes) };
        let Ok(seen) = timeout_at(ends, watch_traffic(app, &found, stays)).await else { return Ok(Checked::Yes) };
        looks += 1;
        let goes_on = apply(app, &found.value, seen?).await?;
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
async fn commit_found(app: &App, found: &Stored<Run>, next: Run) {
    match commit(app, Some(found), next).await {
        Ok(committed) => drop(committed.into_run()),
        Err(SaveError::Conflict) => {}
        Err(SaveError::Other(error)) => warn!(run.id = found.value.id, "could not be swept: {error:#}"),
    }
}
