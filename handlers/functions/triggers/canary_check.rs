//! Each minute: is the traffic of every run as it should be? Breached: back, here and now. Also sweeps, and once an hour looks
//! at the steps' subscriptions. Whoever waits longest is first; what goes wrong at one run costs that run's check.
use super::checking::{check, unchecked};
use crate::functions::app::App;
use crate::functions::deliveries;
use crate::functions::reply::Reply;
use crate::store::turns::Turns;
use futures::FutureExt;
use futures::future::join_all;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tracing::{error, warn};

/// So many looks are made side by side. Not more: an instance has few outgoing ports. Waiting takes none.
const AT_ONCE: usize = 96;
/// All looking is over after this: the next check comes each minute. What comes of a look has a bound of its own.
const BUDGET: Duration = Duration::from_secs(50);

/// Looks at every run.
pub async fn canary_check(app: &App) -> Reply {
    let ends = app.clock.after(BUDGET);
    let listed = async { anyhow::Ok((app.store.sites_with_runs().await?, app.store.turns().await?)) };
    let (sites, turns) = match timeout_at(ends, listed).await {
        Ok(Ok(listed)) => listed,
        Ok(Err(error)) => return Reply::again("the runs could not be listed", &error),
        Err(_) => return Reply::again("the runs could not be listed", &anyhow::anyhow!("the store does not answer")),
    };
    let began = app.store.now();
    let sites = turns.in_order(sites);
    let (checked, ()) = tokio::join!(check_all(app, sites, ends), deliveries::hourly(app, ends));
    let left_over = checked.iter().filter(|(_, had_its_turn)| !had_its_turn).count();
    let mut said = format!("{} runs, {left_over} left over", checked.len());
    if let Ok(began) = began {
        let turns = turns.after(&checked, began);
        said += &call(&turns, left_over);
        if let Err(error) = app.store.keep_turns(&turns).await {
            warn!("who had no turn is not remembered: {error:#}");
        }
    }
    Reply::Done(said)
}

/// Says what there was no time for; whoever waits for the second time is a person's.
fn call(turns: &Turns, left_over: usize) -> String {
    if left_over > 0 {
        warn!(left_over, "runs were not checked in time; they are the first of the next check");
    }
    let again = turns.left_over_again();
    if again.is_empty() {
        return String::new();
    }
    let (count, first) = (again.len(), again[..again.len().min(10)].join(", "));
    error!(count, "needs a person: runs were not checked in time at two checks in a row: {first}");
    format!(", {count} left over again")
}

/// Checks these sites, and says of each whether there was time for it.
async fn check_all(app: &App, sites: Vec<String>, ends: Instant) -> Vec<(String, bool)> {
    let seats = &Semaphore::new(AT_ONCE);
    let checks = sites.into_iter().map(|site| async move {
        let caught = AssertUnwindSafe(check(app, seats, &site, ends)).catch_unwind().await;
        let had_its_turn = match caught {
            Ok(Ok(had_its_turn)) => had_its_turn,
            Ok(Err(error)) => {
                unchecked(app, &site, &error, ends).await;
                true
            }
            Err(_) => {
                error!(site, "needs a person: a panic in the check of this run");
                true
            }
        };
        (site, had_its_turn)
    });
    join_all(checks).await
}
