//! An Azure that speaks the real protocols, in memory, on one clock, with one script of faults.
//!
//! Every service is a plain state machine: it is asked with a request and the present time, and answers.
//! Nothing runs in the background but the Functions host, the prober and requests whose caller has died,
//! so with a paused tokio clock hours pass in milliseconds and the same seed gives the same story. Only
//! the data plane, which somebody has to start, opens sockets.
//!
//! ```text
//! socket ──doors──►
//! caller ──Door──► SimulatedAzure::call ──faults, latency──► router (by host name)
//!                                                             ├─ resource_manager   clusters, gateways, operations
//!                                                             ├─ kubernetes         one API server for each cluster
//!                                                             ├─ service_bus        broker core, REST face
//!                                                             ├─ blobs, entra       storage; tokens
//!                                                             └─ traffic            users' requests through the gateway
//! user ──socket──► data_plane: the gateway as a real proxy ──socket──► pods as real servers
//! ```
//!
//! AMQP clients of Service Bus come with a stream of their own: [`doors::amqp::serve`].
pub mod answer;
pub mod article;
mod azure;
pub mod blobs;
mod book;
pub mod clock;
mod cloud;
pub mod data_plane;
pub mod doors;
pub mod entra;
pub mod faults;
pub mod functions_host;
mod hosts;
mod ids;
pub mod kubernetes;
mod latency;
pub mod prober;
pub mod process;
mod publishing;
pub mod record;
pub mod resource_manager;
pub mod router;
pub mod service_bus;
pub mod traffic;
pub mod world;

pub use answer::{Ask, Reply};
pub use azure::SimulatedAzure;
pub use clock::Clock;
pub use cloud::Cloud;
pub use faults::{Effect, Fault, Faults, On};
pub use latency::Latency;
pub use process::Process;
pub use world::{Witness, World};
