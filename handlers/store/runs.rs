//! The present run of each site, and the runs before it. Layout: `active/<site>.json`, `history/<site>/<run>.json`.
use super::Store;
use super::blobs::{Put, SaveError, Stored, to_bytes};
use crate::run::{FORMAT, Run};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;

/// So many ended runs are read side by side.
const AT_ONCE: usize = 16;

/// A run's document that this binary cannot read, or must not: it is left untouched.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Another binary wrote it, and only such a one may go on with it.
    #[error("the run of {0} has format {1}; this binary understands up to {FORMAT}")]
    Newer(String, u64),
    /// It is no run.
    #[error("the run of {0} is unreadable: {1}")]
    Broken(String, serde_json::Error),
}

/// What is read of a run's document that is no run to this binary.
#[derive(Deserialize)]
struct Format {
    #[serde(default)]
    format: u64,
}

impl Store {
    /// The present run of a site.
    ///
    /// # Errors
    /// When the store does not answer, or the document is [`Unreadable`].
    pub async fn run(&self, site: &str) -> anyhow::Result<Option<Stored<Run>>> {
        let Some(found) = self.runs.get(&run_name(site)).await? else { return Ok(None) };
        let Stored { value, etag, at } = found;
        let read = serde_json::from_slice::<Run>(&value);
        // A newer binary's document may be one that this binary can read no more, or one that it only seems to understand.
        let format = match &read {
            Ok(run) => u64::from(run.format),
            Err(_) => serde_json::from_slice(&value).map_or(0, |Format { format }| format),
        };
        if format > u64::from(FORMAT) {
            return Err(Unreadable::Newer(site.to_owned(), format).into());
        }
        let value = read.map_err(|error| Unreadable::Broken(site.to_owned(), error))?;
        Ok(Some(Stored { value, etag, at }))
    }

    /// Saves a run if nobody changed it since it was loaded with this version; `None`: if there is none yet.
    ///
    /// # Errors
    /// A conflict, or a store that does not answer.
    pub async fn save(&self, run: &Run, etag: Option<&str>) -> Result<(), SaveError> {
        let condition = etag.map_or(Put::New, Put::Replacing);
        self.runs.put(&run_name(&run.plan.site.name), to_bytes(run)?, condition).await
    }

    /// The sites that have a run document, ended ones included.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn sites_with_runs(&self) -> anyhow::Result<Vec<String>> {
        let names = self.runs.list("active/").await?;
        Ok(names
            .iter()
            .filter_map(|name| Some(name.strip_prefix("active/")?.strip_suffix(".json")?.to_owned()))
            .collect())
    }

    /// Keeps an ended run under its id, before the next one takes its place. Once kept, never changed.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn keep_in_history(&self, run: &Run) -> anyhow::Result<()> {
        let name = format!("{}{}.json", history_of(&run.plan.site.name), run.id);
        match self.runs.put(&name, to_bytes(run)?, Put::New).await {
            Ok(()) | Err(SaveError::Conflict) => Ok(()),
            Err(SaveError::Other(error)) => Err(error),
        }
    }

    /// The names of the ended runs of a site.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn history(&self, site: &str) -> anyhow::Result<Vec<String>> {
        self.runs.list(&history_of(site)).await
    }

    /// One of them; `None` when it is gone, or is one of an older binary that this one cannot read: it says nothing then.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn ended_run(&self, name: &str) -> anyhow::Result<Option<Run>> {
        Ok(self.runs.get(name).await?.and_then(|found| serde_json::from_slice(&found.value).ok()))
    }

    /// The ended run of a site that this request had started; runs in no readable format had none.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn ended_run_of(&self, site: &str, request: &str) -> anyhow::Result<Option<String>> {
        let names = stream::iter(self.history(site).await?);
        let found = names.map(|name| async move { self.runs.get(&name).await });
        let mut found = found.buffer_unordered(AT_ONCE);
        while let Some(found) = found.try_next().await? {
            let asked = found.and_then(|found| serde_json::from_slice::<Asked>(&found.value).ok());
            if let Some(asked) = asked.filter(|asked| asked.request == request) {
                return Ok(Some(asked.id));
            }
        }
        Ok(None)
    }
}

/// What is read of an ended run, whatever else has changed in its format.
#[derive(Deserialize)]
struct Asked {
    id: String,
    request: String,
}

fn run_name(site: &str) -> String {
    format!("active/{site}.json")
}

fn history_of(site: &str) -> String {
    format!("history/{site}/")
}
