//! The time: what the store's `Date` said last, plus what has passed since. Many instances, one clock.
//!
//! In a simulated world that hurries, both the time and what is promised in it go `speed` times as fast: the bounds of an
//! invocation, waits for Azure and for other instances, the tries within one invocation. What guards a socket, or waits
//! for this process itself, is real time at any speed.
use anyhow::Context;
use jiff::fmt::rfc2822::{self, DateTimePrinter};
use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// A clock that is anchored anew by each answer of the store. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct Clock {
    anchor: Arc<Mutex<Option<(Timestamp, Instant)>>>,
    speed: u32,
}

impl Default for Clock {
    fn default() -> Self {
        Self::running_at(1)
    }
}

impl Clock {
    /// A clock of a world in which `speed` seconds pass in one of ours; 1 in every real one, and 0 counts as 1.
    #[must_use]
    pub fn running_at(speed: u32) -> Self {
        Self { anchor: Arc::default(), speed: speed.max(1) }
    }

    /// How many seconds of the world pass in one of ours.
    #[must_use]
    pub const fn speed(&self) -> u32 {
        self.speed
    }

    /// How long so much of the world's time really takes.
    #[must_use]
    pub fn real(&self, time: Duration) -> Duration {
        time / self.speed
    }

    /// When so much of the world's time will have passed.
    #[must_use]
    pub fn after(&self, time: Duration) -> Instant {
        Instant::now() + self.real(time)
    }

    /// Waits while so much of the world's time passes.
    pub fn sleep(&self, time: Duration) -> Sleep {
        tokio::time::sleep(self.real(time))
    }

    /// Sets it by the `Date` header of an answer that has just arrived. What is no HTTP date is ignored.
    pub fn set(&self, date: &str) {
        if let Ok(time) = rfc2822::parse(date)
            && let Ok(mut anchor) = self.anchor.lock()
        {
            *anchor = Some((time.timestamp(), Instant::now()));
        }
    }

    /// The present time.
    ///
    /// # Errors
    /// When the store has not answered yet.
    pub fn now(&self) -> anyhow::Result<Timestamp> {
        let anchor =
            self.anchor.lock().ok().and_then(|anchor| *anchor).context("the store has not told the time yet")?;
        let passed = anchor.1.elapsed().saturating_mul(self.speed);
        let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
        Ok(anchor.0.saturating_add(passed)?)
    }
}

/// An HTTP date (RFC 9110), whole seconds, never before `moment`.
///
/// # Errors
/// When the year is before 0, which an HTTP date cannot say.
pub fn http_date(moment: Timestamp) -> Result<String, jiff::Error> {
    let up = if moment.subsec_nanosecond() == 0 { 0 } else { 1 };
    let moment = moment.saturating_add(SignedDuration::from_secs(up)).unwrap_or(moment);
    DateTimePrinter::new().timestamp_to_rfc9110_string(&moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_goes_on_from_the_last_date_that_the_store_told() {
        let clock = Clock::default();
        assert!(clock.now().is_err());
        clock.set("Wed, 25 Nov 2026 00:17:15 GMT");
        tokio::time::sleep(Duration::from_secs(90)).await;
        assert_eq!(clock.now().unwrap().to_string(), "2026-11-25T00:18:45Z");
        clock.set("no date");
        clock.set("Wed, 25 Nov 2026 00:17:00 GMT");
        assert_eq!(clock.now().unwrap().to_string(), "2026-11-25T00:17:00Z");
    }

    #[tokio::test(start_paused = true)]
    async fn in_a_hurrying_world_it_hurries_too() {
        let clock = Clock::running_at(60);
        clock.set("Wed, 25 Nov 2026 00:17:15 GMT");
        let (before, deadline) = (Instant::now(), clock.after(Duration::from_secs(600)));
        clock.sleep(Duration::from_secs(600)).await;
        assert_eq!(clock.now().unwrap().to_string(), "2026-11-25T00:27:15Z");
        assert_eq!((before.elapsed(), deadline.elapsed()), (Duration::from_secs(10), Duration::ZERO));
    }

    #[test]
    fn a_schedule_never_comes_early() {
        let moment: Timestamp = "2026-11-25T00:17:15.2Z".parse().unwrap();
        assert_eq!(http_date(moment).unwrap(), "Wed, 25 Nov 2026 00:17:16 GMT");
    }
}
