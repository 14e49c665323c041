//! Blue/green replacement of AKS clusters behind an Application Gateway, as a set of Azure Functions.
//!
//! The path of one message, and the map of the modules:
//!
//! ```text
//! Service Bus ─► Functions host ─► host (decode) ─► handle ─► steps ─► azure ─► the world
//!                                                     │          └─ what was seen ─┐
//!                                        store ◄─ save ◄────────── flow::decide ◄──┘
//!                                 Service Bus ◄─ publish
//! ```
pub mod answers;
pub mod app;
pub mod azure;
pub mod checks;
pub mod cli;
pub mod clock;
pub mod cloud;
pub mod cluster_body;
pub mod cluster_view;
pub mod config;
pub mod container;
pub mod digest;
pub mod doctor;
pub mod envelope;
pub mod event;
pub mod flow;
pub mod gateway_view;
pub mod handle;
pub mod host;
pub mod intended;
pub mod kept;
#[cfg(feature = "local")]
pub mod local;
pub mod manifests;
pub mod moves;
pub mod orders;
pub mod placeholders;
pub mod plan;
pub mod planning;
pub mod readiness;
pub mod request;
pub mod run;
pub mod serve;
pub mod site;
pub mod site_check;
pub mod site_init;
pub mod step;
pub mod steps;
pub mod tags;
pub mod telemetry;
pub mod triggers;
pub mod verbs;
pub mod versions;
pub mod wire;
