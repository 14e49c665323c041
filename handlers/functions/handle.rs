//! One event, end to end: look, decide, commit, and the answer for the host.
use super::app::App;
use super::bound::Ended;
use super::commit::{Committed, commit, record_lost};
use super::look::{Found, Looked, find, look};
use super::reply::Reply;
use crate::run::event::Event;
use crate::store::SaveError;
use tokio::time::timeout_at;

/// Handles an event of a step.
pub async fn handle(app: &App, event: &Event) -> Reply {
    let bound = app.ends();
    let (before, next) = match timeout_at(bound, look(app, event, app.looks_end())).await {
        Err(_) => return over(),
        Ok(Looked::Over(reply)) => return reply,
        Ok(Looked::Decided(before, next)) => (before, next),
    };
    let acted = next.clone();
    match commit(app, Some(&before), *next).await {
        Ok(Committed { run, published: Ok(()) }) => Reply::Done(format!("hop {}: {}", run.hop, run.step)),
        Ok(Committed { published: Err(error), .. }) => Reply::again("failed to publish", &error),
        Err(SaveError::Other(error)) => Reply::again("failed to save the run", &error),
        Err(SaveError::Conflict) => {
            let lost = async {
                match record_lost(app, &before.value, &acted).await {
                    Ok(()) => lost(app, event).await,
                    Err(error) => Reply::again("failed to record what was done", &error),
                }
            };
            timeout_at(bound, lost).await.unwrap_or_else(|_| over())
        }
    }
}

/// Somebody else took a hop: the event is late now, and is answered as such. Whatever the step did counts by what the
/// world shows; nothing is done again.
async fn lost(app: &App, event: &Event) -> Reply {
    match find(app, event).await {
        Ok(Found::Other(reply)) => reply,
        Ok(Found::Present(_)) => Reply::Again("the run was written meanwhile, and is where it was".into()),
        Err(error) => Reply::again("failed to load the run", &error),
    }
}

fn over() -> Reply {
    Reply::Again(Ended::TooLate.why())
}
