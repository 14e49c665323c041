//! Records beside the runs, for people and for the next look. Layout: `refusals/<request>.json`, `waiting/<request>.json`,
//! `versions/<subscription>-<region>.json`.
use super::Store;
use super::blobs::{Put, to_bytes};
use crate::plan::request::{Refused, file_name};
use serde_json::{Value, json};

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
            Self::Refusals => "refusals/",
            Self::Waiting => "waiting/",
        }
    }

    fn name(self, request: &str) -> String {
        format!("{}{}.json", self.folder(), file_name(request))
    }
}

impl Store {
    /// Records what became of a request of this id.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn record(&self, shelf: Shelf, request: &str, record: &Refused) -> anyhow::Result<()> {
        Ok(self.runs.put(&shelf.name(request), to_bytes(record)?, Put::Anyway).await?)
    }

    /// Takes such a record away. That there is none is well, too.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn forget(&self, shelf: Shelf, request: &str) -> anyhow::Result<()> {
        self.runs.delete(&shelf.name(request)).await
    }

    /// Such records, the last in the order of their names first, at most so many. One that is no JSON says so.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn records(&self, shelf: Shelf, most: usize) -> anyhow::Result<Vec<Value>> {
        let mut records = vec![];
        for name in self.runs.list(shelf.folder()).await?.iter().rev().take(most) {
            if let Some(found) = self.runs.get(name).await? {
                let read = serde_json::from_slice(&found.value);
                records.push(read.unwrap_or_else(|error| json!({"record": name, "unreadable": error.to_string()})));
            }
        }
        Ok(records)
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
