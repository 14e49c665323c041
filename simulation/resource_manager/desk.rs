//! What answers a call, whichever part of the Resource Manager it is, has at hand.
use super::neighbours::Neighbours;
use super::operations::{Change, Style, started};
use super::registry::Registry;
use super::timings::Timings;
use crate::{Ask, Reply};
use jiff::Timestamp;
use std::time::Duration;

/// The registry, and how this world is set up, at the moment of one call.
pub(crate) struct Desk<'world> {
    pub registry: &'world mut Registry,
    pub timings: &'world Timings,
    pub neighbours: &'world Neighbours,
    pub habits: Habits,
    pub now: Timestamp,
}

/// What gateways do where Azure's own documents leave it open.
#[derive(Clone, Copy)]
pub(crate) struct Habits {
    pub honour_if_match: bool,
    pub superseded_writes_land: bool,
}

impl Desk<'_> {
    /// Begins an operation now; see [`Registry::begin`].
    pub fn begin(&mut self, resource: &str, verb: &str, change: impl Into<Change>, takes: Duration) -> String {
        self.registry.begin(resource, verb, change.into(), takes, self.now)
    }

    /// An answer that starts an operation: with the headers of its style.
    pub fn started(&self, reply: Reply, operation: &str, style: Style, location: &str, ask: &Ask) -> Reply {
        started(reply, operation, style, location, ask, self.timings.retry_after)
    }
}
