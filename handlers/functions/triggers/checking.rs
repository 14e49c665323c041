//! The check of one run: sweep it, or watch its traffic until the time is over. A look takes a seat, and waiting takes none,
//! so all gateways are asked before the first answer is read.
use crate::azure::operations::Progress;
use crate::functions::app::App;
use crate::functions::commit::{Changed, change, commit};
use crate::functions::watching::{Watched, watch_traffic};
use crate::run::watchers::{breach_of, glass_broken, know, look_now, no_way_back, sweep};
use crate::run::{Operation, Run};
use crate::store::calls::Call;
use crate::store::{SaveError, Stored, Unreadable};
use jiff::SignedDuration;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tracing::{error, warn};

/// From one look at an answer to the next, unless Azure says otherwise.
const BETWEEN_LOOKS: Duration = Duration::from_secs(10);
/// For a document that cannot be read a person is called so often.
const CALLS: SignedDuration = SignedDuration::from_hours(24);

/// Checks one run; says whether there was time for it.
///
/// # Errors
/// When it could not be looked at.
pub async fn check(app: &App, seats: &Semaphore, site: &str, ends: Instant) -> anyhow::Result<bool> {
    match in_turn(seats, ends, first_look(app, site)).await {
        None => Ok(false),
        Some(first) => match first? {
            First::Over => Ok(true),
            First::Overdue(found, next) => {
                commit_found(app, &found, *next).await;
                Ok(true)
            }
            First::Watched => watch(app, seats, site, ends).await,
        },
    }
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

async fn first_look(app: &App, site: &str) -> anyhow::Result<First> {
    let Some(found) = app.store.run(site).await? else { return Ok(First::Over) };
    app.reader.agree_on_time().await;
    if let Some(next) = sweep(&found.value, found.at.min(app.store.now()?)) {
        return Ok(First::Overdue(Box::new(found), Box::new(next)));
    }
    Ok(if is_watched(&found.value) { First::Watched } else { First::Over })
}

fn is_watched(run: &Run) -> bool {
    run.ending.is_none() && (run.step.may_carry_traffic() || run.held.is_some())
}

/// Looks at one run, again and again until the time is over: an answer of the gateway takes long, and the next question is
/// asked as soon as there is one.
async fn watch(app: &App, seats: &Semaphore, site: &str, ends: Instant) -> anyhow::Result<bool> {
    let mut had_its_turn = false;
    loop {
        let look = async {
            let found = app.store.run(site).await?.filter(|found| is_watched(&found.value));
            let Some(found) = found else { return Ok(None) };
            let seen = watch_traffic(app, &found).await?;
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
            Watched::Drifted(_)
            | Watched::NoWayBack(..)
            | Watched::Knows(_)
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

/// Says that a run could not be checked. What cannot be read at all is a person's, once a day.
pub async fn unchecked(app: &App, site: &str, why: &anyhow::Error, ends: Instant) {
    warn!(site, "could not be checked: {why:#}");
    if !why.is::<Unreadable>() {
        return;
    }
    let why = format!("{why:#}");
    let called = timeout_at(ends, app.store.called(site)).await;
    let (Ok(Ok(called)), Ok(now)) = (called, app.store.now()) else { return };
    if called.is_some_and(|last| last.why == why && now.duration_since(last.at) < CALLS) {
        return;
    }
    error!(site, "needs a person: nothing moves or watches this run: {why}");
    let kept = timeout_at(ends, app.store.keep_call(site, &Call { at: now, why })).await;
    if !matches!(kept, Ok(Ok(()))) {
        warn!(site, "that a person was called is not remembered");
    }
}
