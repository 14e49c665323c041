//! What the Functions host is told.
use tracing::warn;

/// What becomes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It is dealt with: the message is complete.
    Done(String),
    /// It can never be handled: it ends in the dead letters.
    Refused(String),
    /// Not now: the message comes again.
    Again(String),
}

impl Reply {
    /// Not now, because of this failure, which is logged.
    #[must_use]
    pub fn again(what: &str, error: &anyhow::Error) -> Self {
        warn!("{what}: {error:#}");
        Self::Again(what.into())
    }
}
