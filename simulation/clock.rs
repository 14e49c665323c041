//! The one clock of the simulation: a starting moment plus what tokio's clock says has passed, perhaps many times over.
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// The time of the simulated world. With a paused tokio clock it stands still until everybody waits.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Timestamp,
    instant: Instant,
    speed: u32,
}

impl Clock {
    /// A clock that shows `began` now.
    #[must_use]
    pub fn starting_at(began: Timestamp) -> Self {
        Self::running_at(began, 1)
    }

    /// A clock that shows `began` now and goes `speed` times as fast as the process's own; 0 counts as 1.
    #[must_use]
    pub fn running_at(began: Timestamp, speed: u32) -> Self {
        Self { began, instant: Instant::now(), speed: speed.max(1) }
    }

    /// The present moment of the simulated world.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let passed = self.instant.elapsed().saturating_mul(self.speed);
        let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
        self.began.saturating_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// The moment at which the world began.
    #[must_use]
    pub fn began(&self) -> Timestamp {
        self.began
    }

    /// How many seconds of the simulated world pass in one second of the process.
    #[must_use]
    pub fn speed(&self) -> u32 {
        self.speed
    }

    /// What a clock shows that began with this one and keeps the pace of the process: by that a caller from outside,
    /// whose time nobody hurries, judges how long something is good.
    #[must_use]
    pub fn unhurried(&self) -> Timestamp {
        Self { speed: 1, ..*self }.now()
    }

    /// Waits until the clock shows `moment`; returns at once when that has passed.
    pub async fn until(&self, moment: Timestamp) {
        let ahead = Duration::try_from(moment.duration_since(self.began)).unwrap_or_default();
        tokio::time::sleep_until(self.instant + ahead / self.speed).await;
    }

    /// Waits while so much time passes in the simulated world.
    pub fn sleep(&self, time: Duration) -> Sleep {
        tokio::time::sleep(time / self.speed)
    }
}

/// An HTTP date (RFC 9110), whole seconds: `Wed, 25 Nov 2026 00:17:15 GMT`.
#[must_use]
pub fn http_date(moment: Timestamp) -> String {
    // It refuses only years before 0, and no world begins there.
    DateTimePrinter::new().timestamp_to_rfc9110_string(&moment).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_http_has_whole_seconds_and_two_digits_of_the_day() {
        let moment: Timestamp = "2026-11-05T00:17:15.999Z".parse().unwrap();
        assert_eq!(http_date(moment), "Thu, 05 Nov 2026 00:17:15 GMT");
    }

    #[tokio::test(start_paused = true)]
    async fn a_fast_clock_shows_an_hour_after_a_minute() {
        let began: Timestamp = "2026-11-25T08:00:00Z".parse().unwrap();
        let clock = Clock::running_at(began, 60);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(clock.now().to_string(), "2026-11-25T09:00:00Z");
        assert_eq!(clock.unhurried().to_string(), "2026-11-25T08:01:00Z");
        let before = Instant::now();
        clock.sleep(Duration::from_secs(600)).await;
        clock.until("2026-11-25T10:00:00Z".parse().unwrap()).await;
        assert_eq!(before.elapsed(), Duration::from_secs(60));
        assert_eq!(clock.now().to_string(), "2026-11-25T10:00:00Z");
    }
}
