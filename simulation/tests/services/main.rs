//! Each service of the simulated Azure in virtual time, asked by the production clients and by hand. What needs sockets,
//! and with them real time, has tests of its own.
#![expect(clippy::unwrap_used, reason = "what the tests share lies outside of test functions")]
mod amqp;
mod blobs;
mod entra;
#[path = "../fixtures/shop.rs"]
mod fixture;
mod functions_host;
mod kubernetes;
mod resource_manager;
mod service_bus;
mod serving;
mod traffic;
mod wire;
