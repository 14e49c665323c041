//! A dead letter marks its run; one that is of no run calls a person. It is always dealt with: there is no further queue behind this one.
use crate::functions::app::App;
use crate::functions::calls::call;
use crate::functions::commit::{Changed, change};
use crate::functions::envelope::{Delivered, Unread};
use crate::functions::refusals;
use crate::functions::reply::Reply;
use crate::run::event::Event;
use crate::run::watchers;
use crate::text::{LONGEST_REASON, cut};
use tracing::{error, warn};

/// The queue into which all dead letters are forwarded.
const QUEUE: &str = "dead-letters";

/// Marks the run of a dead letter.
pub async fn dead_letter(app: &App, delivered: Result<Delivered, Unread>) -> Reply {
    let delivered = match delivered {
        Ok(delivered) => delivered,
        Err(unread) => {
            let Unread { why, message_id, dead_letter, came, .. } = &unread;
            let (id, where_from) = (message_id.as_deref().unwrap_or("unknown"), dead_letter.as_deref().unwrap_or(""));
            let told = format!("a dead letter is unreadable, message {} ({where_from}): {why}: {came}", cut(id, 200));
            call(app, "dead-letter/unreadable", "", &told).await;
            // It is gone now: what is known of it stays.
            refusals::unreadable(app, QUEUE, &unread).await;
            return Reply::Done("unreadable".into());
        }
    };
    let reason = &cut(delivered.dead_letter.as_deref().unwrap_or("no reason was given"), LONGEST_REASON);
    let Ok(event) = serde_json::from_value::<Event>(delivered.body.clone()) else {
        let (body, message) = (cut(&delivered.body.to_string(), 500), delivered.message_id.unwrap_or_default());
        let told = format!("a dead letter that is no event, message {} ({reason}): {body}", cut(&message, 200));
        call(app, "dead-letter/no-event", "", &told).await;
        // A request that waited came as messages of its own.
        let id = delivered.body["id"].as_str().map_or(message, str::to_owned);
        let why = format!("it could not be handled, and is a dead letter now: {reason}");
        refusals::refuse(app, QUEUE, &id, &why, &body).await;
        if let Err(error) = app.store.waits_no_more(&id).await {
            error!(request = id, "it is still shown as one that waits: {error:#}");
        }
        return Reply::Done("no event of a run".into());
    };
    // The third of a step holds the run, and calls.
    warn!(site = event.site, run.id = event.run, step = %event.step, hop = event.hop,
        "an event could not be handled: {reason}");
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
