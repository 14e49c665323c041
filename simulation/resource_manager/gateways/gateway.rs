//! One gateway: what it does, beside what its resource shows. Pure.
use super::routing::{self, Routing};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a gateway does.
#[derive(Default)]
pub(crate) struct Gateway {
    pub running: bool,
    /// Its writes succeed, and no longer take effect.
    pub deaf: bool,
    pub routing: Option<Arc<Routing>>,
    pub effective: Value,
    /// Counts the writes; each has its number.
    writes: u64,
    effective_write: u64,
    /// Accepted writes that carry no traffic yet.
    waiting: BTreeMap<u64, Value>,
}

impl Gateway {
    /// Takes a write that carries no traffic yet; gives its number.
    pub fn take(&mut self, body: Value) -> u64 {
        self.writes += 1;
        self.waiting.insert(self.writes, body);
        self.writes
    }

    /// Forgets a write that was superseded.
    pub fn forget(&mut self, number: u64) {
        self.waiting.remove(&number);
    }

    /// From now on this write carries traffic, unless a newer one does. `false`: nothing has changed.
    pub fn make_effective(&mut self, number: u64, at: Timestamp) -> bool {
        let Some(body) = self.waiting.remove(&number) else { return false };
        if self.deaf || number < self.effective_write {
            return false;
        }
        self.effective_write = number;
        self.routing = Some(Arc::new(Routing::of(&body, number, at)));
        self.effective = body;
        true
    }

    /// The members of a pool that really carry traffic.
    pub fn effective_members(&self, pool: &str) -> Vec<String> {
        let pools = self.effective["properties"]["backendAddressPools"].as_array().into_iter().flatten();
        let members = pools.filter(|found| found["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(pool)));
        members.flat_map(routing::members).map(|member| member.address).collect()
    }
}
