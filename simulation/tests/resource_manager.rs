//! The simulated Resource Manager keeps what its contract promises, through the door that the clients use.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#[path = "resource_manager/calls.rs"]
mod calls;
#[path = "resource_manager/cluster_life.rs"]
mod cluster_life;
#[path = "resource_manager/clusters.rs"]
mod clusters;
#[path = "resource_manager/credentials.rs"]
mod credentials;
#[path = "resource_manager/gateways.rs"]
mod gateways;
#[path = "resource_manager/health.rs"]
mod health;
#[path = "resource_manager/hostile.rs"]
mod hostile;
#[path = "resource_manager/installation.rs"]
mod installation;
#[path = "resource_manager/networks.rs"]
mod networks;
#[path = "resource_manager/pools.rs"]
mod pools;
#[path = "resource_manager/scene.rs"]
mod scene;
#[path = "resource_manager/scopes.rs"]
mod scopes;
#[path = "resource_manager/superseded.rs"]
mod superseded;
#[path = "resource_manager/templates.rs"]
mod templates;
