//! What one process holds: the clients that every invocation uses.
use super::at_work::AtWork;
use super::bound::{BOUND, Bound, LOOKS};
use super::caller::Door;
use super::measures::Measures;
use crate::azure::issuer::Issuer;
use crate::azure::service_bus::ServiceBus;
use crate::azure::tell::Tell;
use crate::azure::{Reader, Writer};
use crate::process::clock::Clock;
use crate::process::config::Config;
use crate::process::telemetry::signals::Signals;
use crate::process::wire::Wire;
use crate::run::Run;
use crate::run::event::Message;
use crate::steps::acting::Azure;
use crate::store::{Store, Stored};
use azure_core::credentials::TokenCredential;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tracing::error;

/// The clients of one process. Cloning is cheap.
#[derive(Clone)]
pub struct App {
    /// Runs, sites, history.
    pub store: Store,
    /// Publishing.
    pub bus: ServiceBus,
    /// Looking at the world.
    pub reader: Reader,
    /// Changing it.
    pub writer: Writer,
    /// The store's time, and how fast it goes.
    pub clock: Clock,
    /// Resource id of the Service Bus namespace, where it is known.
    pub namespace: Option<String>,
    /// Who may call the API.
    pub door: Door,
    /// Telling people.
    pub tell: Tell,
    /// When the present invocation is over.
    pub bound: Bound,
    /// What is at work in this process.
    pub at_work: AtWork,
    /// Whether somebody waits for the answer: then a way back is begun beside it, and not before it.
    pub answers_first: bool,
    /// Where this process tells of itself.
    pub signals: Signals,
    /// What is counted of upgrades.
    pub measures: Measures,
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
        let reader = Reader::new(&config.cloud, wire, credential, &clock);
        let writer = Writer::new(&config.cloud, wire, credential, &clock);
        let directory = match &config.api.directory {
            // What strangers send makes it ask: its answers are read no further than a page of a workload.
            Some(directory) => {
                Some((directory.clone(), Issuer::new(&config.cloud.authority, directory, &wire.web, &clock)?))
            }
            None => None,
        };
        let door = Door::new(directory, config.api.key_may, config.api.host.as_deref());
        let targets = config.tell.clone().unwrap_or_else(|wrong| {
            error!("nobody is told over webhooks: {wrong}");
            vec![]
        });
        let tell = Tell::new(&targets, &wire.web);
        let (namespace, bound, at_work) = (config.namespace.clone(), Bound::default(), AtWork::default());
        let (signals, measures) = (wire.signals.clone(), Measures::new(&wire.signals));
        Ok(Self {
            store,
            bus,
            reader,
            writer,
            clock,
            namespace,
            door,
            tell,
            bound,
            at_work,
            answers_first: false,
            signals,
            measures,
        })
    }

    /// When the present invocation's looking, saving and publishing is over.
    #[must_use]
    pub fn ends(&self) -> Instant {
        self.bound.saves(&self.clock)
    }

    /// When this invocation's looks are over.
    #[must_use]
    pub fn looks_end(&self) -> Instant {
        self.ends() - self.clock.real(BOUND.saturating_sub(LOOKS))
    }

    /// What a step works with, for the hop at which this run was loaded.
    #[must_use]
    pub fn azure_for(&self, loaded: &Stored<Run>) -> Azure {
        Azure::new(&self.reader, &self.writer, &self.store, loaded)
    }

    /// Publishes the event of a run's present hop, if it still moves by itself.
    ///
    /// # Errors
    /// When it was not accepted.
    pub async fn publish(&self, run: &Run) -> anyhow::Result<()> {
        self.publish_after(run, Duration::ZERO).await
    }

    /// The same, to be delivered so much later at the earliest.
    ///
    /// # Errors
    /// When it was not accepted.
    pub async fn publish_after(&self, run: &Run, after: Duration) -> anyhow::Result<()> {
        if !run.moves() {
            return Ok(());
        }
        let now = self.store.now()?;
        let mut message = Message::of(run, now)?;
        if !after.is_zero() {
            message.at = message.at.max(now.checked_add(after).ok());
        }
        self.bus.publish(&message).await
    }
}
