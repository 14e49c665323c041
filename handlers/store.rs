//! Runs, sites, history and refusals as blobs. The store's `Date` is the time of everything that is decided.
use crate::azure::patience;
use crate::process::clock::Clock;
use crate::run::{FORMAT, Run};
use crate::site::Site;
use anyhow::{Context as _, anyhow};
use azure_core::credentials::TokenCredential;
use azure_core::http::headers::HeaderName;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Etag, Request, StatusCode, Transport, Url};
use azure_storage_blob::models::{
    BlobClientDownloadOptions, BlobClientUploadOptions, BlobContainerClientListBlobsOptions,
};
use azure_storage_blob::{BlobContainerClient, BlobContainerClientOptions};
use bytes::Bytes;
use futures::TryStreamExt;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::num::NonZero;
use std::sync::Arc;

/// The container of run documents, history, refusals and waiting requests.
pub const RUNS: &str = "runs";
/// The container of sites, their manifests and the gateways' reservations.
pub const SITES: &str = "sites";

/// Our documents are small. Otherwise the client asks the system for its number of processors each time.
const IN_ONE: Option<NonZero<usize>> = NonZero::new(1);

/// The store.
#[derive(Clone)]
pub struct BlobRuns {
    runs: Arc<BlobContainerClient>,
    sites: Arc<BlobContainerClient>,
    clock: Clock,
}

/// A document with its version and the time at which the store gave it out.
#[derive(Clone, Debug)]
pub struct Stored<T> {
    /// The document.
    pub value: T,
    /// Its version.
    pub etag: String,
    /// The store's time.
    pub at: Timestamp,
}

/// Why something could not be saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// Somebody changed it since it was loaded, or it exists already.
    #[error("somebody else changed it meanwhile")]
    Conflict,
    /// The store did not answer, or refused.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

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

/// Sets the clock by each answer.
#[derive(Debug)]
struct TellTime(Clock);

#[async_trait::async_trait]
impl Policy for TellTime {
    async fn send(&self, context: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let answer = next[0].send(context, request, &next[1..]).await?;
        if let Some(date) = answer.headers().get_optional_str(&HeaderName::from_static("date")) {
            self.0.set(date);
        }
        Ok(answer)
    }
}

impl BlobRuns {
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
        let container = |name: &str| -> anyhow::Result<Arc<BlobContainerClient>> {
            let mut client_options = patience::for_the_store(transport, clock);
            client_options.per_try_policies.push(Arc::new(TellTime(clock.clone())));
            let options = BlobContainerClientOptions { client_options, ..BlobContainerClientOptions::default() };
            let url: Url = format!("{}/{name}", account.trim_end_matches('/')).parse().context("no storage URL")?;
            Ok(Arc::new(BlobContainerClient::new(url, Some(credential.clone()), Some(options))?))
        };
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

    /// The present run of a site.
    ///
    /// # Errors
    /// When the store does not answer, or the document is [`Unreadable`].
    pub async fn run(&self, site: &str) -> anyhow::Result<Option<Stored<Run>>> {
        let Some(found) = self.get(&self.runs, &run_name(site)).await? else { return Ok(None) };
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
        self.put(&self.runs, &run_name(&run.plan.site.name), to_bytes(run)?, condition).await
    }

