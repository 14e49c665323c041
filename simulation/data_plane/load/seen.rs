//! What the load generator has seen: the prober's book, latencies, the last second, the last failures. Pure.
use super::sending::Outcome;
use crate::{book::Book, prober::Report};
use hdrhistogram::Histogram;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// So many failures are kept with their reasons, the latest ones.
const KEPT_FAILURES: usize = 100;
const LAST: Duration = Duration::from_secs(1);
/// Longer latencies, in microseconds, count as this one: an hour.
const LONGEST: u64 = 3_600_000_000;

/// A request that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// When that was seen, by the world's clock.
    pub at: Timestamp,
    /// Host name and path that were asked.
    pub target: String,
    /// Why: `502 of the gateway`, `500 of aks-blue`, `connection refused`.
    pub reason: String,
    /// Whether it was declared beforehand.
    pub excused: bool,
}

/// The load as a live view shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// So many requests were answered, well or not, or given up, in the last second of real time.
    pub rate: usize,
    /// The part of each cluster in what was answered well in the last second, 0 to 1.
    pub shares: BTreeMap<String, f64>,
    /// All requests so far that have an outcome.
    pub sent: u64,
    /// Those that failed without excuse.
    pub failed: u64,
    /// Those that failed and were excused.
    pub excused: u64,
    /// Requests that the generator could not send for want of ports, file handles or memory: in no other number.
    pub unsent: u64,
    /// Half of all answers came within this real time.
    pub p50: Duration,
    /// 99 of 100 answers came within this real time.
    pub p99: Duration,
    /// The latest failures, in the order of time.
    pub failures: Vec<Failed>,
}

/// Everything that a load generator has seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadReport {
    /// What a prober would report: the same numbers, by the same definition of failure.
    pub report: Report,
    /// Requests that the generator could not send for want of ports, file handles or memory: in no other number.
    pub unsent: u64,
    /// Why the latest of these could not be sent.
    pub unsent_because: Option<String>,
    /// Half of all answers came within this real time.
    pub p50: Duration,
    /// 99 of 100 answers came within this real time.
    pub p99: Duration,
    /// The longest that an answer took, in real time.
    pub longest: Duration,
    /// The real time for which requests were sent.
    pub took: Duration,
    /// The latest failures with their reasons.
    pub failures: Vec<Failed>,
}

pub(super) struct Seen {
    pub book: Book,
    latencies: Histogram<u64>,
    recent: VecDeque<Recent>,
    failures: VecDeque<Failed>,
    unsent: u64,
    unsent_because: Option<String>,
}

struct Recent {
    at: Instant,
    /// Who answered it well.
    served: Option<String>,
}

impl Seen {
    pub fn new(targets: &[&str], now: Timestamp) -> Self {
        Self {
            book: Book::new(targets, now),
            // With bounds: a histogram that grows by itself does not do so where values are clamped.
            latencies: Histogram::new_with_bounds(1, LONGEST, 3)
                .expect("an hour in 3 digits is what a histogram can have"),
            recent: VecDeque::new(),
            failures: VecDeque::new(),
            unsent: 0,
            unsent_because: None,
        }
    }

    pub fn note(
        &mut self,
        target: usize,
        outcome: Outcome,
        behind: &BTreeSet<String>,
        at: Timestamp,
        moment: Instant,
        latency: Duration,
    ) {
        let (answer, broken) = match outcome {
            // Nobody has a listener for the host: to the prober that is no answer at all.
            Outcome::Answered(answer) if answer.status == 404 && answer.cluster.is_none() => {
                (None, Some("404 of the gateway".to_owned()))
            }
            Outcome::Answered(answer) => (Some(answer), None),
            Outcome::Unanswered(why) => (None, Some(why)),
            Outcome::Own(why) => {
                self.unsent += 1;
                self.unsent_because = Some(why);
                return;
            }
        };
        let counts = self.book.note(target, answer.as_ref(), behind, at);
        let failed = counts.failed + counts.excused > 0;
        if answer.is_some() {
            self.latencies.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
        }
        if failed {
            let (host, path) = &self.book.targets[target];
            let reason =
                broken.or_else(|| answer.as_ref().map(|answer| reason(answer.status, answer.cluster.as_deref())));
            let reason = reason.unwrap_or_default();
            self.failures.push_back(Failed {
                at,
                target: format!("{host}{path}"),
                reason,
                excused: counts.excused > 0,
            });
            if self.failures.len() > KEPT_FAILURES {
                self.failures.pop_front();
            }
        }
        self.recent
            .push_back(Recent { at: moment, served: answer.filter(|_| !failed).and_then(|answer| answer.cluster) });
        self.forget(moment);
    }

    fn forget(&mut self, now: Instant) {
        while self.recent.front().is_some_and(|oldest| now.duration_since(oldest.at) > LAST) {
            self.recent.pop_front();
        }
    }

    pub fn snapshot(&mut self, now: Instant) -> Snapshot {
        self.forget(now);
        let mut served: BTreeMap<String, f64> = BTreeMap::new();
        for cluster in self.recent.iter().filter_map(|recent| recent.served.clone()) {
            *served.entry(cluster).or_default() += 1.0;
        }
        let all: f64 = served.values().sum();
        served.values_mut().for_each(|count| *count /= all);
        let (sent, failed, excused) = self.book.counts();
        Snapshot {
            rate: self.recent.len(),
            shares: served,
            sent,
            failed,
            excused,
            unsent: self.unsent,
            p50: self.within(0.5),
            p99: self.within(0.99),
            failures: self.failures.iter().cloned().collect(),
        }
    }

    pub fn report(&self, took: Duration) -> LoadReport {
        LoadReport {
            report: self.book.report(),
            unsent: self.unsent,
            unsent_because: self.unsent_because.clone(),
            p50: self.within(0.5),
            p99: self.within(0.99),
            longest: Duration::from_micros(self.latencies.max()),
            took,
            failures: self.failures.iter().cloned().collect(),
        }
    }

    fn within(&self, part: f64) -> Duration {
        Duration::from_micros(self.latencies.value_at_quantile(part))
    }
}

fn reason(status: u16, cluster: Option<&str>) -> String {
    format!("{status} of {}", cluster.unwrap_or("the gateway"))
}
