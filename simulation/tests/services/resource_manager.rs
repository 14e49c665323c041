//! The simulated Resource Manager keeps what its contract promises, through the door that the clients use.
mod calls;
mod cluster_life;
mod clusters;
mod credentials;
mod gateways;
mod health;
mod hostile;
mod installation;
mod latency;
mod networks;
mod pools;
mod refusals;
mod scene;
mod scopes;
mod strangers;
mod superseded;
mod templates;
