//! The one clock of the simulation: a starting moment plus what tokio's clock says has passed.
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// The time of the simulated world. With a paused tokio clock it stands still until everybody waits.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Timestamp,
    instant: Instant,
}

impl Clock {
    /// A clock that shows `began` now.
    #[must_use]
    pub fn starting_at(began: Timestamp) -> Self {
        Self { began, instant: Instant::now() }
    }

    /// The present moment of the simulated world.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.instant.elapsed()).unwrap_or(SignedDuration::MAX);
        self.began.saturating_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// The moment at which the world began.
    #[must_use]
    pub fn began(&self) -> Timestamp {
        self.began
    }

    /// Waits until the clock shows `moment`; returns at once when that has passed.
    pub async fn until(&self, moment: Timestamp) {
        let ahead = std::time::Duration::try_from(moment.duration_since(self.began)).unwrap_or_default();
        tokio::time::sleep_until(self.instant + ahead).await;
    }
}

/// An HTTP date (RFC 9110), whole seconds: `Wed, 25 Nov 2026 00:17:15 GMT`.
#[must_use]
pub fn http_date(moment: Timestamp) -> String {
    moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
