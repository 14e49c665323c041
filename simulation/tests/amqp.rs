//! The AMQP face: the codec alone, a connection over an in-memory stream, and clients that mean harm.
#![expect(clippy::unwrap_used, reason = "what the tests share lies outside of test functions")]

#[path = "amqp/client.rs"]
mod client;
#[path = "amqp/codec.rs"]
mod codec;
#[path = "amqp/connections.rs"]
mod connections;
#[path = "amqp/hostile.rs"]
mod hostile;
#[path = "amqp/interplay.rs"]
mod interplay;
#[path = "amqp/links.rs"]
mod links;
#[path = "amqp/management.rs"]
mod management;
#[path = "amqp/mutations.rs"]
mod mutations;
#[path = "amqp/sessions.rs"]
mod sessions;
