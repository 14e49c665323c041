//! What answers behind a cluster's load balancers, as of one moment: for those who serve real requests. Pure once it is made.
use super::{
    endpoints::{Endpoint, running_pods},
    routes::Routes,
    server::Server,
    store::Name,
};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// One running cluster's load balancers, Ingress rules and pods.
#[derive(Debug)]
pub(crate) struct Landscape {
    pub cluster: String,
    pub version: String,
    /// Whether the script breaks its workloads: each answers 500.
    pub broken: bool,
    /// Where each visit is answered 500, though the workloads are well.
    broken_addresses: Vec<IpAddr>,
    routes: Arc<Routes>,
    pods: BTreeMap<Name, Vec<Endpoint>>,
}

/// Where a request lands that reached a load balancer.
#[derive(Debug)]
pub(crate) struct Landing<'world> {
    /// What the simulation's own visit is answered.
    pub status: u16,
    /// The pods that may answer; empty: the ingress controller answers itself.
    pub pods: Vec<&'world Endpoint>,
}

impl Landscape {
    /// The landscape of a running cluster; what `known` shows as it still is, is shared.
    pub fn of(server: &mut Server, known: Option<&Arc<Self>>, now: Timestamp) -> Option<Arc<Self>> {
        if !server.is_running() {
            return None;
        }
        let routes = Arc::clone(server.routes(now));
        let (broken, broken_addresses) = (server.is_broken(now), server.broken_addresses(now));
        if let Some(known) = known
            && Arc::ptr_eq(&known.routes, &routes)
            && (known.broken, &known.broken_addresses) == (broken, &broken_addresses)
        {
            return Some(Arc::clone(known));
        }
        let pods = routes
            .services()
            .into_iter()
            .map(|service| (service.clone(), running_pods(&server.objects.store, service)))
            .collect();
        let (cluster, version) = (server.shape().cluster.clone(), server.shape().version.clone());
        Some(Arc::new(Self { cluster, version, broken, broken_addresses, routes, pods }))
    }

    /// Where a request lands; `None`: nothing listens at the address.
    pub fn land(&self, address: IpAddr, host: &str, path: &str) -> Option<Landing<'_>> {
        let (status, service) = self.routes.land(address, host, path)?;
        if self.broken_addresses.contains(&address) {
            return Some(Landing { status: 500, pods: vec![] });
        }
        let behind = service.and_then(|service| self.pods.get(service)).into_iter().flatten();
        // A broken pod is not ready, and yet it is the one that answers.
        let pods = behind.filter(|pod| pod.ready || self.broken).collect();
        Some(Landing { status: if self.broken { 500 } else { status }, pods })
    }

    /// Every pod to which a request can be led.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.pods.values().flatten()
    }
}
