//! A prober that sends users' requests and counts what came back.
//!
//! Its requests are carried out when somebody next looks at the world, each at its own moment and before anything
//! later happens: the same answers as from a task that wakes for each of them, without the waking.
pub use crate::book::{Failure, Minute, Report, Tally};

use crate::SimulatedAzure;
use crate::book::{Book, User, open};
use jiff::Timestamp;
use std::sync::{Arc, Mutex, MutexGuard};

/// A user who never stops asking. Dropping it stops it.
pub struct Prober {
    azure: SimulatedAzure,
    book: Arc<Mutex<Book>>,
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
