//! The functions: what the Functions host calls, and what a call comes to. One event end to end, a person's orders, the
//! start of a run, the triggers; and the process that serves them.
pub mod app;
pub mod at_work;
mod bodies;
pub mod bound;
pub mod caller;
pub mod calls;
pub mod commit;
pub mod container;
pub mod deliveries;
pub mod envelope;
pub mod handle;
pub mod host;
pub mod http;
pub mod look;
pub mod orders;
pub mod overview;
pub mod refusals;
pub mod regions;
pub mod reply;
pub mod serve;
pub mod start;
mod telling;
pub mod token;
pub mod triggers;
mod vanished;
mod versions;
mod watching;
