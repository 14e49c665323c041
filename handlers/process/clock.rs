//! The time: what the store's `Date` said last, plus what has passed since. Many instances, one clock. A date that is ahead
//! of what a second service, Resource Manager, says is not believed until that one agrees: by a clock that jumps, quiet
//! times would be over too early. One that is behind is not noticed.
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

/// So far ahead of the second service the store may be: both tell whole seconds.
const APART: SignedDuration = SignedDuration::from_secs(5);

/// A clock that is anchored anew by each answer of the store. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct Clock {
    told: Arc<Mutex<Told>>,
    speed: u32,
}

/// What each service said, and when.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    store: Option<Anchor>,
    second: Option<Second>,
}

/// What the second service said: when it came, and as late as it may be, from when it was asked.
#[derive(Clone, Copy, Debug)]
struct Second {
    said: Anchor,
    latest: Anchor,
}

/// What a service said at a moment.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    time: Timestamp,
    at: Instant,
}

impl Anchor {
    fn now(self, speed: u32) -> Timestamp {
        let passed = self.at.elapsed().saturating_mul(speed);
        let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
        self.time.saturating_add(passed).unwrap_or(Timestamp::MAX)
    }
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
        Self { told: Arc::default(), speed: speed.max(1) }
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
            && let Ok(mut told) = self.told.lock()
        {
            told.store = Some(Anchor { time: time.timestamp(), at: Instant::now() });
        }
    }

    /// What a second service says, by the `Date` header of its answer to what was asked then: by that it is not too early.
    pub fn witness(&self, date: &str, asked: Instant) {
        if let Ok(time) = rfc2822::parse(date)
            && let Ok(mut told) = self.told.lock()
        {
            let time = time.timestamp();
            let (said, latest) = (Anchor { time, at: Instant::now() }, Anchor { time, at: asked });
            told.second = Some(Second { said, latest });
        }
    }

    /// Whether a second service has told the time, and the store is not ahead of it.
    #[must_use]
    pub fn is_agreed(&self) -> bool {
        let told = self.told.lock().map(|told| *told).unwrap_or_default();
        let store = told.store.map(|store| store.now(self.speed));
        told.second.is_some_and(|second| store.is_none_or(|store| !self.is_ahead(store, second)))
    }

    /// Whether the store tells a time that is later than the second service allows.
    fn is_ahead(&self, store: Timestamp, second: Second) -> bool {
        store.duration_since(second.latest.now(self.speed)) > APART
    }

    /// The present time.
    ///
    /// # Errors
    /// When the store has not answered yet.
    pub fn now(&self) -> anyhow::Result<Timestamp> {
        let told = self.told.lock().map(|told| *told).unwrap_or_default();
        let store = told.store.context("the store has not told the time yet")?.now(self.speed);
        let disputed = told.second.filter(|second| self.is_ahead(store, *second));
        Ok(disputed.map_or(store, |second| second.said.now(self.speed)))
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
    async fn a_date_ahead_is_not_believed_until_a_second_service_agrees() {
        let clock = Clock::default();
        clock.set("Wed, 25 Nov 2026 00:17:00 GMT");
        assert!(!clock.is_agreed(), "nobody else was asked");
        clock.witness("Wed, 25 Nov 2026 00:17:00 GMT", Instant::now());
        assert!(clock.is_agreed());
        tokio::time::sleep(Duration::from_secs(60)).await;
        clock.set("Wed, 25 Nov 2026 09:00:00 GMT");
        assert!(!clock.is_agreed());
        assert_eq!(clock.now().unwrap().to_string(), "2026-11-25T00:18:00Z", "the second service's");
        clock.set("Wed, 25 Nov 2026 00:18:00 GMT");
        assert_eq!(clock.now().unwrap().to_string(), "2026-11-25T00:18:00Z", "the jump has left no trace");
        let asked = Instant::now();
        tokio::time::sleep(Duration::from_secs(20)).await;
        clock.set("Wed, 25 Nov 2026 09:00:00 GMT");
        clock.witness("Wed, 25 Nov 2026 08:59:45 GMT", asked);
        assert!(clock.is_agreed(), "a slow answer tells when it was made");
        assert_eq!(clock.now().unwrap().to_string(), "2026-11-25T09:00:00Z");
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
