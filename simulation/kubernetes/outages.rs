//! When the script breaks a cluster's workloads. Pure.
use jiff::Timestamp;

/// The stretches of time in which every visit is answered 500 and no workload is ready.
#[derive(Debug, Default)]
pub(super) struct Outages(Vec<(Timestamp, Timestamp)>);

impl Outages {
    pub fn add(&mut self, from: Timestamp, until: Timestamp) {
        self.0.push((from, until));
    }

    pub fn is_broken(&self, now: Timestamp) -> bool {
        self.0.iter().any(|(from, until)| *from <= now && now < *until)
    }

    pub fn moments(&self) -> impl Iterator<Item = Timestamp> {
        self.0.iter().flat_map(|(from, until)| [*from, *until])
    }
}
