//! The AMQP 1.0 face of Service Bus: what the SDKs of all languages speak.
//!
//! ```text
//! stream ── serve ── handshake            SASL, or none
//!              └─── Engine                one connection; pure: frames in, bytes out, no waiting
//!                     ├─ attaching, flows, transfers, outcomes, delivering
//!                     ├─ requests ─┬─ $cbs
//!                     │            └─ management     peek, schedule, renew, sessions …
//!                     └─ reading, writing            messages ◄─► the broker's own form
//! codec                                              types, frames; knows nothing of Service Bus
//! ```
//!
//! Every token is accepted. Transactions, rules and link recovery are answered with `amqp:not-implemented`. A peer that
//! breaks the protocol loses its link, session or connection with the right error; nobody else notices.
mod attaching;
mod bus;
pub mod codec;
mod connection;
mod delivering;
mod engine;
mod flows;
mod handshake;
mod links;
mod management;
mod outcomes;
mod reading;
mod requests;
mod session;
mod transfers;
mod writing;

pub use connection::serve;
