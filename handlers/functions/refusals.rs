//! What is not carried out is recorded: whoever asked finds it in `status` and at `GET /upgrades`.
use super::app::App;
use super::envelope::Unread;
use super::reply::Reply;
use crate::plan::request::{Refused, Request};
use crate::resources::digest::digest;
use crate::store::Shelf;
use crate::text::cut;
use tracing::warn;

/// So much of what came is kept.
const KEPT: usize = 300;

/// Records a message of this queue that can never be a request, and why.
pub async fn unreadable(app: &App, queue: &str, unread: &Unread) -> Reply {
    let Unread { why, message_id, came, .. } = unread;
    // The same message that comes again has the same id, and counts once.
    let id = message_id.clone().unwrap_or_else(|| digest(came)[..12].to_owned());
    refuse(app, queue, &id, why, came).await
}

/// The same for a message of which one part is wrong.
pub async fn refuse(app: &App, queue: &str, id: &str, why: &str, came: &str) -> Reply {
    warn!(queue, message = id, "refused: {why}");
    let recorded = async {
        // Whoever was just started knows the time only once the store has answered.
        app.store.records(Shelf::Waiting, 1).await?;
        let refused = Refused {
            at: app.store.now()?,
            request: Request { id: Some(cut(id, KEPT)), ..Request::default() },
            why: why.to_owned(),
            queue: Some(queue.to_owned()),
            came: Some(cut(came, KEPT)),
        };
        app.store.record(Shelf::Refusals, id, &refused).await
    };
    match recorded.await {
        Ok(()) => Reply::Done(format!("refused: {why}")),
        Err(error) => Reply::again("the refusal could not be recorded", &error),
    }
}
