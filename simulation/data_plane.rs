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
mod headers;
pub mod load;
mod pods;
mod probes;
mod serving;
mod view;
mod workload;

use crate::SimulatedAzure;
use axum::body::Body;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serving::{Ending, Limits};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use view::View;

/// How a data plane is served.
#[derive(Clone, Debug)]
pub struct Options {
    /// The gateways' port on 127.0.0.1; 0: any that is free.
    pub port: u16,
    /// The colour of each cluster that has one, by the cluster's name: shown in the pods' answers.
    pub colours: BTreeMap<String, String>,
    /// So many connections of users are served at once; further ones wait to be accepted.
    pub connections: usize,
    /// A connection is closed when no whole request head has arrived for so long, in real time. Azure's is 75 s.
    pub keep_alive: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { port: 0, colours: BTreeMap::new(), connections: 4096, keep_alive: Duration::from_secs(75) }
    }
}

/// A running data plane. Dropping it closes its ports and breaks its connections.
pub struct DataPlane {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What the parts of a data plane have in common.
struct Shared {
    azure: SimulatedAzure,
    options: Options,
    client: Client<HttpConnector, Body>,
    tasks: TaskTracker,
    ended: CancellationToken,
    view: RwLock<Arc<View>>,
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
        let shared = Arc::new(Shared {
            azure: azure.clone(),
            options,
            client: client(),
            tasks: TaskTracker::new(),
            ended: CancellationToken::new(),
            view: RwLock::default(),
        });
        shared.refresh();
        let ending = Ending { gently: CancellationToken::new(), at_once: shared.ended.clone() };
        let served = Arc::clone(&shared);
        let service = move |peer| gateway::service(Arc::clone(&served), peer, address.port());
        shared.tasks.spawn(serving::serve(listener, shared.tasks.clone(), ending, limits, service));
        shared.tasks.spawn(follow::follow(Arc::clone(&shared)));
        Ok(Self { address, shared })
    }

    /// Where the gateways listen: plain HTTP, the host name chooses the listener.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it, and returns when its ports are closed and its connections broken.
    pub async fn stop(self) {
        self.shared.ended.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }
}

impl Drop for DataPlane {
    fn drop(&mut self) {
        self.shared.ended.cancel();
    }
}

impl Shared {
    /// What is in effect now.
    fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn show(&self, view: View) {
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
    }
}

/// The client of gateway and probes, with one pool of connections for each pod.
fn client() -> Client<HttpConnector, Body> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(Duration::from_secs(5)));
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(20))
        .build(connector)
}
