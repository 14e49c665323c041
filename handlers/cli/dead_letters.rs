//! `bluegreen dead-letters`: messages that could not be handled. The function that takes them leaves a record of each request,
//! and marks the run of each event.
use super::exit::Exit;
use super::out::complain;
use super::times::full;
use super::{say, status};
use crate::functions::app::App;
use crate::functions::commit::{Changed, change};
use crate::plan::request::{Refused, Request};
use crate::run::event::Message;
use crate::run::watchers::redrive;
use crate::site::is_name;
use crate::store::Shelf;
use crate::text::plain;
use azure_core::Uuid;
use clap::Subcommand;
use serde_json::Value;
use std::fmt::Write;
use std::process::ExitCode;

/// The queue that they come from.
const QUEUE: &str = "dead-letters";
/// So many records are looked at.
const RECORDS: usize = 200;

/// What to do with them.
#[derive(Debug, Subcommand)]
pub enum DeadLetters {
    /// List them, the newest first, and the runs whose events could not be handled
    List,
    /// Show one: what came, and why it could not be handled
    Show {
        /// Its id, as `list` shows it
        id: String,
    },
    /// Send it again, once its cause is mended: what came is validated again. For a run's events: the site's name
    Redrive {
        /// Its id, or the site whose run's event is to be sent again
        id: String,
    },
    /// Take its record away
    Discard {
        /// Its id
        id: String,
    },
}

/// Carries it out, as this account.
///
/// # Errors
/// When the store or the bus does not answer.
pub async fn dead_letters(app: &App, account: &str, command: DeadLetters) -> anyhow::Result<ExitCode> {
    match command {
        DeadLetters::List => list(app).await,
        DeadLetters::Show { id } => show(app, &id).await,
        DeadLetters::Redrive { id } => again(app, account, &id).await,
        DeadLetters::Discard { id } => discard(app, &id).await,
    }
}

async fn all(app: &App) -> anyhow::Result<Vec<Refused>> {
    let read = app.store.requests(Shelf::Refusals, RECORDS).await?.into_iter();
    Ok(read.filter(|record| record.queue.as_deref() == Some(QUEUE)).collect())
}

async fn find(app: &App, id: &str) -> anyhow::Result<Option<Refused>> {
    Ok(all(app).await?.into_iter().find(|record| record.request.id.as_deref() == Some(id)))
}

async fn list(app: &App) -> anyhow::Result<ExitCode> {
    let mut text = String::new();
    for record in all(app).await? {
        let id = record.request.id.as_deref().unwrap_or("unknown");
        writeln!(text, "{}  {}  {}", full(record.at), plain(id), plain(&record.why))?;
    }
    for site in app.store.sites_with_runs().await? {
        let Ok(Some(found)) = app.store.run(&site).await else { continue };
        let run = found.value;
        if run.dead_letters > 0 && run.ending.is_none() {
            let dead = run.dead_letters;
            writeln!(text, "{site}: {dead} events of {} could not be handled: bluegreen why {site}", run.step)?;
        }
    }
    say(if text.is_empty() { "no dead letters\n" } else { &text })?;
    Ok(Exit::Done.into())
}

async fn show(app: &App, id: &str) -> anyhow::Result<ExitCode> {
    let Some(record) = find(app, id).await? else { return nothing(id) };
    let came = record.came.as_deref().unwrap_or("(nothing is kept of it)");
    let (at, why, came, id) = (full(record.at), plain(&record.why), plain(came), plain(id));
    say(&format!("{at}\n  why    {why}\n  came   {came}\n  again  bluegreen dead-letters redrive {id}\n"))?;
    Ok(Exit::Done.into())
}

async fn again(app: &App, account: &str, id: &str) -> anyhow::Result<ExitCode> {
    if let Some(record) = find(app, id).await? {
        return send_again(app, account, &record).await;
    }
    if !is_name(id) || app.store.run(id).await?.is_none() {
        return nothing(id);
    }
    match change(app, id, |run, now| redrive(run, account, now).ok_or(run.held.is_some())).await? {
        Changed::Yes(run) => {
            say(&status::line(&run, app.store.now()?))?;
            Ok(Exit::Done.into())
        }
        Changed::NoRun => nothing(id),
        Changed::Refused(true) => {
            complain(&format!("bluegreen: the run is held; once the cause is mended: bluegreen resume {id}\n"));
            Ok(Exit::Otherwise.into())
        }
        Changed::Refused(false) => {
            complain(&format!("bluegreen: no event of this run was lost: bluegreen status {id}\n"));
            Ok(Exit::Otherwise.into())
        }
    }
}

/// A request is validated as it was when it came, and goes into the queue as a new message with the request's own id.
async fn send_again(app: &App, account: &str, record: &Refused) -> anyhow::Result<ExitCode> {
    let id = record.request.id.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
    let came = serde_json::from_str::<Value>(record.came.as_deref().unwrap_or_default());
    let request = came
        .map_err(|_| "it is no JSON, or was too long to be kept whole".to_owned())
        .and_then(Request::read)
        .and_then(|request| if is_name(&request.site) { Ok(request) } else { Err("it names no site".to_owned()) });
    let request = match request {
        Ok(request) => request.bounded(),
        Err(why) => {
            complain(&format!(
                "bluegreen: it cannot be sent again: {}; ask anew: bluegreen start SITE VERSION\n",
                plain(&why)
            ));
            return Ok(Exit::Otherwise.into());
        }
    };
    if !matches!(app.store.checked_site(&request.site).await?, Some(Ok(_))) {
        let site = &request.site;
        complain(&format!("bluegreen: the site {site} is not published, or has mistakes: bluegreen site list\n"));
        return Ok(Exit::Otherwise.into());
    }
    let request = Request { id: Some(id.clone()), requested_by: Some(account.to_owned()), ..request };
    // A new one: the same would be eaten by duplicate detection.
    let message = Message::asking(format!("{id}/{}", Uuid::new_v4().simple()), &request)?;
    app.bus.publish(&message).await?;
    app.store.forget_refusal(&id, record.at).await?;
    say(&format!("sent again as {id}; what becomes of it: bluegreen status {}\n", request.site))?;
    Ok(Exit::Done.into())
}

async fn discard(app: &App, id: &str) -> anyhow::Result<ExitCode> {
    let Some(record) = find(app, id).await? else { return nothing(id) };
    app.store.forget_refusal(id, record.at).await?;
    say(&format!("{} is shown no more\n", plain(id)))?;
    Ok(Exit::Done.into())
}

fn nothing(id: &str) -> anyhow::Result<ExitCode> {
    complain(&format!("bluegreen: there is no dead letter {}; which are: bluegreen dead-letters list\n", plain(id)));
    Ok(Exit::Nothing.into())
}
