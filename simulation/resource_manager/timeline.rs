//! What will happen by itself, and when. Pure.
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// Something that happens by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// The operation ends.
    OperationEnds(String),
    /// The gateway looks at its backends for this operation, which ends later.
    BackendsSeen(String),
    /// The gateway's `provisioningState` shows `Succeeded` again, whatever runs.
    GatewaySettles(String),
    /// What this write of the gateway said carries traffic now.
    MembersEffective(String, u64),
    /// The cluster that this operation deletes or stops answers no more.
    ClusterGoesAway(String),
}

/// Everything that is due, in the order of time, then of its planning.
#[derive(Default)]
pub(crate) struct Timeline {
    due: BTreeMap<(Timestamp, u64), Due>,
    planned: u64,
}

impl Timeline {
    pub fn plan(&mut self, at: Timestamp, due: Due) {
        self.planned += 1;
        self.due.insert((at, self.planned), due);
    }

    /// Takes the first thing that is due by now.
    pub fn take(&mut self, now: Timestamp) -> Option<(Timestamp, Due)> {
        let first = self.due.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((at, _), due) = first.remove_entry();
        Some((at, due))
    }

    pub fn forget(&mut self, due: &Due) {
        self.due.retain(|_, planned| planned != due);
    }

    pub fn moments(&self) -> impl Iterator<Item = (Timestamp, &Due)> {
        self.due.iter().map(|((at, _), due)| (*at, due))
    }

    pub fn next(&self) -> Option<Timestamp> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }
}

/// A moment so much later; the end of time at worst.
pub(crate) fn after(now: Timestamp, time: Duration) -> Timestamp {
    now.checked_add(time).unwrap_or(Timestamp::MAX)
}
