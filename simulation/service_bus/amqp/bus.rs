//! What an engine works on, and when it has to look again.
use crate::service_bus::Broker;
use jiff::Timestamp;
use tokio::time::Instant;

/// What the engine works on, and when.
pub(crate) struct Bus<'a> {
    pub broker: &'a mut Broker,
    pub now: Timestamp,
    /// The real time, for what concerns the client's process.
    pub instant: Instant,
    /// Whether something was done that other receivers may wait for.
    pub has_changed: bool,
}

/// When to look again although nothing has come.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wake {
    pub world: Option<Timestamp>,
    pub real: Option<Instant>,
}
