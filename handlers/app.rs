//! What one process holds: the clients that every invocation uses.
use crate::azure::Reader;
use crate::azure::blob_runs::BlobRuns;
use crate::azure::service_bus::ServiceBus;
use crate::clock::Clock;
use crate::config::Config;
use crate::event::Message;
use crate::run::Run;
use crate::wire::Wire;
use azure_core::credentials::TokenCredential;
use std::sync::Arc;

/// The clients of one process. Cloning is cheap.
#[derive(Clone)]
pub struct App {
    /// Runs, sites, history.
    pub store: BlobRuns,
    /// Publishing.
    pub bus: ServiceBus,
    /// Looking at the world.
    pub reader: Reader,
}

impl App {
    /// The clients for these settings, as this identity, on this wire.
    ///
    /// # Errors
    /// When a setting makes no URL.
    pub fn new(config: &Config, credential: &Arc<dyn TokenCredential>, wire: &Wire) -> anyhow::Result<Self> {
        let store = BlobRuns::new(&config.store, credential, &wire.http, &Clock::default())?;
        let bus = ServiceBus::new(&config.bus, credential, &wire.http)?;
        let reader = Reader::new(&config.cloud, wire, credential, &store);
        Ok(Self { store, bus, reader })
    }

    /// Publishes the event of a run's present hop, if it still moves by itself.
    ///
    /// # Errors
    /// When it was not accepted.
    pub async fn publish(&self, run: &Run) -> anyhow::Result<()> {
        if !run.moves() {
            return Ok(());
        }
        self.bus.publish(&Message::of(run, self.store.now()?)?).await
    }
}
