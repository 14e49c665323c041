//! Records beside the runs, for people and for the next look. Layout: `refusals/by-time/<time>-<request>.json`, the newest
//! first, `waiting/<request>.json`, `versions/<subscription>-<region>.json`.
use super::Store;
use super::blobs::{Put, Stored, to_bytes};
use super::lines;
use crate::plan::request::{Refused, file_name};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// So many are read side by side.
const AT_ONCE: usize = 16;

/// Which records of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// Those that were refused.
    Refusals,
    /// Those that wait for their turn.
    Waiting,
}

impl Shelf {
    const fn folder(self) -> &'static str {
        match self {
            Self::Refusals => "refusals/by-time/",
            Self::Waiting => "waiting/",
        }
    }

    fn name(self, request: &str, at: Timestamp) -> String {
        let file = file_name(request);
        match self {
            // Names are listed in their order: the later, the smaller.
            Self::Refusals => format!("{}{:013}-{file}.json", self.folder(), FAR - at.as_millisecond().clamp(0, FAR)),
            Self::Waiting => format!("{}{file}.json", self.folder()),
        }
    }
}

/// A moment in a far future, in milliseconds.
const FAR: i64 = 9_999_999_999_999;

impl Store {
    /// Records what became of a request of this id.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn record(&self, shelf: Shelf, request: &str, record: &Refused) -> anyhow::Result<()> {
        let line = serde_json::to_value(record)?;
        Ok(self.runs.put_with(&shelf.name(request, record.at), to_bytes(record)?, Put::Anyway, Some(&line)).await?)
    }

    /// A request waits no more. That it did not is well, too.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn waits_no_more(&self, request: &str) -> anyhow::Result<()> {
        self.runs.delete(&Shelf::Waiting.name(request, Timestamp::UNIX_EPOCH)).await
    }

    /// Such records, the newest first, at most so many; each request once. One that is no JSON says so.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn records(&self, shelf: Shelf, most: usize) -> anyhow::Result<Vec<Value>> {
        let page = self.runs.page(shelf.folder(), None, most).await?;
        let reads = stream::iter(page.map(|page| page.items).unwrap_or_default()).map(|listed| async move {
            let name = listed.name.clone();
            let found = lines::line_or_document(&self.runs, listed).await?;
            let read = |found: Stored<Bytes>| serde_json::from_slice(&found.value);
            Ok::<_, anyhow::Error>(found.map(|found| {
                found.or_else(read).unwrap_or_else(|error| json!({"record": name, "unreadable": error.to_string()}))
            }))
        });
        let mut records: Vec<Value> =
            reads.buffered(AT_ONCE).try_filter_map(|record| std::future::ready(Ok(record))).try_collect().await?;
        records.sort_by_key(|record: &Value| Reverse(record["at"].as_str().map(str::to_owned)));
        let mut seen = BTreeSet::new();
        records.retain(|record| record["request"]["id"].as_str().is_none_or(|id| seen.insert(id.to_owned())));
        Ok(records)
    }

    /// The requests among them: what is none, or is unreadable, is left out.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn requests(&self, shelf: Shelf, most: usize) -> anyhow::Result<Vec<Refused>> {
        let records = self.records(shelf, most).await?;
        Ok(records.into_iter().filter_map(|record| serde_json::from_value(record).ok()).collect())
    }

    /// Takes the record of a refusal away. That there is none is well, too.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn forget_refusal(&self, request: &str, at: Timestamp) -> anyhow::Result<()> {
        self.runs.delete(&Shelf::Refusals.name(request, at)).await
    }

    /// The versions that a region offered when it was looked at last; none if it never was.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn versions(&self, subscription: &str, location: &str) -> anyhow::Result<Vec<String>> {
        let found = self.runs.get(&versions_name(subscription, location)).await?;
        Ok(found.and_then(|found| serde_json::from_slice(&found.value).ok()).unwrap_or_default())
    }

    /// Keeps the versions that a region offers.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn keep_versions(&self, subscription: &str, location: &str, offered: &[String]) -> anyhow::Result<()> {
        Ok(self.runs.put(&versions_name(subscription, location), to_bytes(&offered)?, Put::Anyway).await?)
    }
}

fn versions_name(subscription: &str, location: &str) -> String {
    format!("versions/{}-{}.json", file_name(subscription), file_name(location))
}
