//! What regions offer, asked once a region however many sites are looked at side by side.
use super::app::App;
use crate::azure::Reader;
use crate::plan::versions::Offered;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::{Mutex, OnceCell};
use tracing::warn;

/// A subscription's region.
type Place = (String, String);
/// What a region offers, or why it cannot be told.
type Told = Result<Offered, String>;

/// The answers of the regions in one look at many sites.
#[derive(Default)]
pub struct Regions {
    answers: Mutex<BTreeMap<Place, Arc<OnceCell<Told>>>>,
    compared: Mutex<BTreeSet<Place>>,
}

impl Regions {
    /// What a region offers. Whoever comes while it is asked waits for the same answer.
    ///
    /// # Errors
    /// When Azure does not answer.
    pub async fn offered(&self, reader: &Reader, subscription: &str, location: &str) -> anyhow::Result<Offered> {
        let place = (subscription.to_owned(), location.to_owned());
        let answer = self.answers.lock().await.entry(place).or_default().clone();
        let told = answer.get_or_init(|| async {
            let offered = reader.versions(subscription, location).await;
            Offered::read(&offered.map_err(|error| format!("{:#}", error.into_cause()))?)
        });
        told.await.clone().map_err(anyhow::Error::msg)
    }

    /// Says so when a version that a region offered at the last look is offered no more; once a region.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn compare(&self, app: &App, subscription: &str, location: &str, now: &Offered) -> anyhow::Result<()> {
        if !self.compared.lock().await.insert((subscription.to_owned(), location.to_owned())) {
            return Ok(());
        }
        let offered: Vec<String> = now.versions.iter().map(|offered| offered.version.to_string()).collect();
        let before = app.store.versions(subscription, location).await?;
        for gone in before.iter().filter(|version| !offered.contains(version)) {
            warn!(location, version = gone, "a version is no longer offered");
        }
        if before != offered {
            app.store.keep_versions(subscription, location, &offered).await?;
        }
        Ok(())
    }
}
