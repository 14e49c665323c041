//! Who sends users' requests, and counts what comes back.
use jiff::Timestamp;
use simulated_azure::prober::{Prober, Report};

/// The users of a scene.
pub enum Users {
    /// There are none.
    Nobody,
    /// They ask the simulated gateway itself, in virtual time.
    Prober(Prober),
}

impl Users {
    /// From `from` until `until` a failure of this cluster is none of ours: the script has broken it.
    pub fn excuse(&self, cluster: &str, from: Timestamp, until: Timestamp) {
        match self {
            Self::Nobody => {}
            Self::Prober(prober) => prober.excuse(cluster, from, until),
        }
    }

    /// What they have seen so far.
    #[must_use]
    pub fn report(&self) -> Report {
        match self {
            Self::Nobody => Report::default(),
            Self::Prober(prober) => prober.report(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn are_none(&self) -> bool {
        matches!(self, Self::Nobody)
    }
}
