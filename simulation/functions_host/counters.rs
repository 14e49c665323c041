//! What the host counts, and the identifiers that it derives from counting.
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

/// What happened so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// By function; a function that was never invoked is not there.
    pub functions: BTreeMap<String, FunctionCounts>,
    /// Starts of children after the first of each host.
    pub restarts: u64,
    /// Hosts that gave up.
    pub stopped_hosts: u64,
    /// Messages that became dead letters in the world's broker, whoever gave them up.
    pub dead_letters: u64,
}

/// What happened to one function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FunctionCounts {
    /// Invocations that began.
    pub invocations: u64,
    /// Those that failed.
    pub failures: u64,
    /// Messages that could not be settled because their lock was lost.
    pub locks_lost: u64,
}

#[derive(Default)]
pub(super) struct Count {
    counters: Mutex<Counters>,
    identifiers: AtomicU64,
    in_flight: AtomicUsize,
}

/// An invocation that has not ended.
pub(super) struct InFlight<'count>(&'count AtomicUsize);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Count {
    pub fn so_far(&self) -> Counters {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn function(&self, name: &str, change: impl FnOnce(&mut FunctionCounts)) {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        change(counters.functions.entry(name.into()).or_default());
    }

    pub fn host(&self, change: impl FnOnce(&mut Counters)) {
        change(&mut self.counters.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Counts an invocation as outstanding for as long as this is kept.
    pub fn in_flight(&self) -> InFlight<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(&self.in_flight)
    }

    /// How many invocations have not ended.
    pub fn outstanding(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// A GUID that no other call gives, the same in each run.
    pub fn guid(&self) -> String {
        let number = self.identifiers.fetch_add(1, Ordering::Relaxed) + 1;
        // Spread out, so that nobody takes the identifiers for ordered.
        let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        format!("{:08x}-{:04x}-4000-8000-{:012x}", mixed >> 32, (mixed >> 16) & 0xffff, number & 0xffff_ffff_ffff)
    }
}
