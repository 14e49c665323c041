//! One event, end to end: load, look, decide, save, publish.
use crate::app::App;
use crate::azure::blob_runs::{SaveError, Stored, Unreadable};
use crate::event::Event;
use crate::flow::{Step, decide};
use crate::run::{Looked, Run, StepError};
use crate::steps;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{error, info, warn};

/// An invocation is over so long after it arrived. Below the lock of the subscriptions, far below `functionTimeout`.
pub const BOUND: Duration = Duration::from_secs(100);
/// So much more when it handles the way back itself.
pub const BOUND_WITH_THE_WAY_BACK: Duration = Duration::from_secs(160);
/// What the look leaves for saving and publishing.
const RESERVE: Duration = Duration::from_secs(20);
/// A document that this binary cannot read is waited for as long as a store that does not answer.
const UNREADABLE: Duration = Duration::from_secs(25);

/// What the Functions host is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It is dealt with: the message is complete.
    Done(String),
    /// It can never be handled: it ends in the dead letters.
    Refused(String),
    /// Not now: the message comes again.
    Again(String),
}

/// What an event finds.
enum Found {
    /// Its run, at its hop.
    Present(Box<Stored<Run>>),
    /// Something else; the reply says what.
    Other(Reply),
}

/// Handles an event of a step.
pub async fn handle(app: &App, event: &Event) -> Reply {
    let arrived = Instant::now();
    match timeout_at(arrived + BOUND, forward(app, event, arrived)).await {
        Ok((reply, None)) => reply,
        Ok((reply, Some(turned_back))) => {
            let bound = arrived + BOUND_WITH_THE_WAY_BACK;
            way_back(app, &turned_back, bound).await;
            reply
        }
        Err(_) => Reply::Again(format!("it took longer than {} s", BOUND.as_secs())),
    }
}

/// Handles the event of a run that has just been saved into `RestoreTraffic`: the way back needs no bus, no cold start,
/// no lock. If this dies, the delivered event or the sweep repairs it.
pub async fn way_back(app: &App, run: &Run, bound: Instant) {
    let event = Event::of(run);
    match timeout_at(bound, forward(app, &event, Instant::now())).await {
        Ok((reply, _)) => info!(?reply, "the way back was begun at once"),
        Err(_) => warn!("the way back could not be begun at once; its event does it"),
    }
}

/// Handles an event. The second value is a run that was saved into `RestoreTraffic` just now.
async fn forward(app: &App, event: &Event, arrived: Instant) -> (Reply, Option<Run>) {
    // A conflict means that somebody else took a hop: then the event is late, and is looked at as such.
    for _ in 0..3 {
        let loaded = match find(app, event).await {
            Ok(Found::Present(loaded)) => *loaded,
            Ok(Found::Other(reply)) => return (reply, None),
            Err(error) => {
                if error.is::<Unreadable>() {
                    // Ten redeliveries take 0.6 s; another binary's instance, or a person, needs longer.
                    sleep(UNREADABLE).await;
                }
                return (again("failed to load the run", &error), None);
            }
        };
        let run = &loaded.value;
        let azure = app.reader.at(loaded.at).for_run(run);
        let look = timeout_at(arrived + BOUND.saturating_sub(RESERVE), steps::look(run, &azure)).await;
        let result = look.unwrap_or_else(|_| Err(anyhow::anyhow!("{} took too long", run.step).into()));
        say(run, &result);
        let now = app.store.now().unwrap_or(loaded.at);
        let next = decide(run, Looked { at: loaded.at, result }, now);
        match app.store.save(&next, Some(&loaded.etag)).await {
            Ok(()) => {}
            Err(SaveError::Conflict) => continue,
            Err(SaveError::Other(error)) => return (again("failed to save the run", &error), None),
        }
        tell(run, &next);
        let published = app.publish(&next).await;
        let turned_back = (next.step == Step::RestoreTraffic && run.step != next.step).then(|| next.clone());
        let reply = match published {
            Ok(()) => Reply::Done(format!("hop {}: {}", next.hop, next.step)),
            Err(error) => again("failed to publish", &error),
        };
        return (reply, turned_back);
    }
    (Reply::Again("the run changed three times meanwhile".into()), None)
}

/// In this order: a run that is not there is never made again; what cannot be read is left untouched; held or ended is
/// done; the future is refused; the hop just before lost its successor, which is published again; older is done.
async fn find(app: &App, event: &Event) -> anyhow::Result<Found> {
    let done = |why: &str| Ok(Found::Other(Reply::Done(why.into())));
    let Some(loaded) = app.store.run(&event.site).await? else {
        error!(site = event.site, run.id = event.run, "there is no document for this run");
        return done("there is no such run");
    };
    let run = &loaded.value;
    if run.id != event.run {
        return done("the site has another run by now");
    }
    if !run.moves() {
        return done("the run is held or has ended");
    }
    if event.hop > run.hop {
        let why = format!("the run is at hop {}, the event is of hop {}", run.hop, event.hop);
        return Ok(Found::Other(Reply::Refused(why)));
    }
    if event.hop + 1 == run.hop {
        app.publish(run).await?;
        return done("late: its successor was published again");
    }
    if event.hop < run.hop {
        return done("late");
    }
    if event.step != run.step {
        let why = format!("the run is at step {}, the event of the same hop says {}", run.step, event.step);
        return Ok(Found::Other(Reply::Refused(why)));
    }
    Ok(Found::Present(Box::new(loaded)))
}

fn again(what: &str, error: &anyhow::Error) -> Reply {
    warn!("{what}: {error:#}");
    Reply::Again(what.into())
}

fn say(run: &Run, result: &crate::run::StepResult) {
    match result {
        Ok(outcome) => info!(run.id, step = %run.step, run.hop, ?outcome, "looked"),
        Err(StepError::Transient { cause, .. }) => info!(run.id, step = %run.step, run.hop, "not yet: {cause:#}"),
        Err(StepError::Terminal(why)) => warn!(run.id, step = %run.step, run.hop, "failed: {why}"),
    }
}

/// Logs what is new in the journal; what needs a person is an error, which an alert watches for.
pub fn tell(before: &Run, after: &Run) {
    for entry in after.journal.iter().skip(before.journal.len()) {
        let site = &after.plan.site.name;
        if entry.needs_person {
            error!(site, run.id = after.id, step = %entry.after, "needs a person: {}", entry.what);
        } else {
            info!(site, run.id = after.id, step = %entry.after, before = %entry.before, "{}: {}", entry.who, entry.what);
        }
    }
}
