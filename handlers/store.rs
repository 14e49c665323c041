//! What is kept in the storage account, and the only owner of its names: runs and their history, sites with their manifests
//! and reservations, records for people. The store's `Date` is the time of everything that is decided.
mod blobs;
mod calls;
pub mod counts;
mod lines;
pub mod questions;
mod records;
mod runs;
mod sites;
pub mod told;
pub mod turns;

pub use blobs::{SaveError, Stored};
pub use calls::UnderWay;
pub use lines::Page;
pub use records::Shelf;
pub use runs::Unreadable;
pub use sites::{content_name, reservation_name, with_digests};

use crate::process::clock::Clock;
use azure_core::credentials::TokenCredential;
use azure_core::http::Transport;
use blobs::Blobs;
use jiff::Timestamp;
use std::sync::Arc;

/// The container of run documents, history, refusals and waiting requests.
pub const RUNS: &str = "runs";
/// The container of sites, their manifests and the gateways' reservations.
pub const SITES: &str = "sites";

/// The store.
#[derive(Clone)]
pub struct Store {
    runs: Blobs,
    sites: Blobs,
    clock: Clock,
}

impl Store {
    /// The store of this storage account (`https://<account>.blob.core.windows.net/`).
    ///
    /// # Errors
    /// When the URL is none.
    pub fn new(
        account: &str,
        credential: &Arc<dyn TokenCredential>,
        transport: &Transport,
        clock: &Clock,
    ) -> anyhow::Result<Self> {
        let container = |name: &str| Blobs::new(account, name, credential, transport, clock);
        Ok(Self { runs: container(RUNS)?, sites: container(SITES)?, clock: clock.clone() })
    }

    /// The clock that each answer of the store sets.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The store's time, as far as it was told.
    ///
    /// # Errors
    /// When the store has not answered yet.
    pub fn now(&self) -> anyhow::Result<Timestamp> {
        self.clock.now()
    }
}
