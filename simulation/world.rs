//! The whole simulated world: the state of every service, and what was asked of them.
mod asking;
mod visits;

use crate::{Ask, Cloud, Faults, Latency, book::User, latency::Made, record::Call};
use crate::{
    blobs::Blobs, entra::Entra, kubernetes::Fleet, resource_manager::ResourceManager, service_bus::Broker,
    traffic::Traffic,
};
use bytes::Bytes;

/// The state of every service. It is changed only by a call, or by time when somebody looks.
#[derive(Default)]
pub struct World {
    /// Which cloud it is; [`set_cloud`](Self::set_cloud) changes it.
    pub(crate) cloud: Cloud,
    /// Azure Resource Manager: clusters, gateways, networks, operations.
    pub resource_manager: ResourceManager,
    /// The API server of each cluster.
    pub kubernetes: Fleet,
    /// The Service Bus namespaces' entities and messages.
    pub service_bus: Broker,
    /// Blob storage.
    pub blobs: Blobs,
    /// Token endpoints.
    pub entra: Entra,
    /// The gateways' data path.
    pub traffic: Traffic,
    /// The script of faults.
    pub faults: Faults,
    /// How long calls to the control planes take; `None`: no time at all.
    pub latency: Option<Latency>,
    /// How many calls to control planes each caller has made, while they took time.
    pub(crate) made: Made,
    /// Every call so far, or the latest, as [`most_calls_kept`](Self::most_calls_kept) says.
    pub calls: Vec<Call>,
    /// So many calls were made so far.
    pub call_count: usize,
    /// At least so many of the latest calls are kept, and at most twice as many; `None`: all.
    pub most_calls_kept: Option<usize>,
    /// Of a call's body so many bytes are kept in [`calls`](Self::calls); `None`: all.
    pub longest_body_kept: Option<usize>,
    /// Who is shown each call as it was made.
    pub witness: Option<Witness>,
    /// The users who ask for themselves.
    pub(crate) users: Vec<User>,
}

/// Is shown each call after it was carried out, with its headers and body, and the world as it left it.
pub type Witness = Box<dyn FnMut(&World, &Call, &Ask) + Send>;

impl World {
    /// The world is this cloud, before anything lies in it.
    pub fn set_cloud(&mut self, cloud: Cloud) {
        self.cloud = cloud;
        self.resource_manager.set_cloud(cloud);
    }

    /// Which cloud it is.
    #[must_use]
    pub const fn cloud(&self) -> Cloud {
        self.cloud
    }

    /// Keeps a call that was made, after the witness has seen it.
    pub(crate) fn note(&mut self, mut call: Call, ask: &Ask) {
        if let Some(mut witness) = self.witness.take() {
            witness(self, &call, ask);
            self.witness = Some(witness);
        }
        if let Some(longest) = self.longest_body_kept
            && call.body.len() > longest
        {
            // A copy: a slice would keep the whole.
            call.body = Bytes::copy_from_slice(&call.body[..longest]);
        }
        self.calls.push(call);
        self.call_count += 1;
        if let Some(most) = self.most_calls_kept.filter(|most| self.calls.len() > 2 * most) {
            let old = self.calls.len() - most;
            self.calls.drain(..old);
        }
    }
}
