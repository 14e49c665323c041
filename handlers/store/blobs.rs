//! Blobs with conditions, and the store's time. The only code that speaks to the storage account; names are its users'.
use super::lines::{self, Listed, Page};
use crate::azure::patience;
use crate::process::clock::Clock;
use crate::process::limits::Pages;
use anyhow::{Context as _, anyhow};
use azure_core::credentials::TokenCredential;
use azure_core::http::headers::HeaderName;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Etag, Request, StatusCode, Transport, Url};
use azure_storage_blob::models::{
    BlobClientDownloadOptions, BlobClientUploadOptions, BlobContainerClientListBlobsOptions, ListBlobsIncludeItem,
};
use azure_storage_blob::{BlobContainerClient, BlobContainerClientOptions};
use bytes::Bytes;
use futures::TryStreamExt;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::num::NonZero;
use std::sync::Arc;

/// Our documents are small. Otherwise the client asks the system for its number of processors each time.
const IN_ONE: Option<NonZero<usize>> = NonZero::new(1);

/// One container.
#[derive(Clone)]
pub(super) struct Blobs {
    container: Arc<BlobContainerClient>,
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

impl Blobs {
    /// This container of a storage account (`https://<account>.blob.core.windows.net/`).
    pub(super) fn new(
        account: &str,
        name: &str,
        credential: &Arc<dyn TokenCredential>,
        transport: &Transport,
        clock: &Clock,
    ) -> anyhow::Result<Self> {
        let mut client_options = patience::for_the_store(transport, clock);
        client_options.per_try_policies.push(Arc::new(TellTime(clock.clone())));
        let options = BlobContainerClientOptions { client_options, ..BlobContainerClientOptions::default() };
        let url: Url = format!("{}/{name}", account.trim_end_matches('/')).parse().context("no storage URL")?;
        let container = BlobContainerClient::new(url, Some(credential.clone()), Some(options))?;
        Ok(Self { container: Arc::new(container), clock: clock.clone() })
    }

    pub(super) async fn get(&self, name: &str) -> anyhow::Result<Option<Stored<Bytes>>> {
        let failed = || format!("failed to read {name} from the store");
        let options = BlobClientDownloadOptions { parallel: IN_ONE, ..BlobClientDownloadOptions::default() };
        let answer = match self.container.blob_client(name).download(Some(options)).await {
            Ok(answer) => answer,
            Err(error) if error.http_status() == Some(StatusCode::NotFound) => return Ok(None),
            Err(error) => return Err(anyhow!(error)).with_context(failed),
        };
        let etag = answer.properties.etag.map(|etag| etag.to_string()).unwrap_or_default();
        let at = self.clock.now()?;
        let value = answer.body.collect().await.with_context(failed)?;
        Ok(Some(Stored { value, etag, at }))
    }

    pub(super) async fn put(&self, name: &str, body: Bytes, condition: Put<'_>) -> Result<(), SaveError> {
        self.put_with(name, body, condition, None).await
    }

    /// The same, with a line that lists show.
    pub(super) async fn put_with(
        &self,
        name: &str,
        body: Bytes,
        condition: Put<'_>,
        line: Option<&Value>,
    ) -> Result<(), SaveError> {
        let mut options = BlobClientUploadOptions {
            metadata: line.and_then(lines::metadata),
            blob_content_type: Some("application/json".into()),
            parallel: IN_ONE,
            ..BlobClientUploadOptions::default()
        };
        match condition {
            Put::Anyway => {}
            Put::New => options.if_none_match = Some(Etag::from("*")),
            Put::Replacing(etag) => options.if_match = Some(Etag::from(etag)),
        }
        match self.container.blob_client(name).upload(body.into(), Some(options)).await {
            Ok(_) => Ok(()),
            Err(error)
                if matches!(error.http_status(), Some(StatusCode::PreconditionFailed | StatusCode::Conflict)) =>
            {
                Err(SaveError::Conflict)
            }
            Err(error) => Err(SaveError::Other(anyhow!(error).context(format!("failed to write {name} to the store")))),
        }
    }

    pub(super) async fn list(&self, prefix: &str) -> anyhow::Result<Vec<String>> {
        let options = BlobContainerClientListBlobsOptions { prefix: Some(prefix.to_owned()), ..Default::default() };
        let failed = "failed to list the store";
        let (mut names, mut pages) = (vec![], Pages::default());
        let mut found = self.container.list_blobs(Some(options))?.into_pages();
        while let Some(page) = found.try_next().await.context(failed)? {
            let page = page.into_model().context(failed)?;
            names.extend(page.blob_items.into_iter().filter_map(|blob| blob.name));
            if let Some(next) = page.next_marker.filter(|marker| !marker.is_empty()) {
                pages.ask(&next).map_err(anyhow::Error::msg).context(failed)?;
            }
        }
        Ok(names)
    }

    /// A part of a list with the lines, in one request; `None` when it begins nowhere.
    pub(super) async fn page(
        &self,
        prefix: &str,
        after: Option<&str>,
        most: usize,
    ) -> anyhow::Result<Option<Page<Listed>>> {
        let options = BlobContainerClientListBlobsOptions {
            prefix: Some(prefix.to_owned()),
            marker: after.map(str::to_owned),
            maxresults: i32::try_from(most).ok().filter(|most| *most < A_PAGE),
            include: Some(vec![ListBlobsIncludeItem::Metadata]),
            ..Default::default()
        };
        let failed = "failed to list the store";
        let mut pages = self.container.list_blobs(Some(options))?.into_pages();
        let page = match pages.try_next().await {
            Ok(Some(page)) => page.into_model().context(failed)?,
            Ok(None) => return Ok(Some(Page { items: vec![], next: None })),
            Err(error) if after.is_some() && error.http_status() == Some(StatusCode::BadRequest) => return Ok(None),
            Err(error) => return Err(anyhow!(error)).context(failed),
        };
        let items = page.blob_items.into_iter().filter_map(|blob| {
            let line = blob.metadata.and_then(|metadata| lines::read(&metadata.values?));
            Some(Listed { name: blob.name?, line })
        });
        let next = page.next_marker.filter(|marker| !marker.is_empty());
        Ok(Some(Page { items: items.collect(), next }))
    }

    /// Takes a document away. That there is none is well, too.
    pub(super) async fn delete(&self, name: &str) -> anyhow::Result<()> {
        match self.container.blob_client(name).delete(None).await {
            Ok(_) => Ok(()),
            Err(error) if error.http_status() == Some(StatusCode::NotFound) => Ok(()),
            Err(error) => Err(anyhow!(error).context(format!("failed to delete {name}"))),
        }
    }
}

/// The service gives no more names at once.
const A_PAGE: i32 = 5000;

/// On which condition something is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Put<'a> {
    /// Whatever is there.
    Anyway,
    /// Only if there is nothing yet.
    New,
    /// Only in place of this version.
    Replacing(&'a str),
}

/// A document as it is written.
pub(super) fn to_bytes(value: &impl Serialize) -> anyhow::Result<Bytes> {
    Ok(serde_json::to_vec(value)?.into())
}
