//! The present run of each site, and the runs before it. Layout: `active/<site>.json`, `history/<site>/<run>.json`.
use super::Store;
use super::blobs::{Put, SaveError, Stored, to_bytes};
use super::lines::{self, Listed, Page};
use crate::process::limits::Pages;
use crate::run::{FORMAT, Run, summary};
use anyhow::Context as _;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};

/// So many runs are read side by side.
const AT_ONCE: usize = 16;
/// Where the present runs are.
const ACTIVE: &str = "active/";

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
        self.runs.get(&run_name(site)).await?.map(|found| readable(site, found)).transpose()
    }

    /// A part of the list of runs, a line each, by the sites' names; `None` when it begins nowhere. A run whose document has
    /// no line is read; what cannot be read costs its own line.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn lines(&self, after: Option<&str>, most: usize) -> anyhow::Result<Option<Page<Value>>> {
        let Some(Page { items, next }) = self.runs.page(ACTIVE, after, most).await? else { return Ok(None) };
        let reads = stream::iter(items).map(|listed| async move {
            let site = site_of(&listed.name)?.to_owned();
            let line = match lines::line_or_document(&self.runs, listed).await {
                Ok(found) => found?.or_else(|found| readable(&site, found).map(|run| summary(&run.value))),
                Err(error) => Err(error),
            };
            Some(line.unwrap_or_else(|why| json!({"site": site, "unreadable": format!("{why:#}")})))
        });
        let items = reads.buffered(AT_ONCE).filter_map(std::future::ready).collect().await;
        Ok(Some(Page { items, next }))
    }

    /// The sites whose run is under way, or may be: whose line does not say that it has ended.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn sites_under_way(&self) -> anyhow::Result<Vec<String>> {
        let may_be = |line: &Option<Value>| line.as_ref().is_none_or(|line| line["ending"].is_null());
        let listed = self.listed().await?;
        let found = listed.iter().filter(|listed| may_be(&listed.line)).filter_map(|listed| site_of(&listed.name));
        Ok(found.map(str::to_owned).collect())
    }

    /// The sites that have a run document, ended ones included, each with whether the document has a line.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn sites_and_lines(&self) -> anyhow::Result<Vec<(String, bool)>> {
        let listed = self.listed().await?;
        let site = |listed: &Listed| Some((site_of(&listed.name)?.to_owned(), listed.line.is_some()));
        Ok(listed.iter().filter_map(site).collect())
    }

    /// All documents of present runs.
    async fn listed(&self) -> anyhow::Result<Vec<Listed>> {
        let (mut listed, mut after, mut pages) = (vec![], None, Pages::default());
        loop {
            let page = self.runs.page(ACTIVE, after.as_deref(), usize::MAX).await?;
            let Page { items, next } = page.context("the store's list broke off")?;
            listed.extend(items);
            let Some(next) = next else { return Ok(listed) };
            pages.ask(&next).map_err(anyhow::Error::msg)?;
            after = Some(next);
        }
    }

    /// Gives the ended run of a site the line that its document lacks, as an older binary wrote it: the document stays as it
    /// is, byte for byte. Whoever writes it meanwhile is not disturbed.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn add_line(&self, site: &str) -> anyhow::Result<()> {
        let name = run_name(site);
        let Some(found) = self.runs.get(&name).await? else { return Ok(()) };
        let (document, etag) = (found.value.clone(), found.etag.clone());
        let Ok(run) = readable(site, found) else { return Ok(()) };
        if run.value.ending.is_none() {
            return Ok(());
        }
        match self.runs.put_with(&name, document, Put::Replacing(&etag), Some(&summary(&run.value))).await {
            Ok(()) | Err(SaveError::Conflict) => Ok(()),
            Err(SaveError::Other(error)) => Err(error),
        }
    }

    /// Saves a run if nobody changed it since it was loaded with this version; `None`: if there is none yet.
    ///
    /// # Errors
    /// A conflict, or a store that does not answer.
    pub async fn save(&self, run: &Run, etag: Option<&str>) -> Result<(), SaveError> {
        let condition = etag.map_or(Put::New, Put::Replacing);
        let line = summary(run);
        self.runs.put_with(&run_name(&run.plan.site.name), to_bytes(run)?, condition, Some(&line)).await
    }

    /// The sites that have a run document, ended ones included.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn sites_with_runs(&self) -> anyhow::Result<Vec<String>> {
        let names = self.runs.list(ACTIVE).await?;
        Ok(names.iter().filter_map(|name| site_of(name)).map(str::to_owned).collect())
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

/// The run in a document.
fn readable(site: &str, found: Stored<Bytes>) -> anyhow::Result<Stored<Run>> {
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
    Ok(Stored { value, etag, at })
}

fn run_name(site: &str) -> String {
    format!("{ACTIVE}{site}.json")
}

fn site_of(name: &str) -> Option<&str> {
    name.strip_prefix(ACTIVE)?.strip_suffix(".json")
}

fn history_of(site: &str) -> String {
    format!("history/{site}/")
}
