//! When a person was last called for a document that cannot be read: they are called once a day. Layout: `calls/<site>.json`.
use super::Store;
use super::blobs::{Put, to_bytes};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// When a person was called.
    pub at: Timestamp,
    /// Why.
    pub why: String,
}

impl Store {
    /// The last call for a site's document. What is unreadable was never made.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn called(&self, site: &str) -> anyhow::Result<Option<Call>> {
        let found = self.runs.get(&name(site)).await?;
        Ok(found.and_then(|found| serde_json::from_slice(&found.value).ok()))
    }

    /// Keeps the last call for a site's document.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn keep_call(&self, site: &str, call: &Call) -> anyhow::Result<()> {
        Ok(self.runs.put(&name(site), to_bytes(call)?, Put::Anyway).await?)
    }
}

fn name(site: &str) -> String {
    format!("calls/{site}.json")
}
