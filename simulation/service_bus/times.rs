//! Moments of the broker. Pure.
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// A moment so much later; the end of time at worst.
pub(super) fn later(now: Timestamp, time: Duration) -> Timestamp {
    let ahead = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
    now.saturating_add(ahead).unwrap_or(Timestamp::MAX)
}
