//! Blue/green replacement of AKS clusters behind an Application Gateway, as a set of Azure Functions.
//!
//! The path of one message, and the rooms:
//!
//! ```text
//! Service Bus ─► Functions host ─► functions (decode, handle) ─► steps ─► azure ─► the world
//!                                     │                           └─ what was seen ──┐
//!                            store ◄─ save ◄──────────────────── run::flow::decide ◄─┘
//!                      Service Bus ◄─ publish
//! ```
//!
//! What decides is in the crate `bluegreen_core` (`core/`): its rooms stand here under their own names.
pub use bluegreen_core::{plan, resources, run, site, step, text, workload};

pub mod azure;
pub mod cli;
pub mod functions;
#[cfg(feature = "local")]
pub mod local;
pub mod process;
pub mod steps;
pub mod store;
pub mod survey;
