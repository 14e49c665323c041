//! The simulated Azure on loopback ports, for real clients: the Azure CLI, the SDKs, kubectl, our own executable.
//!
//! ```text
//! client ──TLS or plain──► listener ──► http ──canonical host name──► SimulatedAzure::call
//!                              └──────► amqp, or whatever else serves it
//! ```
//! Every port takes TLS, by a certificate of an authority that is made at each start, and plain connections.
//! A data folder tells where everything is: `endpoints.json`, `ca.pem`, a kubeconfig for each cluster.
pub mod amqp;
mod certificates;
mod endpoints;
mod error;
mod folder;
mod http;
mod kubeconfigs;
mod listener;
mod options;
mod routed;
mod service;

pub use endpoints::{Amqp, Blobs, Cluster, Endpoints, Identity, Login, ServiceBus};
pub use error::Error;
pub use listener::{Connection, Duplex, Serve};
pub use options::{Options, Ports};
pub use routed::routed;

use crate::SimulatedAzure;
use certificates::Certificates;
use folder::Folder;
use http::Door;
use service::Service;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// Real clients run for days: of what they upload, the record of calls keeps only so many bytes.
const LONGEST_BODY_KEPT: usize = 64 * 1024;
/// And of the calls the latest.
const MOST_CALLS_KEPT: usize = 10_000;

/// The open doors. Dropping them closes every connection and takes `endpoints.json` away.
pub struct Doors {
    /// Where everything is. What is changed here is written by [`publish`](Self::publish).
    pub endpoints: Endpoints,
    azure: SimulatedAzure,
    folder: Arc<Folder>,
    tls: TlsAcceptor,
    tasks: JoinSet<()>,
    following: Option<AbortHandle>,
}

impl Doors {
    /// Opens all doors. From now on the world's answers name loopback addresses where they lead to other services.
    ///
    /// # Errors
    /// When a port is taken, or the data folder is not ours to use.
    pub async fn open(azure: &SimulatedAzure, options: &Options) -> Result<Self, Error> {
        let folder = Arc::new(Folder::open(&options.folder)?);
        let certificates = Certificates::new()?;
        let cloud = azure.world().cloud();
        folder.write(folder::AUTHORITY, certificates.authority.as_bytes())?;
        folder.write(folder::CERTIFICATE, certificates.localhost.as_bytes())?;
        folder.write(folder::KEY, certificates.key.as_bytes())?;
        let mut ports = vec![];
        for (service, port, option) in options.ports.of_services() {
            ports.push((service, listener::bind(port, option).await?));
        }
        let amqp = match &options.amqp {
            Some(serve) => {
                let plain = listener::bind(options.ports.amqp, "--amqp-port").await?;
                let tls = listener::bind(options.ports.amqps, "--amqps-port").await?;
                Some((plain, tls, serve.clone()))
            }
            None => None,
        };
        let at = |wanted: Service| {
            let found = ports.iter().find(|(service, _)| *service == wanted);
            found.map_or(0, |(_, listener)| port_of(listener))
        };
        let amqp_ports = amqp.as_ref().map(|(plain, tls, _)| (port_of(plain), port_of(tls)));
        let authority = folder.path_of(folder::AUTHORITY);
        let endpoints = options.endpoints(at, amqp_ports, authority, &certificates.key);
        {
            let mut world = azure.world();
            world.longest_body_kept = Some(LONGEST_BODY_KEPT);
            world.most_calls_kept = Some(MOST_CALLS_KEPT);
            let key = options::secret(options::KEY, &certificates.key);
            world.service_bus.shared_access_keys.insert(options::POLICY.into(), key);
            let neighbours = &mut world.resource_manager.neighbours;
            neighbours.login.clone_from(&endpoints.login.authority);
            // Who asks for names of people and groups must not ask the real cloud.
            neighbours.graph.clone_from(&endpoints.login.authority);
            neighbours.publishing = Some(options::publishing(&endpoints.resource_manager));
            neighbours.api_servers = Some(endpoints.kubernetes.clone());
            neighbours.authority.clone_from(&certificates.authority);
        }
        let tls = certificates.tls;
        let mut doors = Self { endpoints, azure: azure.clone(), folder, tls, tasks: JoinSet::new(), following: None };
        for (service, listener) in ports {
            let port = port_of(&listener);
            let namespace = options.namespace.as_str().into();
            let door = Door { azure: azure.clone(), service, port, namespace, cloud };
            doors.serve(listener, door.serving());
        }
        if let Some((plain, tls, serve)) = amqp {
            doors.serve(plain, serve.clone());
            doors.serve(tls, serve);
        }
        Ok(doors)
    }

    /// Opens one more door, on 127.0.0.1 at `port` (0: any free one), and says at which port it is.
    /// `option` is what sets that port, for the message when it is taken.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn add(&mut self, port: u16, option: &'static str, serve: Serve) -> Result<u16, Error> {
        let listener = listener::bind(port, option).await?;
        let port = port_of(&listener);
        self.serve(listener, serve);
        Ok(port)
    }

    /// Writes the kubeconfigs, and then `endpoints.json`, whole: everything it names answers. Call it when all is ready.
    /// From then on both follow the clusters that come and go.
    ///
    /// # Errors
    /// When the data folder cannot be written.
    pub fn publish(&mut self) -> Result<(), Error> {
        if let Some(following) = self.following.take() {
            following.abort();
        }
        self.endpoints.clusters = self.clusters()?;
        self.folder.tell(&self.endpoints)?;
        let following = kubeconfigs::follow(self.azure.clone(), self.folder.clone(), self.endpoints.clone());
        self.following = Some(self.tasks.spawn(following));
        Ok(())
    }

    /// The clusters as they are now, each with its kubeconfig written.
    ///
    /// # Errors
    /// When the data folder cannot be written.
    pub fn clusters(&self) -> Result<BTreeMap<String, Cluster>, Error> {
        kubeconfigs::write(&self.azure, &self.folder, &BTreeMap::new())
    }

    fn serve(&mut self, listener: TcpListener, serve: Serve) {
        self.tasks.spawn(listener::accept(listener, self.tls.clone(), serve));
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        // Nobody shall find addresses that nobody answers at; if that fails, the next start removes it.
        let _ = self.folder.take_back();
    }
}

fn port_of(listener: &TcpListener) -> u16 {
    listener.local_addr().map_or(0, |address| address.port())
}
