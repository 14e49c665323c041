//! The timers' schedule monitor, which survives a host: it lies in the storage account.
use jiff::Timestamp;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// What the schedule monitor remembers of a timer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Status {
    pub last: Option<Timestamp>,
    pub next: Timestamp,
}

/// What is remembered of each timer, by its function's name.
#[derive(Default)]
pub(super) struct Monitor(Mutex<BTreeMap<String, Status>>);

impl Monitor {
    pub fn of(&self, function: &str) -> Option<Status> {
        self.timers().get(function).copied()
    }

    pub fn remember(&self, function: &str, status: Status) {
        self.timers().insert(function.into(), status);
    }

    fn timers(&self) -> MutexGuard<'_, BTreeMap<String, Status>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
