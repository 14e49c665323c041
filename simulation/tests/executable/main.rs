//! The Functions host with real children: processes, sockets, signals, real time.
#![expect(clippy::unwrap_used, reason = "what the tests share may panic as tests do")]
mod ending;
mod front;
mod stage;
mod starting;
mod work;
