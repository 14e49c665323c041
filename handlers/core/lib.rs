//! The rules of a blue/green upgrade, as functions of values: no network, no clock, no environment, no waiting. What they
//! may use is in `Cargo.toml`.
//!
//! ```text
//! run        one upgrade under way: its document, what a look can say, what becomes of it
//! plan       what one upgrade will do, how it is made, and the checks of CheckPlan
//! site       what is configured, and every mistake in it
//! workload   what runs in a cluster: manifests, placeholders, readiness
//! resources  what Azure and Kubernetes answer, and what we change in it
//! step       the steps' names, and the flow as one table
//! text       texts from outside, cut and made plain
//! ```
//! A room uses those below it, and none above.
pub mod plan;
pub mod resources;
pub mod run;
pub mod site;
pub mod step;
pub mod text;
pub mod workload;
