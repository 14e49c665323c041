//! How long a client waits for a failing service inside one invocation, before it says so. An invocation's time is the
//! world's, so these waits go as fast as the clock.
use crate::process::clock::Clock;
use azure_core::http::policies::{RetryHeaders, RetryPolicy};
use azure_core::http::{ClientOptions, RetryOptions, StatusCode, Transport};
use azure_core::time::Duration;
use std::sync::Arc;

/// Tries again after broken connections and server errors, each time waiting twice as long. Without jitter: at most
/// ten runs share a subscription, and a simulated story must be the same each time.
#[derive(Debug)]
struct Patience {
    tries: u32,
    first: Duration,
    speed: u32,
    again: Vec<StatusCode>,
    headers: RetryHeaders,
}

#[async_trait::async_trait]
impl RetryPolicy for Patience {
    fn is_expired(&self, _since_start: Duration, retries: u32) -> bool {
        retries >= self.tries
    }

    /// None: a `Retry-After` is for the schedule, not for waiting inside an invocation.
    fn retry_headers(&self) -> Option<&RetryHeaders> {
        Some(&self.headers)
    }

    fn retry_status_codes(&self) -> &[StatusCode] {
        &self.again
    }

    fn sleep_duration(&self, retry: u32) -> Duration {
        self.first * 2_u32.saturating_pow(retry.saturating_sub(1)) / self.speed
    }
}

fn options(transport: &Transport, clock: &Clock, tries: u32, throttled_too: bool) -> ClientOptions {
    let mut again = vec![
        StatusCode::RequestTimeout,
        StatusCode::InternalServerError,
        StatusCode::BadGateway,
        StatusCode::ServiceUnavailable,
        StatusCode::GatewayTimeout,
    ];
    if throttled_too {
        again.push(StatusCode::TooManyRequests);
    }
    let (first, speed) = (Duration::milliseconds(400), clock.speed());
    let patience = Patience { tries, first, speed, again, headers: RetryHeaders::default() };
    ClientOptions {
        transport: Some(transport.clone()),
        retry: RetryOptions::custom(Arc::new(patience)),
        ..ClientOptions::default()
    }
}

/// For the store and the bus: 25 s in six tries. Ten redeliveries without that take 0.6 s.
#[must_use]
pub fn for_the_store(transport: &Transport, clock: &Clock) -> ClientOptions {
    options(transport, clock, 6, true)
}

/// For reading Azure: a broken connection is tried again twice; everything else is a wait of the run.
#[must_use]
pub fn for_reading(transport: &Transport, clock: &Clock) -> ClientOptions {
    options(transport, clock, 2, false)
}

/// For writing: never again with the same body. Whoever wrote meanwhile would be reverted.
#[must_use]
pub fn for_writing(transport: &Transport) -> ClientOptions {
    ClientOptions { transport: Some(transport.clone()), retry: RetryOptions::none(), ..ClientOptions::default() }
}