    /// The sites that have a run document, ended ones included.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn sites_with_runs(&self) -> anyhow::Result<Vec<String>> {
        let names = self.list(&self.runs, "active/").await?;
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
        let name = format!("history/{}/{}.json", run.plan.site.name, run.id);
        match self.put(&self.runs, &name, to_bytes(run)?, Put::New).await {
            Ok(()) | Err(SaveError::Conflict) => Ok(()),
            Err(SaveError::Other(error)) => Err(error),
        }
    }

    /// A site as it was published.
    ///
    /// # Errors
    /// When the store does not answer, or the site is unreadable.
    pub async fn site(&self, name: &str) -> anyhow::Result<Option<Site>> {
        let Some(found) = self.get(&self.sites, &format!("{name}.json")).await? else { return Ok(None) };
        Ok(Some(serde_json::from_slice(&found.value).with_context(|| format!("the site {name} is unreadable"))?))
    }

    /// The names of all published sites.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn sites(&self) -> anyhow::Result<Vec<String>> {
        let names = self.list(&self.sites, "").await?;
        let site = |name: &String| Some(name.strip_suffix(".json").filter(|name| !name.contains('/'))?.to_owned());
        Ok(names.iter().filter_map(site).collect())
    }

    /// A document beside the runs: a refusal, a waiting request.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn record(&self, name: &str, record: &impl Serialize) -> anyhow::Result<()> {
        match self.put(&self.runs, name, to_bytes(record)?, Put::Anyway).await {
            Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Such documents, by the beginning of their names.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn records(&self, prefix: &str) -> anyhow::Result<Vec<String>> {
        self.list(&self.runs, prefix).await
    }

    /// Such a document as JSON.
    ///
    /// # Errors
    /// When the store does not answer, or it is no JSON.
    pub async fn recorded(&self, name: &str) -> anyhow::Result<Option<Value>> {
        let Some(found) = self.get(&self.runs, name).await? else { return Ok(None) };
        Ok(Some(serde_json::from_slice(&found.value)?))
    }

    /// Takes such a document away. That there is none is well, too.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn forget(&self, name: &str) -> anyhow::Result<()> {
        match self.runs.blob_client(name).delete(None).await {
            Ok(_) => Ok(()),
            Err(error) if error.http_status() == Some(StatusCode::NotFound) => Ok(()),
            Err(error) => Err(anyhow!(error).context(format!("failed to delete {name}"))),
        }
    }

    /// A published document of the sites' container: a manifest by its digest, a gateway's reservation.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn published(&self, name: &str) -> anyhow::Result<Option<Stored<Bytes>>> {
        self.get(&self.sites, name).await
    }

    /// Publishes such a document.
    ///
    /// # Errors
    /// A conflict, or a store that does not answer.
    pub async fn publish(&self, name: &str, content: Bytes, condition: Put<'_>) -> Result<(), SaveError> {
        self.put(&self.sites, name, content, condition).await
    }

    async fn get(&self, container: &BlobContainerClient, name: &str) -> anyhow::Result<Option<Stored<Bytes>>> {
        let failed = || format!("failed to read {name} from the store");
        let options = BlobClientDownloadOptions { parallel: IN_ONE, ..BlobClientDownloadOptions::default() };
        let answer = match container.blob_client(name).download(Some(options)).await {
            Ok(answer) => answer,
            Err(error) if error.http_status() == Some(StatusCode::NotFound) => return Ok(None),
            Err(error) => return Err(anyhow!(error)).with_context(failed),
        };
        let etag = answer.properties.etag.map(|etag| etag.to_string()).unwrap_or_default();
        let at = self.clock.now()?;
        let value = answer.body.collect().await.with_context(failed)?;
        Ok(Some(Stored { value, etag, at }))
    }

    async fn put(
        &self,
        to: &BlobContainerClient,
        name: &str,
        body: Bytes,
        condition: Put<'_>,
    ) -> Result<(), SaveError> {
        let mut options = BlobClientUploadOptions {
            blob_content_type: Some("application/json".into()),
            parallel: IN_ONE,
            ..BlobClientUploadOptions::default()
        };
        match condition {
            Put::Anyway => {}
            Put::New => options.if_none_match = Some(Etag::from("*")),
            Put::Replacing(etag) => options.if_match = Some(Etag::from(etag)),
        }
        match to.blob_client(name).upload(body.into(), Some(options)).await {
            Ok(_) => Ok(()),
            Err(error)
                if matches!(error.http_status(), Some(StatusCode::PreconditionFailed | StatusCode::Conflict)) =>
            {
                Err(SaveError::Conflict)
            }
            Err(error) => Err(SaveError::Other(anyhow!(error).context(format!("failed to write {name} to the store")))),
        }
    }

    async fn list(&self, container: &BlobContainerClient, prefix: &str) -> anyhow::Result<Vec<String>> {
        let options = BlobContainerClientListBlobsOptions { prefix: Some(prefix.to_owned()), ..Default::default() };
        let mut names = vec![];
        let mut found = container.list_blobs(Some(options))?;
        while let Some(blob) = found.try_next().await.context("failed to list the store")? {
            names.extend(blob.name);
        }
        Ok(names)
    }
}

/// On which condition something is written.
#[derive(Clone, Copy, Debug)]
pub enum Put<'a> {
    /// Whatever is there.
    Anyway,
    /// Only if there is nothing yet.
    New,
    /// Only in place of this version.
    Replacing(&'a str),
}

fn run_name(site: &str) -> String {
    format!("active/{site}.json")
}

fn to_bytes(value: &impl Serialize) -> anyhow::Result<Bytes> {
    Ok(serde_json::to_vec(value)?.into())
}
