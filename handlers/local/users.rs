//! Who sends users' requests, and counts what comes back.
use jiff::Timestamp;
use simulated_azure::data_plane::load::{Load, Snapshot};
use simulated_azure::prober::{Prober, Report};

/// The users of a scene.
pub enum Users {
    /// There are none.
    Nobody,
    /// They ask the simulated gateway itself, in virtual time.
    Prober(Prober),
    /// They ask the proxying gateway over sockets, in real time.
    Load(Load),
}

impl Users {
    /// From `from` until `until` a failure of this cluster is none of ours: the script has broken it.
    pub fn excuse(&self, cluster: &str, from: Timestamp, until: Timestamp) {
        match self {
            Self::Nobody => {}
            Self::Prober(prober) => prober.excuse(cluster, from, until),
            Self::Load(load) => load.excuse(cluster, from, until),
        }
    }

    /// What they have seen so far.
    #[must_use]
    pub fn report(&self) -> Report {
        match self {
            Self::Nobody => Report::default(),
            Self::Prober(prober) => prober.report(),
            Self::Load(load) => load.report().report,
        }
    }

    /// How it is just now, for a live view; nothing when nobody asks in real time.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        match self {
            Self::Nobody | Self::Prober(_) => Snapshot::default(),
            Self::Load(load) => load.snapshot(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn are_none(&self) -> bool {
        matches!(self, Self::Nobody)
    }
}
