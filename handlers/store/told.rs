//! How much of a run's journal people were told, beside the run: no hop, and it may be lost. Layout: `told/<site>.json`.
use super::Store;
use super::blobs::{Put, to_bytes};
use crate::run::Run;
use serde::{Deserialize, Serialize};

/// Of which run, up to which line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// The run.
    pub run: String,
    /// The number of the last line that everybody was told.
    pub number: u32,
    /// How often a line after it was tried.
    pub tries: u32,
}

impl Store {
    /// How much of this run was told: nothing, where that is not known.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn told(&self, run: &Run) -> anyhow::Result<Told> {
        let found = self.runs.get(&name(&run.plan.site.name)).await?;
        let known: Option<Told> = found.and_then(|found| serde_json::from_slice(&found.value).ok());
        let known = known.filter(|known| known.run == run.id);
        Ok(known.unwrap_or_else(|| Told { run: run.id.clone(), ..Told::default() }))
    }

    /// Keeps it.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn keep_told(&self, site: &str, told: &Told) -> anyhow::Result<()> {
        Ok(self.runs.put(&name(site), to_bytes(told)?, Put::Anyway).await?)
    }
}

fn name(site: &str) -> String {
    format!("told/{site}.json")
}
