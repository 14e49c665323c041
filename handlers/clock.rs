//! The time: what the store's `Date` said last, plus what has passed since. Many instances, one clock.
use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Mutex};
use tokio::time::Instant;

/// A clock that is anchored anew by each answer of the store. Clones are the same clock.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    anchor: Arc<Mutex<Option<(Timestamp, Instant)>>>,
}

impl Clock {
    /// Sets it by the `Date` header of an answer that has just arrived. What is no HTTP date is ignored.
    pub fn set(&self, date: &str) {
        if let Ok(time) = jiff::fmt::rfc2822::parse(date)
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
        let passed = SignedDuration::try_from(anchor.1.elapsed()).unwrap_or(SignedDuration::MAX);
        Ok(anchor.0.saturating_add(passed)?)
    }
}

/// An HTTP date (RFC 9110), whole seconds, never before `moment`.
#[must_use]
pub fn http_date(moment: Timestamp) -> String {
    let up = if moment.subsec_nanosecond() == 0 { 0 } else { 1 };
    let moment = moment.saturating_add(SignedDuration::from_secs(up)).unwrap_or(moment);
    moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_goes_on_from_the_last_date_that_the_store_told() {
        let clock = Clock::default();
        assert!(clock.now().is_err());
        clock.set("Wed, 25 Nov 2026 00:17:15 GMT");
        tokio::time::sleep(std::time::Duration::from_secs(90)).await;
        assert_eq!(clock.now().unwrap().to_string(), "2026-11-25T00:18:45Z");
        clock.set("no date");
        clock.set("Wed, 25 Nov 2026 00:17:00 GMT");
        assert_eq!(clock.now().unwrap().to_string(), "2026-11-25T00:17:00Z");
    }

    #[test]
    fn a_schedule_never_comes_early() {
        let moment: Timestamp = "2026-11-25T00:17:15.2Z".parse().unwrap();
        assert_eq!(http_date(moment), "Wed, 25 Nov 2026 00:17:16 GMT");
    }
}
