//! The check of one run: sweep it, or watch its traffic until the time is over. A look takes a seat, and waiting takes none,
//! so all gateways are asked before the first answer is read.
use crate::azure::operations::Progress;
use crate::functions::app::App;
use crate::functions::commit::{Changed, change, commit};
use crate::functions::vanished::sight;
use crate::functions::watching::{Watched, watch_traffic};
use crate::run::watchers::{
    breach_of, came_back, glass_broken, know, led_elsewhere, look_now, no_way_back, sweep, unseen, unserved,
};
use crate::run::{Operation, Run, RunId};
use crate::store::{SaveError, Stored};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

/// From one look at an answer to the next, unless Azure says otherwise.
const BETWEEN_LOOKS: Duration = Duration::from_secs(10);

/// What the check of one run came to.
#[derive(Default)]
pub struct Checked {
    /// Whether there was time for it.
    pub had_its_turn: bool,
    /// The id of its run, `None` when that has ended; nothing when it was not seen.
    pub seen: Option<Option<RunId>>,
    /// The run itself, where people are told of runs.
    pub run: Option<Run>,
}

/// Checks one run.
///
/// # Errors
/// When it could not be looked at.
pub async fn check(app: &App, seats: &Semaphore, site: &str, ends: Instant) -> anyhow::Result<Checked> {
    let Some(first) = in_turn(seats, ends, first_look(app, site)).await else {
        return Ok(Checked::default());
    };
    let (first, seen, run) = first?;
    let had_its_turn = match first {
        First::Over => true,
        First::Overdue(found, next) => {
            let is_watched = is_watched(&found.value);
            commit_found(app, &found, *next).await;
            // Its traffic is none the better for a lost event.
            if is_watched { watch(app, seats, site, ends).await? } else { true }
        }
        First::Watched => watch(app, seats, site, ends).await?,
    };
    Ok(Checked { had_its_turn, seen, run })
}

/// Works as soon as there is a seat; `None` when the time was over before the work was. First come, first served.
async fn in_turn<Work: Future>(seats: &Semaphore, ends: Instant, work: Work) -> Option<Work::Output> {
    let seated = async {
        let _seat = seats.acquire().await;
        work.await
    };
    timeout_at(ends, seated).await.ok()
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

/// What it comes to, and the run that was seen; `None` for a document that went meanwhile.
async fn first_look(app: &App, site: &str) -> anyhow::Result<(First, Option<Option<RunId>>, Option<Run>)> {
    let Some(found) = app.store.run(site).await? else { return Ok((First::Over, None, None)) };
    let seen = Some(sight(&found.value));
    app.measures.seen(&found.value);
    let run = app.tell.has_targets().then(|| found.value.clone());
    app.reader.agree_on_time().await;
    if let Some(next) = sweep(&found.value, found.at.min(app.store.now()?)) {
        return Ok((First::Overdue(Box::new(found), Box::new(next)), seen, run));
    }
    Ok((if is_watched(&found.value) { First::Watched } else { First::Over }, seen, run))
}

fn is_watched(run: &Run) -> bool {
    run.ending.is_none() && (run.step.may_carry_traffic() || run.held.is_some() || run.waits_for_nodes())
}

/// Looks at one run, again and again until the time is over: an answer of the gateway takes long, and the next question is
/// asked as soon as there is one.
async fn watch(app: &App, seats: &Semaphore, site: &str, ends: Instant) -> anyhow::Result<bool> {
    let mut had_its_turn = false;
    loop {
        let look = async {
            let found = app.store.run(site).await?.filter(|found| is_watched(&found.value));
            let Some(found) = found else { return Ok(None) };
            let seen = match watch_traffic(app, &found).await {
                Ok(seen) => seen,
                Err(error) if found.value.held.is_some() => {
                    warn!(site, "could not be checked: {error:#}");
                    Watched::Unseen(format!("{error:#}"))
                }
                Err(error) => return Err(error),
            };
            anyhow::Ok(Some((found, seen)))
        };
        let Some(looked) = in_turn(seats, ends, look).await else { return Ok(had_its_turn) };
        had_its_turn = true;
        let Some((found, seen)) = looked? else { return Ok(true) };
        let goes_on = match seen {
            Watched::Waits(operation, again) => answered(app, seats, &operation, again, ends).await?,
            seen => apply(app, &found.value, seen).await?,
        };
        if !goes_on {
            return Ok(true);
        }
    }
}

/// Waits for a gateway's answer; `false` when the time is over before.
async fn answered(
    app: &App,
    seats: &Semaphore,
    operation: &Operation,
    mut again: Option<Duration>,
    ends: Instant,
) -> anyhow::Result<bool> {
    loop {
        let next = app.clock.after(again.unwrap_or(BETWEEN_LOOKS));
        if next >= ends {
            return Ok(false);
        }
        tokio::time::sleep_until(next).await;
        match in_turn(seats, ends, app.reader.look(operation)).await {
            None => return Ok(false),
            Some(Ok(Progress::InProgress(later))) => again = later,
            // Whoever looks at the run next reads it, or asks anew.
            Some(_) => return Ok(true),
        }
    }
}

/// What was seen is put to the run as it is now, whoever has changed it meanwhile; says whether to look on.
async fn apply(app: &App, judged: &Run, seen: Watched) -> anyhow::Result<bool> {
    let goes_on = matches!(seen, Watched::Knows { is_asked_anew: true, .. });
    let changed = change(app, &judged.plan.site.name, |run, now| {
        if run.id != judged.id || run.ending.is_some() {
            return Err(());
        }
        match &seen {
            Watched::Breached(why) => breach_of(run, judged, why, now),
            Watched::Drifted(why) if run.hop == judged.hop => look_now(run, why, now),
            Watched::LedElsewhere(why) => led_elsewhere(run, judged, why, now),
            Watched::CameBack(why) if run.hop == judged.hop => came_back(run, why, now),
            Watched::Unserved(why) => unserved(run, why, now),
            Watched::Unseen(why) if run.hop == judged.hop => unseen(run, why, now),
            Watched::GlassBroken(mark) => glass_broken(run, mark.clone(), now),
            Watched::NoWayBack(readiness, why) if run.hop == judged.hop => {
                no_way_back(run, readiness.clone(), why, now)
            }
            Watched::Knows { readiness, unclear, missed, .. } if run.hop == judged.hop => {
                know(run, readiness.clone(), unclear.as_deref(), missed.as_deref(), now)
            }
            Watched::Drifted(_)
            | Watched::CameBack(_)
            | Watched::NoWayBack(..)
            | Watched::Knows { .. }
            | Watched::Unseen(_)
            | Watched::NothingToSee
            | Watched::Waits(..) => None,
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
