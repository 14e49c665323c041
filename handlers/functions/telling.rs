//! People are told what their level asks for, by the check each minute: what is in the journal is told, at least once, whatever
//! process wrote it. No run ever waits for that.
use super::app::App;
use crate::process::targets::Target;
use crate::run::overview::{Wanted, message, untold};
use crate::run::{Entry, Run};
use crate::store::told::Told;
use futures::future::join_all;
use std::time::Duration;
use tokio::time::timeout;
use tracing::warn;

/// All telling of one check is over after this.
const BUDGET: Duration = Duration::from_secs(20);
/// What cannot be told in so many checks is left out: the log and its alerts have it.
const MOST_TRIES: u32 = 10;

/// Tells what these runs have to say and nobody was told yet.
pub async fn tell(app: &App, runs: &[Run]) {
    if !app.tell.has_targets() {
        return;
    }
    let all = runs.iter().filter(|run| untold(run, 0).next().is_some()).map(|run| of_run(app, run));
    if timeout(app.clock.real(BUDGET), join_all(all)).await.is_err() {
        warn!("not everybody could be told in time: the next check goes on");
    }
}

async fn of_run(app: &App, run: &Run) {
    let site = &run.plan.site.name;
    if let Err(error) = told(app, run).await {
        warn!(site, run.id, "it is not known what people were told: {error:#}");
    }
}

async fn told(app: &App, run: &Run) -> anyhow::Result<()> {
    let before = app.store.told(run).await?;
    let mut after = before.clone();
    for (number, entry) in untold(run, before.number) {
        let failed = to_all(app, run, number, entry).await?;
        if failed && after.tries + 1 < MOST_TRIES {
            after.tries += 1;
            break;
        }
        after = Told { number, tries: 0, ..after };
    }
    if after != before {
        app.store.keep_told(&run.plan.site.name, &after).await?;
    }
    Ok(())
}

/// Whether somebody who wants it could not be told.
async fn to_all(app: &App, run: &Run, number: u32, entry: &Entry) -> anyhow::Result<bool> {
    let now = app.store.now()?;
    let is_wanted = |target: &&Target| Wanted::of(entry).is_some_and(|wanted| target.levels.contains(&wanted));
    let sent = app
        .tell
        .targets()
        .iter()
        .filter(is_wanted)
        .map(|target| async move { app.tell.send(target, &message(run, number, entry, target.shape, now)).await });
    let failures: Vec<_> = join_all(sent).await.into_iter().filter_map(Result::err).collect();
    for failure in &failures {
        warn!(site = run.plan.site.name, run.id, number, "a person could not be told: {failure:#}");
    }
    Ok(!failures.is_empty())
}
