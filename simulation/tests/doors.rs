//! The simulated Azure behind real sockets, asked by TLS and by plain HTTP, and its data folder.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#[path = "doors/caller.rs"]
mod caller;
#[path = "doors/callers.rs"]
mod callers;
#[path = "doors/folder.rs"]
mod folder;
#[path = "doors/kubernetes.rs"]
mod kubernetes;
#[path = "doors/services.rs"]
mod services;
