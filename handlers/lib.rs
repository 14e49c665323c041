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
pub mod azure;
pub mod cli;
pub mod functions;
#[cfg(feature = "local")]
pub mod local;
pub mod plan;
pub mod process;
pub mod resources;
pub mod run;
pub mod site;
pub mod step;
pub mod steps;
pub mod store;
pub mod survey;
pub mod workload;
