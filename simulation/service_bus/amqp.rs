//! The AMQP 1.0 face of Service Bus: what the SDKs of all languages speak.
//!
//! ```text
//! Engine                one connection; pure: frames in, bytes out, no waiting
//!   ├─ attaching, flows, transfers, outcomes, delivering
//!   ├─ requests ─┬─ $cbs
//!   │            └─ management     peek, schedule, renew, sessions …
//!   └─ reading, writing            messages ◄─► the broker's own form
//! codec                            types, frames; knows nothing of Service Bus
//! ```
//!
//! [`doors::amqp`](crate::doors::amqp) leads streams to it. Every token is accepted. Transactions, rules and link recovery are answered with `amqp:not-implemented`. A peer that
//! breaks the protocol loses its link, session or connection with the right error; nobody else notices.
mod attaching;
mod bus;
pub mod codec;
mod delivering;
mod engine;
mod flows;
mod links;
mod management;
mod outcomes;
mod reading;
mod requests;
mod session;
mod transfers;
mod writing;

pub(crate) use bus::Bus;
pub(crate) use engine::Engine;
