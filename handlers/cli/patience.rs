//! Whoever waits is told that work goes on: a service that hangs is tried again for minutes, and a silent terminal looks dead.
use super::out::{complain, quiet_for};
use std::pin::pin;
use std::time::Duration;
use tokio::time::Instant;

/// So long nothing may be said. From then on it is doubled, up to a minute.
const SILENCE: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(60);

/// Works, and says on the standard error that it does while nothing else is said.
pub async fn patiently<Work: Future>(work: Work) -> Work::Output {
    let (mut work, began) = (pin!(work), Instant::now());
    let mut silence = SILENCE;
    loop {
        let rest = silence.saturating_sub(quiet_for()).max(Duration::from_millis(100));
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(rest) => {}
        }
        if quiet_for() >= silence {
            complain(&format!("still waiting for an answer ({} s); Ctrl-C ends it\n", began.elapsed().as_secs()));
            silence = (silence * 2).min(LONGEST);
        }
    }
}
