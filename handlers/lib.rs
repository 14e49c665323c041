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
pub mod azure;
pub mod clock;
pub mod cloud;
pub mod cluster_body;
pub mod event;
pub mod flow;
pub mod gateway_view;
pub mod kept;
pub mod manifests;
pub mod moves;
pub mod plan;
pub mod run;
pub mod site;
pub mod tags;
pub mod telemetry;
pub mod verbs;
pub mod versions;
pub mod wire;
