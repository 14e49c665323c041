//! Each minute: is the traffic of every run as it should be? Breached: back, here and now. Also sweeps, and once an hour looks
//! at the steps' subscriptions. Whoever waits longest is first; what goes wrong at one run costs that run's check.
use super::checking::{Checked, check};
use crate::functions::app::App;
use crate::functions::calls::call;
use crate::functions::capacity;
use crate::functions::deliveries;
use crate::functions::reply::Reply;
use crate::functions::telling;
use crate::functions::vanished::{Seen, compare, not_checked};
use crate::run::Run;
use crate::store::turns::Turns;
use futures::FutureExt;
use futures::future::join_all;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

/// So many looks are made side by side. Not more: an instance has few outgoing ports. Waiting takes none.
const AT_ONCE: usize = 96;
/// All looking is over after this: the next check comes each minute. What comes of a look has a bound of its own.
const BUDGET: Duration = Duration::from_secs(50);

/// Looks at every run.
pub async fn canary_check(app: &App) -> Reply {
    let ends = app.clock.after(BUDGET);
    let listed = async { anyhow::Ok((app.store.sites_and_lines().await?, app.store.turns().await?)) };
    let (found, turns) = match timeout_at(ends, listed).await {
        Ok(Ok(listed)) => listed,
        Ok(Err(error)) => return Reply::again("the runs could not be listed", &error),
        Err(_) => return Reply::again("the runs could not be listed", &anyhow::anyhow!("the store does not answer")),
    };
    let began = app.store.now();
    let listed: Vec<_> = found.iter().map(|(site, _)| site.clone()).collect();
    let without_line = found.into_iter().filter(|(_, has_line)| !has_line).map(|(site, _)| site);
    let sites = turns.in_order(listed.clone());
    let ((checked, seen, runs), (), ()) =
        tokio::join!(check_all(app, sites, ends), deliveries::hourly(app, ends), capacity::sometimes(app, ends));
    compare(app, &listed, seen).await;
    add_lines(app, without_line.take(AT_ONCE), ends).await;
    telling::tell(app, &runs).await;
    let left_over = checked.iter().filter(|(_, had_its_turn)| !had_its_turn).count();
    let mut said = format!("{} runs, {left_over} left over", checked.len());
    if let Ok(began) = began {
        let turns = turns.after(&checked, began);
        said += &tell(app, &turns, left_over).await;
        if let Err(error) = app.store.keep_turns(&turns).await {
            warn!("who had no turn is not remembered: {error:#}");
        }
    }
    Reply::Done(said)
}

/// Ended runs of older binaries get the line that lists show. Nothing depends on it: a document without one is read.
async fn add_lines(app: &App, sites: impl Iterator<Item = String>, ends: Instant) {
    let adding = async {
        for site in sites {
            app.store.add_line(&site).await?;
        }
        anyhow::Ok(())
    };
    match timeout_at(ends, AssertUnwindSafe(adding).catch_unwind()).await {
        Ok(Ok(Ok(()))) | Err(_) => {}
        Ok(Ok(Err(error))) => warn!("a list reads some documents still: {error:#}"),
        Ok(Err(_)) => warn!("a list reads some documents still: a panic"),
    }
}

/// Says what there was no time for; whoever waits for the second time is a person's.
async fn tell(app: &App, turns: &Turns, left_over: usize) -> String {
    if left_over > 0 {
        warn!(left_over, "runs were not checked in time; they are the first of the next check");
    }
    let again = turns.left_over_again();
    if again.is_empty() {
        return String::new();
    }
    let (count, first) = (again.len(), again[..again.len().min(10)].join(", "));
    let why = format!("{count} runs were not checked in time at two checks in a row: {first}");
    call(app, "not-checked", "", &why).await;
    format!(", {count} left over again")
}

/// Checks these sites: of each whether there was time for it, which runs are under way, and those of whom people may be told.
async fn check_all(app: &App, sites: Vec<String>, ends: Instant) -> (Vec<(String, bool)>, Seen, Vec<Run>) {
    let seats = &Semaphore::new(AT_ONCE);
    let checks = sites.into_iter().map(|site| async move {
        let caught = AssertUnwindSafe(check(app, seats, &site, ends)).catch_unwind().await;
        let checked = match caught {
            Ok(Ok(checked)) => checked,
            Ok(Err(error)) => {
                not_checked(app, &site, &error).await;
                Checked { had_its_turn: true, ..Checked::default() }
            }
            Err(_) => {
                call(app, &format!("panic/check/{site}"), &site, "a panic in the check of this run: see the log").await;
                Checked { had_its_turn: true, ..Checked::default() }
            }
        };
        (site, checked)
    });
    let (mut seen, mut runs) = (Seen::new(), vec![]);
    let had_turns = join_all(checks).await.into_iter().map(|(site, checked)| {
        seen.extend(checked.seen.map(|run| (site.clone(), run)));
        runs.extend(checked.run);
        (site, checked.had_its_turn)
    });
    (had_turns.collect(), seen, runs)
}
