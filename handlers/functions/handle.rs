//! One event, end to end: load, look, decide, save, publish.
use crate::functions::app::App;
use crate::run::event::Event;
use crate::run::flow::decide;
use crate::run::{self, Run, StepError};
use crate::step::Step;
use crate::steps;
use crate::store::{SaveError, Stored, Unreadable};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tracing::{error, info, warn};

/// An invocation is over so long after it arrived. Below the lock of the subscriptions, far below `functionTimeout`: both
/// are counted in the world's time, and so are these.
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

/// What a look came to.
enum Looked {
    /// Nothing more is to be done.
    Over(Reply),
    /// The run was saved with a new hop, whose event is to be published; whether it has just turned to the way back.
    Saved { run: Box<Run>, turned_back: bool },
}

/// Handles an event of a step.
pub async fn handle(app: &App, event: &Event) -> Reply {
    let arrived = Instant::now();
    let bound = arrived + app.clock.real(BOUND);
    let over = || Reply::Again(format!("it took longer than {} s", BOUND.as_secs()));
    match timeout_at(bound, look(app, event, arrived)).await {
        Err(_) => over(),
        Ok(Looked::Over(reply)) => reply,
        Ok(Looked::Saved { run, turned_back: false }) => {
            timeout_at(bound, publish(app, &run)).await.unwrap_or_else(|_| over())
        }
        // Side by side: the way back does not wait for the bus, and happens also when publishing fails.
        Ok(Looked::Saved { run, turned_back: true }) => {
            let bound = arrived + app.clock.real(BOUND_WITH_THE_WAY_BACK);
            tokio::join!(publish(app, &run), way_back(app, &run, bound)).0
        }
    }
}

/// Handles the event of a run that has just been saved into `RestoreTraffic`: the way back needs no bus, no cold start,
/// no lock. If this dies, the delivered event or the sweep repairs it.
pub async fn way_back(app: &App, run: &Run, bound: Instant) {
    let event = Event::of(run);
    let begun = async {
        match look(app, &event, Instant::now()).await {
            Looked::Over(reply) => reply,
            Looked::Saved { run, .. } => publish(app, &run).await,
        }
    };
    match timeout_at(bound, begun).await {
        Ok(reply) => info!(run.id, ?reply, "the way back was begun at once"),
        Err(_) => warn!(run.id, "the way back could not be begun at once; its event does it"),
    }
}

async fn publish(app: &App, run: &Run) -> Reply {
    match app.publish(run).await {
        Ok(()) => Reply::Done(format!("hop {}: {}", run.hop, run.step)),
        Err(error) => again("failed to publish", &error),
    }
}

/// Loads the run of an event, looks, decides and saves.
async fn look(app: &App, event: &Event, arrived: Instant) -> Looked {
    // A conflict means that somebody else took a hop: then the event is late, and is looked at as such.
    for _ in 0..3 {
        let loaded = match find(app, event).await {
            Ok(Found::Present(loaded)) => *loaded,
            Ok(Found::Other(reply)) => return Looked::Over(reply),
            Err(error) => {
                if error.is::<Unreadable>() {
                    // Ten redeliveries take 0.6 s; another binary's instance, or a person, needs longer.
                    app.clock.sleep(UNREADABLE).await;
                }
                return Looked::Over(again("failed to load the run", &error));
            }
        };
        let run = &loaded.value;
        let azure = app.reader.at(loaded.at).for_run(run);
        let bound = arrived + app.clock.real(BOUND.saturating_sub(RESERVE));
        let seen = timeout_at(bound, steps::look(run, &azure)).await;
        let result = seen.unwrap_or_else(|_| Err(anyhow::anyhow!("{} took too long", run.step).into()));
        say(run, &result);
        let now = app.store.now().unwrap_or(loaded.at);
        let next = decide(run, run::Looked { at: loaded.at, result }, now);
        match app.store.save(&next, Some(&loaded.etag)).await {
            Ok(()) => {}
            Err(SaveError::Conflict) => continue,
            Err(SaveError::Other(error)) => return Looked::Over(again("failed to save the run", &error)),
        }
        tell(run, &next);
        let turned_back = next.step == Step::RestoreTraffic && run.step != next.step;
        return Looked::Saved { run: Box::new(next), turned_back };
    }
    Looked::Over(Reply::Again("the run changed three times meanwhile".into()))
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

fn say(run: &Run, result: &run::StepResult) {
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
