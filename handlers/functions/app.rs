//! What one process holds: the clients that every invocation uses.
use crate::azure::Reader;
use crate::azure::service_bus::ServiceBus;
use crate::process::clock::Clock;
use crate::process::config::Config;
use crate::process::wire::Wire;
use crate::run::Run;
use crate::run::event::Message;
use crate::store::Store;
use azure_core::credentials::TokenCredential;
use std::sync::Arc;

/// The clients of one process. Cloning is cheap.
#[derive(Clone)]
pub struct App {
    /// Runs, sites, history.
    pub store: Store,
    /// Publishing.
    pub bus: ServiceBus,
    /// Looking at the world.
    pub reader: Reader,
    /// The store's time, and how fast it goes.
    pub clock: Clock,
}

impl App {
    /// The clients for these settings, as this identity, on this wire.
    ///
    /// # Errors
    /// When a setting makes no URL.
    pub fn new(config: &Config, credential: &Arc<dyn TokenCredential>, wire: &Wire) -> anyhow::Result<Self> {
        let clock = Clock::running_at(config.clock_speed);
        let store = Store::new(&config.store, credential, &wire.http, &clock)?;
        let bus = ServiceBus::new(&config.bus, credential, &wire.http, &clock)?;
        let reader = Reader::new(&config.cloud, wire, credential, &store);
        Ok(Self { store, bus, reader, clock })
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
