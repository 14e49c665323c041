//! A dead letter marks its run and calls a person. It is always dealt with: there is no further queue behind this one.
use crate::functions::app::App;
use crate::functions::commit::{Changed, change};
use crate::functions::envelope::Delivered;
use crate::functions::reply::Reply;
use crate::run::event::Event;
use crate::run::watchers;
use tracing::error;

/// Marks the run of a dead letter.
pub async fn dead_letter(app: &App, delivered: Result<Delivered, String>) -> Reply {
    let delivered = match delivered {
        Ok(delivered) => delivered,
        Err(why) => {
            error!("needs a person: a dead letter is unreadable: {why}");
            return Reply::Done("unreadable".into());
        }
    };
    let reason = delivered.dead_letter.as_deref().unwrap_or("no reason was given");
    let Ok(event) = serde_json::from_value::<Event>(delivered.body.clone()) else {
        let body: String = delivered.body.to_string().chars().take(500).collect();
        error!(message_id = delivered.message_id, "needs a person: a dead letter that is no event ({reason}): {body}");
        return Reply::Done("no event of a run".into());
    };
    error!(site = event.site, run.id = event.run, step = %event.step, hop = event.hop,
        "needs a person: an event could not be handled: {reason}");
    match mark(app, &event, reason).await {
        Ok(said) => Reply::Done(said.into()),
        Err(error) => {
            // The run is overdue now: the sweep sends its event again.
            error!(run.id = event.run, "the run could not be marked: {error:#}");
            Reply::Done("not marked".into())
        }
    }
}

async fn mark(app: &App, event: &Event, reason: &str) -> anyhow::Result<&'static str> {
    let marked = change(app, &event.site, |run, now| {
        if run.id != event.run {
            return Err("no such run");
        }
        watchers::dead_letter(run, event.step, event.hop, reason, now).ok_or("late or early: it does not count")
    });
    Ok(match marked.await? {
        Changed::Yes(_) => "marked",
        Changed::Refused(why) => why,
        Changed::NoRun => "no such run",
    })
}
