//! A prober that sends users' requests and counts what came back. A tokio task of its own.
mod report;
#[cfg(test)]
mod tests;

pub use report::{Failure, Minute, Report, Tally};

use crate::{SimulatedAzure, traffic};
use jiff::{SignedDuration, Timestamp};
use report::Book;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::task::JoinHandle;

/// One request a second in quiet times.
const SLOW: Duration = Duration::from_secs(1);
/// Twenty a second around a change.
const FAST: Duration = Duration::from_millis(50);
/// So long before and after a change it is watched closely.
const AROUND: SignedDuration = SignedDuration::from_secs(60);

/// A user who never stops asking. Dropping it stops it.
pub struct Prober {
    azure: SimulatedAzure,
    book: Arc<Mutex<Book>>,
    task: JoinHandle<()>,
}

impl Prober {
    /// Begins to ask each of `targets` (`host` or `host/path`): once a second, and 20 times a second in the minute
    /// before a change that is due, and in the minute after each change of a cluster, of its objects or of
    /// effective members.
    #[must_use]
    pub fn start(azure: &SimulatedAzure, targets: &[&str]) -> Self {
        let book = Arc::new(Mutex::new(Book::new(targets, azure.clock().now())));
        let task = tokio::spawn(run(azure.clone(), Arc::clone(&book)));
        Self { azure: azure.clone(), book, task }
    }

    /// Failures are counted as excused from `from` on and before `until` while this very cluster should serve: it gave
    /// the failing answer, or the gateway gave it and the cluster served that host within the minute before, or all
    /// that is behind the gateway is this cluster.
    /// To be declared before they happen: what has been counted stays.
    pub fn excuse(&self, cluster: &str, from: Timestamp, until: Timestamp) {
        self.book().excuse(cluster, from, until);
    }

    /// From now until that moment it asks 20 times a second.
    pub fn watch_closely(&self, until: Timestamp) {
        let mut book = self.book();
        book.close_until = book.close_until.max(until);
    }

    /// What was seen so far.
    #[must_use]
    pub fn report(&self) -> Report {
        self.book().report()
    }

    /// The share of traffic of each cluster, minute by minute.
    #[must_use]
    pub fn samples(&self) -> Vec<Minute> {
        self.book().report().minutes
    }

    /// Ends it, and says what was seen.
    #[must_use]
    pub fn stop(self) -> Report {
        self.task.abort();
        let report = self.book().report();
        tracing::debug!(until = %self.azure.clock().now(), sent = report.sent, "the prober has ended");
        report
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("nobody panics while writing the book")
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(azure: SimulatedAzure, book: Arc<Mutex<Book>>) {
    let mut calls = azure.world().calls.len();
    loop {
        let pause = ask_all(&azure, &book, &mut calls);
        azure.clock().sleep(pause).await;
    }
}

/// Sends one request to each target; gives the pause until the next.
fn ask_all(azure: &SimulatedAzure, book: &Mutex<Book>, calls: &mut usize) -> Duration {
    let now = azure.clock().now();
    let mut world = azure.world();
    let mut book = book.lock().expect("nobody panics while writing the book");
    for target in 0..book.targets.len() {
        let asked = Arc::clone(&book.targets);
        let (host, path) = &asked[target];
        let answer = traffic::visit(&mut world, host, path, now);
        let by_the_gateway = answer.as_ref().is_some_and(|answer| answer.status >= 500 && answer.cluster.is_none());
        let behind =
            if by_the_gateway { traffic::clusters_behind(&mut world, host, path, now) } else { BTreeSet::new() };
        book.note(target, answer.as_ref(), &behind, now);
    }
    // Writes to a cluster's objects: pods come and go after them.
    let seen = std::mem::replace(calls, world.calls.len()).min(world.calls.len());
    let written =
        |call: &crate::record::Call| call.writes() && (call.host.contains(".azmk8s.") || call.host.contains(".azk8s."));
    let objects = world.calls[seen..].iter().rev().find(|call| written(call)).map(|call| call.at);
    let changed = [world.resource_manager.last_change(), objects, book.surprised].into_iter().flatten().max();
    if let Some(close) = changed.and_then(|at| at.checked_add(AROUND).ok()) {
        book.close_until = book.close_until.max(close);
    }
    let world = &mut *world;
    let due = [world.resource_manager.next_effect(), world.kubernetes.next_change(now)].into_iter().flatten().min();
    let soon = due.is_some_and(|due| due.duration_since(now) <= AROUND);
    if soon || now < book.close_until { FAST } else { SLOW }
}
