//! The prober's book: what was sent, what failed, who answered. Pure.
#[cfg(test)]
mod tests;
mod user;

pub(crate) use user::{User, open};

use crate::traffic::Answer;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// So many failures are kept one by one; the others are only counted.
const KEPT_FAILURES: usize = 100;
const RECENTLY: SignedDuration = SignedDuration::from_secs(60);

/// A number of requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many were sent.
    pub sent: u64,
    /// How many failed without excuse: no answer, or a status of 500 and more.
    pub failed: u64,
    /// How many failed and were excused.
    pub excused: u64,
}

/// One minute of the simulated world.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Minute {
    /// Its beginning.
    pub from: Timestamp,
    /// What was sent in it.
    pub tally: Tally,
    /// How many requests each cluster answered well.
    pub served: BTreeMap<String, u64>,
}

impl Minute {
    /// The part of the well answered requests that this cluster answered, 0 to 1; 0 when there was none.
    #[must_use]
    pub fn share(&self, cluster: &str) -> f64 {
        let all: u64 = self.served.values().sum();
        let own = self.served.get(cluster).copied().unwrap_or_default();
        if all == 0 { 0.0 } else { own as f64 / all as f64 }
    }
}

/// One request that failed without excuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// When.
    pub at: Timestamp,
    /// The host name that was asked.
    pub host: String,
    /// The path that was asked.
    pub path: String,
    /// The status; `None`: no gateway has a listener for the host.
    pub status: Option<u16>,
    /// The cluster that answered; `None`: the gateway itself.
    pub cluster: Option<String>,
}

/// Everything that a prober has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many requests were sent.
    pub sent: u64,
    /// How many failed without excuse.
    pub failed: u64,
    /// How many failed and were excused.
    pub excused: u64,
    /// What each cluster answered; the gateway's own answers are under the empty name.
    pub clusters: BTreeMap<String, Tally>,
    /// Second by second, by the seconds since 1970.
    pub seconds: BTreeMap<i64, Tally>,
    /// Minute by minute.
    pub minutes: Vec<Minute>,
    /// The first failures without excuse.
    pub failures: Vec<Failure>,
}

#[derive(Debug)]
pub(crate) struct Book {
    pub targets: Arc<[(String, String)]>,
    pub close_until: Timestamp,
    /// When a target last began to fail or to be well, or was answered by a cluster anew.
    pub surprised: Option<Timestamp>,
    failing: Vec<bool>,
    served: BTreeMap<(usize, String), Timestamp>,
    excuses: Vec<(String, Timestamp, Timestamp)>,
    report: Report,
}

impl Book {
    pub fn new(targets: &[&str], now: Timestamp) -> Self {
        let parts = |target: &&str| match target.split_once('/') {
            Some((host, path)) => (host.to_owned(), format!("/{path}")),
            None => ((*target).to_owned(), "/".to_owned()),
        };
        Self {
            targets: targets.iter().map(parts).collect(),
            close_until: now,
            surprised: None,
            failing: vec![false; targets.len()],
            served: BTreeMap::new(),
            excuses: vec![],
            report: Report::default(),
        }
    }

    pub fn excuse(&mut self, cluster: &str, from: Timestamp, until: Timestamp) {
        self.excuses.push((cluster.into(), from, until));
    }

    /// `behind`: the clusters at the members behind the gateway, when it answered itself. Gives what this one counts.
    pub fn note(&mut self, target: usize, answer: Option<&Answer>, behind: &BTreeSet<String>, now: Timestamp) -> Tally {
        let failed = answer.is_none_or(|answer| answer.status >= 500);
        let cluster = answer.and_then(|answer| answer.cluster.clone());
        let excused = failed && self.is_excused(target, cluster.as_deref(), behind, now);
        let one = Tally { sent: 1, failed: u64::from(failed && !excused), excused: u64::from(excused) };
        let report = &mut self.report;
        (report.sent, report.failed, report.excused) =
            (report.sent + 1, report.failed + one.failed, report.excused + one.excused);
        report.seconds.entry(now.as_second()).or_default().add(&one);
        entry(&mut report.clusters, cluster.as_deref().unwrap_or_default()).add(&one);
        let from = Timestamp::from_second(now.as_second().div_euclid(60) * 60).unwrap_or(now);
        if report.minutes.last().is_none_or(|minute| minute.from != from) {
            report.minutes.push(Minute { from, ..Minute::default() });
        }
        if let Some(minute) = report.minutes.last_mut() {
            minute.tally.add(&one);
            if let (false, Some(cluster)) = (failed, &cluster) {
                *entry(&mut minute.served, cluster) += 1;
            }
        }
        if one.failed > 0 && report.failures.len() < KEPT_FAILURES {
            let (host, path) = self.targets[target].clone();
            let status = answer.map(|answer| answer.status);
            report.failures.push(Failure { at: now, host, path, status, cluster: cluster.clone() });
        }
        let mut news = self.failing[target] != failed;
        self.failing[target] = failed;
        if let (false, Some(cluster)) = (failed, cluster) {
            let before = self.served.insert((target, cluster), now);
            news |= before.is_none_or(|before| now.duration_since(before) > RECENTLY);
        }
        if news {
            self.surprised = Some(now);
        }
        one
    }

    fn is_excused(&self, target: usize, cluster: Option<&str>, behind: &BTreeSet<String>, now: Timestamp) -> bool {
        self.excuses.iter().any(|(excused, from, until)| {
            let should_serve = || {
                let served = self.served.get(&(target, excused.clone()));
                let stands_alone = behind.len() == 1 && behind.contains(excused);
                stands_alone || served.is_some_and(|served| (*from).min(now).duration_since(*served) <= RECENTLY)
            };
            *from <= now && now < *until && cluster.map_or_else(should_serve, |cluster| cluster == excused)
        })
    }

    pub fn report(&self) -> Report {
        self.report.clone()
    }

    /// How many were sent, failed without excuse, and were excused.
    pub fn counts(&self) -> (u64, u64, u64) {
        (self.report.sent, self.report.failed, self.report.excused)
    }
}

/// The entry of a name, made at its first use alone.
fn entry<'map, T: Default>(map: &'map mut BTreeMap<String, T>, name: &str) -> &'map mut T {
    if !map.contains_key(name) {
        map.insert(name.to_owned(), T::default());
    }
    map.get_mut(name).expect("it was put in just before")
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.failed += other.failed;
        self.excused += other.excused;
    }
}
