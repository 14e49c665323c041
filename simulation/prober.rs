//! A prober that sends users' requests and counts what came back.
//!
//! Its requests are carried out when somebody next looks at the world, each at its own moment and before anything
//! later happens: the same answers as from a task that wakes for each of them, without the waking.
pub(crate) mod report;
#[cfg(test)]
mod tests;

pub use report::{Failure, Minute, Report, Tally};

use crate::{SimulatedAzure, World, record::Call, traffic};
use jiff::{SignedDuration, Timestamp};
use report::Book;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

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
}

/// What the world knows of a prober: when it asks next. It is forgotten with its prober.
pub(crate) struct User {
    book: Weak<Mutex<Book>>,
    next: Timestamp,
    /// So many of the world's calls it has seen.
    calls: usize,
}

impl Prober {
    /// Begins to ask each of `targets` (`host` or `host/path`): once a second, and 20 times a second in the minute
    /// before a change that is due, and in the minute after each change of a cluster, of its objects or of
    /// effective members.
    #[must_use]
    pub fn start(azure: &SimulatedAzure, targets: &[&str]) -> Self {
        let now = azure.clock().now();
        let book = Arc::new(Mutex::new(Book::new(targets, now)));
        let mut world = azure.world();
        let calls = world.calls.len();
        world.users.push(User { book: Arc::downgrade(&book), next: now, calls });
        drop(world);
        Self { azure: azure.clone(), book }
    }

    /// Failures are counted as excused from `from` on and before `until` while this very cluster should serve: it gave
    /// the failing answer, or the gateway gave it and the cluster served that host within the minute before, or all
    /// that is behind the gateway is this cluster.
    /// To be declared before they happen: what has been counted stays.
    pub fn excuse(&self, cluster: &str, from: Timestamp, until: Timestamp) {
        self.up_to_date().excuse(cluster, from, until);
    }

    /// From now until that moment it asks 20 times a second.
    pub fn watch_closely(&self, until: Timestamp) {
        let mut book = self.up_to_date();
        book.close_until = book.close_until.max(until);
    }

    /// What was seen so far.
    #[must_use]
    pub fn report(&self) -> Report {
        self.up_to_date().report()
    }

    /// The share of traffic of each cluster, minute by minute.
    #[must_use]
    pub fn samples(&self) -> Vec<Minute> {
        self.up_to_date().report().minutes
    }

    /// Ends it, and says what was seen.
    #[must_use]
    pub fn stop(self) -> Report {
        self.report()
    }

    /// The book, with everything in it that was to be asked by now.
    fn up_to_date(&self) -> MutexGuard<'_, Book> {
        drop(self.azure.world());
        open(&self.book)
    }
}

fn open(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().expect("nobody panics while writing the book")
}

/// Lets all users ask what they were to ask by now, in the order of time.
pub(crate) fn catch_up(world: &mut World, now: Timestamp) {
    while let Some(at) = (0..world.users.len()).min_by_key(|at| world.users[*at].next) {
        if world.users[at].next > now {
            return;
        }
        let mut user = world.users.swap_remove(at);
        let Some(book) = user.book.upgrade() else { continue };
        let pause = ask_all(world, &mut open(&book), &mut user.calls, user.next);
        user.next = user.next.saturating_add(pause).unwrap_or(Timestamp::MAX);
        world.users.push(user);
    }
}

/// Sends one request to each target; gives the pause until the next.
fn ask_all(world: &mut World, book: &mut Book, calls: &mut usize, now: Timestamp) -> Duration {
    let targets = Arc::clone(&book.targets);
    for (target, (host, path)) in targets.iter().enumerate() {
        let answer = traffic::visit(world, host, None, path, now);
        let by_the_gateway = answer.as_ref().is_some_and(|answer| answer.status >= 500 && answer.cluster.is_none());
        let behind = if by_the_gateway { traffic::clusters_behind(world, host, path, now) } else { BTreeSet::new() };
        book.note(target, answer.as_ref(), &behind, now);
    }
    // Writes to a cluster's objects: pods come and go after them.
    let seen = std::mem::replace(calls, world.calls.len()).min(world.calls.len());
    let written = |call: &Call| call.writes() && (call.host.contains(".azmk8s.") || call.host.contains(".azk8s."));
    let objects = world.calls[seen..].iter().rev().find(|call| written(call)).map(|call| call.at);
    let changed = [world.resource_manager.last_change(), objects, book.surprised].into_iter().flatten().max();
    if let Some(close) = changed.and_then(|at| at.checked_add(AROUND).ok()) {
        book.close_until = book.close_until.max(close);
    }
    let due = [world.resource_manager.next_effect(), world.kubernetes.next_change(now)].into_iter().flatten().min();
    let soon = due.is_some_and(|due| due.duration_since(now) <= AROUND);
    if soon || now < book.close_until { FAST } else { SLOW }
}
