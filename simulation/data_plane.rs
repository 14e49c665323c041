//! The users' side of the simulated Azure over real sockets: the gateways as one reverse proxy, the pods as HTTP servers.
//!
//! ```text
//! user ──► gateway ──► listener, rule, pool (as `traffic`) ──► member ──► load balancer, Ingress (as `kubernetes`) ──► pod
//!             ▲            ▲                                      ▲                                          ▲
//!          serving     follow: what is in effect now           probes                               pods, workload
//! ```
//! The world's own rhythm (probes, draining, pods that end) follows the world's clock; how long an answer may take is
//! real time, because real programs give it.
mod backends;
mod follow;
mod forwarding;
mod gateway;
mod ground;
mod headers;
pub mod load;
mod options;
mod pods;
mod probes;
mod serving;
mod shared;
mod view;
mod workload;

pub use options::Options;

use crate::SimulatedAzure;
use ground::Ground;
use serving::{Ending, Limits};
use shared::Shared;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// A running data plane. Dropping it closes its ports and breaks its connections.
pub struct DataPlane {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl DataPlane {
    /// Opens the gateways' port and the pods' ports, and follows the world from now on. Within a tokio runtime whose
    /// clock is not paused.
    ///
    /// # Errors
    /// When the port cannot be opened, for example because another program has it.
    pub fn start(azure: &SimulatedAzure, options: Options) -> std::io::Result<Self> {
        let listener = serving::listen(SocketAddr::from((Ipv4Addr::LOCALHOST, options.port)))?;
        let address = listener.local_addr()?;
        let limits = Limits { connections: options.connections, keep_alive: Some(options.keep_alive) };
        let shared = Arc::new(Shared::new(azure.clone(), Ground::new(options)));
        shared.refresh();
        let ending = Ending { gently: CancellationToken::new(), at_once: shared.ground.ended.clone() };
        let served = Arc::clone(&shared);
        let service = move |peer| gateway::service(Arc::clone(&served), peer, address.port());
        shared.ground.tasks.spawn(serving::serve(listener, shared.ground.tasks.clone(), ending, limits, service));
        shared.ground.tasks.spawn(follow::follow(Arc::clone(&shared)));
        Ok(Self { address, shared })
    }

    /// Where the gateways listen: plain HTTP, the host name chooses the listener.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it, and returns when its ports are closed and its connections broken.
    pub async fn stop(self) {
        self.shared.ground.ended.cancel();
        self.shared.ground.tasks.close();
        self.shared.ground.tasks.wait().await;
    }
}

impl Drop for DataPlane {
    fn drop(&mut self) {
        self.shared.ground.ended.cancel();
    }
}
