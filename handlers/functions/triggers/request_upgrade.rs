//! A request from the queue starts a run, or leaves a record that says why not.
use crate::functions::app::App;
use crate::functions::envelope::{Delivered, Unread};
use crate::functions::refusals;
use crate::functions::reply::Reply;
use crate::functions::start::{Started, start};
use crate::plan::request::{Refused, Request};
use crate::run::event::{Message, REQUESTS};
use crate::site::is_name;
use crate::store::Shelf;
use azure_core::Uuid;
use jiff::SignedDuration;
use tracing::{info, warn};

/// A request that came too many is tried again after so long.
const LATER: SignedDuration = SignedDuration::from_mins(5);

/// Starts a run, or says why not.
pub async fn request_upgrade(app: &App, delivered: Result<Delivered, Unread>) -> Reply {
    let Delivered { body, message_id, .. } = match delivered {
        Ok(delivered) => delivered,
        Err(unread) => return refusals::unreadable(app, REQUESTS, &unread).await,
    };
    let came = body.to_string();
    let request = Request::read(body).and_then(|request| match is_name(&request.site) {
        true => Ok(request.bounded()),
        false => Err(format!("{:?} is no site's name: 1 to 40 lower-case letters, digits and hyphens", request.site)),
    });
    let request = match request {
        Ok(request) => request,
        Err(why) => {
            return refusals::unreadable(
                app,
                REQUESTS,
                &Unread { why, message_id, dead_letter: None, came, is_no_message: false },
            )
            .await;
        }
    };
    let message_id = message_id.filter(|id| !id.trim().is_empty());
    let id = request.id.clone().or(message_id).unwrap_or_else(|| Uuid::new_v4().to_string());
    match answered(app, &request, &id).await {
        Ok(said) => Reply::Done(said),
        Err(error) => {
            warn!(site = request.site, "the request is tried again: {error:#}");
            Reply::Again("the request could not be handled now".into())
        }
    }
}

async fn answered(app: &App, request: &Request, id: &str) -> anyhow::Result<String> {
    match start(app, &claimed(request), id).await? {
        Started::Run(run) => {
            app.store.waits_no_more(id).await?;
            Ok(format!("run {run}"))
        }
        // What starts by itself asks for the same more than once.
        Started::Ended(run) if !request.by_person() => Ok(format!("run {run} has ended already")),
        Started::Ended(run) => {
            let why = format!(
                "the run {run} was this request's, by its id {id:?}, and has ended: give a new request a new id"
            );
            refused(app, request, id, &why).await
        }
        Started::Refused(why) => refused(app, request, id, &why).await,
        Started::Later(why) => {
            info!(site = request.site, request = id, "later: {why}");
            record(app, Shelf::Waiting, id, request, &why).await?;
            let again = Request { id: Some(id.to_owned()), ..request.clone() };
            // A new one: the same would be eaten by duplicate detection.
            let message = Message::asking(format!("{id}/{}", Uuid::new_v4().simple()), &again)?;
            let message = Message { at: Some(app.store.now()? + LATER), ..message };
            app.bus.publish(&message).await?;
            Ok(format!("later: {why}"))
        }
    }
}

async fn refused(app: &App, request: &Request, id: &str, why: &str) -> anyhow::Result<String> {
    warn!(site = request.site, request = id, "refused: {why}");
    record(app, Shelf::Refusals, id, request, why).await?;
    app.store.waits_no_more(id).await?;
    Ok(format!("refused: {why}"))
}

/// The same request, with the name of whoever asks shown as what it is: a message cannot prove its sender.
fn claimed(request: &Request) -> Request {
    let who = request.requested_by.as_ref().map(|who| match request.by_person() {
        true => format!("{who}, claimed"),
        false => who.clone(),
    });
    Request { requested_by: who, ..request.clone() }
}

async fn record(app: &App, shelf: Shelf, id: &str, request: &Request, why: &str) -> anyhow::Result<()> {
    let request = Request { id: Some(id.to_owned()), ..request.clone() };
    let refused = Refused { at: app.store.now()?, request, why: why.to_owned(), queue: None, came: None };
    app.store.record(shelf, id, &refused).await
}
