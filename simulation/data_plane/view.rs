//! What is in effect at one moment: the gateways' routing, and who answers at which address. Requests only read it.
use super::backends::Pool;
use super::pods::Pod;
use crate::kubernetes::Landscape;
use crate::resource_manager::Routing;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Everything that a request needs to find its way.
#[derive(Default)]
pub(super) struct View {
    /// The running gateways by key, in the order in which they are asked for a listener.
    pub gateways: BTreeMap<String, Arc<Gateway>>,
    /// The running clusters, by their API servers' hosts.
    pub clusters: BTreeMap<String, Arc<Cluster>>,
}

/// A gateway's configuration in effect.
pub(super) struct Gateway {
    pub routing: Arc<Routing>,
    /// One for each of the routing's backends.
    pub pools: Vec<Arc<Pool>>,
}

/// A running cluster and its pods' servers.
pub(super) struct Cluster {
    pub landscape: Arc<Landscape>,
    /// By the pods' uids.
    pub pods: HashMap<String, Arc<Pod>>,
    /// Whose turn it is.
    pub next: AtomicUsize,
}

/// Who answers a request that reached a load balancer.
pub(super) enum Landed {
    Pod(Arc<Pod>),
    /// The ingress controller itself: it knows no such host or path, or no pod is ready.
    Ingress {
        status: u16,
        cluster: String,
        version: String,
    },
}

impl View {
    /// The pool for a request. `None`: no listener is for this host. `Some(None)`: its rule leads to no pool.
    pub fn pool(&self, host: &str, path: &str) -> Option<Option<Arc<Pool>>> {
        self.gateways.values().find_map(|gateway| {
            let backend = gateway.routing.backend(host, None, path)?;
            Some(backend.map(|backend| Arc::clone(&gateway.pools[backend])))
        })
    }

    /// Who answers at this address; `None`: nobody listens there.
    pub fn land(&self, address: IpAddr, host: &str, path: &str) -> Option<Landed> {
        self.clusters.values().find_map(|cluster| cluster.land(address, host, path))
    }
}

impl Cluster {
    fn land(&self, address: IpAddr, host: &str, path: &str) -> Option<Landed> {
        let landing = self.landscape.land(address, host, path)?;
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let count = landing.pods.len();
        let pod = (0..count).find_map(|ahead| self.pods.get(&landing.pods[turn.wrapping_add(ahead) % count].uid));
        let Landscape { cluster, version, .. } = &*self.landscape;
        Some(pod.map_or_else(
            || Landed::Ingress { status: landing.status, cluster: cluster.clone(), version: version.clone() },
            |pod| Landed::Pod(Arc::clone(pod)),
        ))
    }
}
