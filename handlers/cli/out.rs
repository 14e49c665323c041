//! The one place where a command writes to a terminal: nothing that somebody else has written moves its cursor.
use crate::azure::plainly::plainly;
use crate::process::paint::painted;
use crate::text::plain_lines;
use anyhow::Context;
use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// When something was said last.
static LAST: Mutex<Option<Instant>> = Mutex::new(None);

/// For how long nothing was said; since it is asked for the first time, if never.
pub(super) fn quiet_for() -> Duration {
    let mut last = LAST.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    last.get_or_insert_with(Instant::now).elapsed()
}

fn said_now() {
    *LAST.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Instant::now());
}

/// What a command was asked for goes to the standard output. An error when nobody reads it any more, as behind `| head`.
pub fn say(text: &str) -> anyhow::Result<()> {
    said_now();
    let mut out = std::io::stdout().lock();
    let text = painted(&plain_lines(text));
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("failed to write to the standard output")
}

/// What is wrong goes to the standard error.
pub fn complain(text: &str) {
    said_now();
    eprint!("{}", plain_lines(text));
}

/// The same for what ended the command.
pub fn fail(error: &anyhow::Error) {
    complain(&format!("bluegreen: {}\n", plainly(error)));
}
