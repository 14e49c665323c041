//! How long users were without service while the other cluster could have served them.
use super::scene::{Scene, journal};
use super::what::{CallFault, What};
use bluegreen::local::failures::UNSERVED_AT_MOST;
use bluegreen::run::Run;
use bluegreen::step::Step;
use jiff::{SignedDuration, Timestamp};
use simulated_azure::prober::Report;
use std::time::Duration;

/// What is cut off is delivered again, or swept, so long after it could be: two sweeps and a redelivery.
const AGAIN: Duration = Duration::from_secs(180);
/// What somebody else decided: no run writes over it before a person has spoken.
const DECIDED: [&str; 7] = [
    "stranger-drops-mark",
    "stranger-drops-member",
    "stranger-template",
    "stranger-changes-setting",
    "glass-to-the-old",
    "glass-to-the-new",
    "tags-are-full",
];

impl Scene<'_> {
    /// The longest time in which no user was served although the old cluster could have served them and nobody had decided
    /// otherwise. It is never longer than what a dead cluster may cost, and what else went wrong meanwhile.
    pub fn longest_unserved(&self, run: &Run, users: &Report) -> SignedDuration {
        let hits = self.hits();
        let decided = hits.iter().find(|(name, _)| DECIDED.contains(&name.as_str())).map(|(_, at)| *at);
        let reduces = run.journal.iter().find(|entry| entry.after == Step::RetireOldCluster).map(|entry| entry.at);
        let ended = run.journal.last().map(|entry| entry.at);
        let end = [decided, reduces, ended].into_iter().flatten().min().unwrap_or(Timestamp::MAX);
        let blue = self.shop.article.blue.to_lowercase();
        let mut longest = SignedDuration::ZERO;
        for (from, until) in without_service(users) {
            let until = until.min(end);
            let could = from < until && self.is_well_from_to(&blue, from, until);
            if !could {
                continue;
            }
            let lasts = until.duration_since(from);
            let most = UNSERVED_AT_MOST + SignedDuration::try_from(self.cost(from, until)).unwrap_or_default();
            assert!(lasts <= most, "without service from {from} for {lasts:#}, at most {most:#}{}", journal(run));
            longest = longest.max(lasts);
        }
        longest
    }

    /// What the incidents before or during an interval may add to it.
    fn cost(&self, from: Timestamp, until: Timestamp) -> Duration {
        let hits = self.hits();
        let hit = |what: &What| {
            let near = |at: Timestamp| at <= until && from <= at + SignedDuration::from_mins(30);
            hits.iter().any(|(name, at)| name == what.name() && near(*at))
        };
        let costs = self.schedule.incidents.iter().map(|incident| &incident.what).filter(|what| hit(what));
        costs.map(|what| AGAIN + own(what)).sum()
    }
}

/// How long it lasts by itself.
fn own(what: &What) -> Duration {
    match what {
        What::Outage { lasts, .. } | What::LateSweep(lasts) => *lasts,
        What::Call { fault: CallFault::SlowCall(lasts) | CallFault::SlowAnswer(lasts), .. } => *lasts,
        What::Call { fault: CallFault::Throttled(seconds), .. } => Duration::from_secs((*seconds).into()),
        _ => Duration::ZERO,
    }
}

/// The intervals in which every request failed, to the second.
fn without_service(users: &Report) -> Vec<(Timestamp, Timestamp)> {
    let mut found: Vec<(i64, i64)> = vec![];
    for (second, tally) in &users.seconds {
        if tally.failed + tally.excused < tally.sent {
            continue;
        }
        match found.last_mut() {
            Some((_, until)) if *until == *second => *until += 1,
            _ => found.push((*second, second + 1)),
        }
    }
    let at = |second| Timestamp::from_second(second).unwrap_or_default();
    found.into_iter().map(|(from, until)| (at(from), at(until))).collect()
}
