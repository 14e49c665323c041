//! A run's document is never deleted by us. One that the last check saw under way, and that is there no more, was taken away:
//! nobody watches its traffic, and nobody turns it back.
use super::app::App;
use super::calls::call;
use crate::run::{Run, RunId};
use crate::store::Unreadable;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::timeout_at;
use tracing::warn;

/// The comparison is over after this: the next check comes each minute.
const BOUND: Duration = Duration::from_secs(30);

/// What a check saw of the runs: of each site the id of its run, or `None` when that has ended. What could not be read is
/// not in it.
pub type Seen = BTreeMap<String, Option<RunId>>;

/// What a look at a run says for the next check.
#[must_use]
pub fn sight(run: &Run) -> Option<RunId> {
    run.ending.is_none().then(|| run.id.clone())
}

/// Compares what this check saw with what the last one saw, calls for each run whose document is gone, and keeps what is
/// under way for the next.
pub async fn compare(app: &App, listed: &[String], seen: Seen) {
    match timeout_at(app.clock.after(BOUND), compared(app, listed, seen)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => warn!("it cannot be seen whether a run's document is gone: {error:#}"),
        Err(_) => warn!("it cannot be seen in time whether a run's document is gone"),
    }
}

async fn compared(app: &App, listed: &[String], seen: Seen) -> anyhow::Result<()> {
    let before = app.store.under_way().await?;
    let mut now = before.clone();
    for (site, run) in seen {
        match run {
            Some(run) => drop(now.insert(site, run)),
            None => drop(now.remove(&site)),
        }
    }
    for (site, run) in &before {
        // A list may be of the moment before the run was there again: the document itself is asked for.
        if !listed.contains(site) && matches!(app.store.run(site).await, Ok(None)) {
            gone(app, site, run).await;
        }
    }
    if now != before {
        app.store.keep_under_way(&now).await?;
    }
    Ok(())
}

/// Calls for a run whose document is gone.
pub async fn gone(app: &App, site: &str, run: &str) {
    let why = format!(
        "the document of the run {run} is gone from the store (container runs, blob active/{site}.json), and was under way: \
         nobody watches its traffic or turns it back. Undelete the blob, and it goes on; or send all traffic to one cluster \
         with `bluegreen break-glass {site} --to COLOUR`, and delete the other one by hand"
    );
    call(app, &format!("run-gone/{site}"), site, &why).await;
}

/// Calls for a run whose document cannot be read; any other error is only logged: the next check looks anew.
pub async fn not_checked(app: &App, site: &str, error: &anyhow::Error) {
    if !error.is::<Unreadable>() {
        return warn!(site, "could not be checked: {error:#}");
    }
    let why = format!(
        "{error:#}: its traffic is not watched, and it stays untouched. Bring the newest version of blob active/{site}.json \
         that can be read back, or deploy the release that wrote it; `bluegreen break-glass {site} --to COLOUR` works \
         without it"
    );
    call(app, &format!("run-unreadable/{site}"), site, &why).await;
}
