//! A load generator: users' requests over real connections at a steady rate, and what came back.
mod seen;
mod sending;
#[cfg(test)]
mod tests;

pub use seen::{Failed, LoadReport, Snapshot};

use crate::SimulatedAzure;
use jiff::Timestamp;
use seen::Seen;
use sending::{Outcome, Sender};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What is asked, and how often.
#[derive(Clone, Debug)]
pub struct Options {
    /// Host names, each perhaps with a path (`shop.example.com/buy`), asked in turn.
    pub targets: Vec<String>,
    /// So many requests a second of real time; 0 counts as 1.
    pub rate: u32,
    /// A request without a whole answer after so long, in real time, has failed.
    pub timeout: Duration,
}

impl Options {
    /// 50 requests a second to one host name, each with 10 s to be answered.
    #[must_use]
    pub fn to(target: &str) -> Self {
        Self { targets: vec![target.into()], rate: 50, timeout: Duration::from_secs(10) }
    }
}

/// Users who never stop asking. Dropping it stops it at once.
pub struct Load {
    began: Instant,
    shared: Arc<Shared>,
}

struct Shared {
    azure: SimulatedAzure,
    /// Host name and path of each target.
    targets: Arc<[(String, String)]>,
    seen: Mutex<Seen>,
    sender: Sender,
    tasks: TaskTracker,
    /// No further request is sent.
    enough: CancellationToken,
    /// What is under way is given up.
    dropped: CancellationToken,
}

impl Load {
    /// Begins to send requests to a data plane's address. The rate is kept whatever the answers take: a slow gateway
    /// gets more requests at once, as from real users.
    #[must_use]
    pub fn start(azure: &SimulatedAzure, gateway: SocketAddr, options: &Options) -> Self {
        let targets: Vec<&str> = options.targets.iter().map(String::as_str).collect();
        let seen = Seen::new(&targets, azure.clock().now());
        let shared = Arc::new(Shared {
            azure: azure.clone(),
            targets: Arc::clone(&seen.book.targets),
            seen: Mutex::new(seen),
            sender: Sender::new(gateway, options.timeout),
            tasks: TaskTracker::new(),
            enough: CancellationToken::new(),
            dropped: CancellationToken::new(),
        });
        let pause = Duration::from_secs(1) / options.rate.max(1);
        shared.tasks.spawn(run(Arc::clone(&shared), pause));
        Self { began: Instant::now(), shared }
    }

    /// Excuses failures as [`Prober::excuse`](crate::prober::Prober::excuse) does, by the world's time at which they
    /// were seen.
    pub fn excuse(&self, cluster: &str, from: Timestamp, until: Timestamp) {
        self.shared.seen().book.excuse(cluster, from, until);
    }

    /// What a live view shows.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.shared.seen().snapshot(Instant::now())
    }

    /// What was seen so far.
    #[must_use]
    pub fn report(&self) -> LoadReport {
        self.shared.seen().report(self.began.elapsed())
    }

    /// Sends no more, waits for the answers that are due, and says what was seen.
    pub async fn stop(self) -> LoadReport {
        self.shared.enough.cancel();
        let took = self.began.elapsed();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
        self.shared.seen().report(took)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.enough.cancel();
        self.shared.dropped.cancel();
    }
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, target: usize, began: Instant, outcome: Outcome) {
        let (host, path) = &self.targets[target];
        // Why the gateway itself failed: asked before the book is opened, as the prober does.
        let behind = if outcome.is_of_the_gateway() {
            self.azure.world().clusters_behind(host, path, self.azure.clock().now())
        } else {
            BTreeSet::new()
        };
        let mut seen = self.seen();
        // Within the lock, so that the book's moments are in order.
        let (at, moment) = (self.azure.clock().now(), Instant::now());
        seen.note(target, outcome, &behind, at, moment, moment - began);
    }
}

async fn run(shared: Arc<Shared>, pause: Duration) {
    let mut ticks = tokio::time::interval(pause);
    // What was missed is made up for: the rate is kept.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for target in (0..shared.targets.len()).cycle() {
        tokio::select! {
            _ = ticks.tick() => {}
            () = shared.enough.cancelled() => return,
        }
        let shared = Arc::clone(&shared);
        shared.tasks.clone().spawn(async move {
            let began = Instant::now();
            let (host, path) = &shared.targets[target];
            tokio::select! {
                outcome = shared.sender.send(host, path) => shared.note(target, began, outcome),
                () = shared.dropped.cancelled() => {}
            }
        });
    }
}
