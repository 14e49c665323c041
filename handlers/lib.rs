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
pub mod checks;
pub mod cluster_body;
pub mod flow;
pub mod kept;
pub mod manifests;
pub mod moves;
pub mod plan;
pub mod run;
pub mod site;
pub mod site_check;
pub mod tags;
pub mod verbs;
pub mod versions;
