//! One small HTTP server for each running pod behind a load balancer.
use super::ground::Ground;
use super::serving::{self, Ending, Limits};
use super::workload::{self, Identity};
use crate::kubernetes::{Endpoint, Landscape};
use axum_reverse_proxy::ReverseProxy;
use hyper_util::{client::legacy::connect::HttpConnector, service::TowerToHyperService};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio_util::sync::CancellationToken;

/// A pod's server. Whoever may still send it a request holds it; when nobody does, it accepts no more, finishes what it
/// has, and its port closes.
pub(super) struct Pod {
    pub address: SocketAddr,
    /// Forwards requests to it.
    pub proxy: ReverseProxy<HttpConnector>,
    identity: Arc<Identity>,
    ending: Ending,
}

impl Pod {
    /// Opens its port.
    ///
    /// # Errors
    /// When the machine has no port or file handle left.
    pub fn start(ground: &Ground, landscape: &Landscape, endpoint: &Endpoint) -> std::io::Result<Arc<Self>> {
        let listener = serving::listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        let ending = Ending { gently: CancellationToken::new(), at_once: ground.ended.child_token() };
        let identity = Arc::new(Identity {
            cluster: landscape.cluster.clone(),
            colour: ground.options.colours.get(&landscape.cluster).cloned(),
            version: landscape.version.clone(),
            namespace: endpoint.namespace.clone(),
            name: endpoint.name.clone(),
            address,
            broken: AtomicBool::new(landscape.broken),
            killed: ending.at_once.clone(),
        });
        let app = workload::app(Arc::clone(&identity));
        let service = move |_| TowerToHyperService::new(app.clone());
        // Only the gateway calls: it closes idle connections itself, and so never meets one that is just being closed.
        let limits = Limits { connections: ground.options.connections, keep_alive: None };
        ground.tasks.spawn(serving::serve(listener, ground.tasks.clone(), ending.clone(), limits, service));
        let proxy = ReverseProxy::new_with_client("", format!("http://{address}"), ground.client.clone());
        Ok(Arc::new(Self { address, proxy, identity, ending }))
    }

    /// From now on it answers 500 to everything, or does so no more.
    pub fn set_broken(&self, broken: bool) {
        self.identity.broken.store(broken, Ordering::Relaxed);
    }

    /// What breaks its connections at once.
    pub fn kill(&self) -> CancellationToken {
        self.ending.at_once.clone()
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        self.ending.gently.cancel();
    }
}
