//! One look at the run of an event: load, look, decide. What comes of it is for `commit`.
use super::app::App;
use super::reply::Reply;
use super::vanished::gone;
use crate::run::decision::{Decision, Reason, Saw};
use crate::run::event::Event;
use crate::run::flow::decide;
use crate::run::{self, Run, StepError, StepResult};
use crate::steps;
use crate::store::{Stored, Unreadable};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};

/// A document that this binary cannot read is waited for as long as a store that does not answer.
const UNREADABLE: Duration = Duration::from_secs(25);

/// What an event finds.
pub enum Found {
    /// Its run, at its hop.
    Present(Box<Stored<Run>>),
    /// Something else; the reply says what.
    Other(Reply),
}

/// What a look came to.
pub enum Looked {
    /// Nothing is to be changed.
    Over(Reply),
    /// The run as it was loaded, and what becomes of it.
    Decided(Box<Stored<Run>>, Box<Run>),
}

/// Loads the run of an event, looks until then at the latest, and decides.
pub async fn look(app: &App, event: &Event, until: Instant) -> Looked {
    let loaded = match find(app, event).await {
        Ok(Found::Present(loaded)) => loaded,
        Ok(Found::Other(reply)) => return Looked::Over(reply),
        Err(error) => {
            if error.is::<Unreadable>() {
                // Ten redeliveries take 0.6 s; another binary's instance, or a person, needs longer.
                app.clock.sleep(UNREADABLE).await;
            }
            return Looked::Over(Reply::again("failed to load the run", &error));
        }
    };
    let run = &loaded.value;
    let azure = app.azure_for(&loaded);
    let seen = timeout_at(until, steps::look(run, &azure)).await;
    let result = seen.unwrap_or_else(|_| Err(anyhow::anyhow!("{} took too long", run.step).into()));
    say(run, &result);
    let saw = Saw::of(&result);
    let now = app.store.now().unwrap_or(loaded.at);
    // Resource Manager has answered meanwhile, and may know better than the store when that was.
    let next = decide(run, run::Looked { at: loaded.at.min(now), result }, now);
    if Decision::between(Some(run), &next) == Decision::Waits {
        app.measures.waited(run.step, Reason::of(&next, saw));
    }
    Looked::Decided(loaded, Box::new(next))
}

/// In this order: a run that is not there is never made again; what cannot be read is left untouched; held or ended is
/// done; the future is refused; the hop just before lost its successor, which is published again; older is done.
///
/// # Errors
/// When the store does not answer, or the document is [`Unreadable`].
pub async fn find(app: &App, event: &Event) -> anyhow::Result<Found> {
    let done = |why: &str| Ok(Found::Other(Reply::Done(why.into())));
    let Some(loaded) = app.store.run(&event.site).await? else {
        gone(app, &event.site, &event.run).await;
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

fn say(run: &Run, result: &StepResult) {
    match result {
        Ok(outcome) => info!(run.id, step = %run.step, run.hop, ?outcome, "looked"),
        Err(StepError::Transient { cause, .. }) => info!(run.id, step = %run.step, run.hop, "not yet: {cause:#}"),
        Err(StepError::Terminal(why)) => warn!(run.id, step = %run.step, run.hop, "failed: {why}"),
    }
}
