//! What people were called for beside the runs, and the runs that the last check saw. Layout: `calls/<cause>.json`,
//! `under-way.json`.
use super::Store;
use super::blobs::{Put, SaveError, to_bytes};
use crate::plan::request::file_name;
use crate::run::calls::AGAIN;
use crate::text::{LONGEST_NAME, LONGEST_TEXT, cut};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What somebody was called for.
#[derive(Serialize, Deserialize)]
struct Told {
    at: Timestamp,
    cause: String,
    why: String,
}

/// The runs under way that a check saw: of each site its run's id.
pub type UnderWay = BTreeMap<String, String>;

const UNDER_WAY: &str = "under-way.json";

impl Store {
    /// Whether a person is to be told of this cause: not if that was within a day. Then it counts as told.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn may_call(&self, cause: &str, why: &str) -> anyhow::Result<bool> {
        let name = format!("calls/{}.json", file_name(cause));
        let found = self.runs.get(&name).await?;
        let now = self.now()?;
        let told = found.as_ref().and_then(|found| serde_json::from_slice::<Told>(&found.value).ok());
        if told.is_some_and(|told| now.duration_since(told.at) < AGAIN) {
            return Ok(false);
        }
        let told = Told { at: now, cause: cut(cause, LONGEST_NAME), why: cut(why, LONGEST_TEXT) };
        let condition = found.as_ref().map_or(Put::New, |found| Put::Replacing(&found.etag));
        match self.runs.put(&name, to_bytes(&told)?, condition).await {
            Ok(()) => Ok(true),
            // Somebody else tells it in this moment.
            Err(SaveError::Conflict) => Ok(false),
            Err(SaveError::Other(error)) => Err(error),
        }
    }

    /// The runs that the last check saw under way. What is unreadable says nothing.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn under_way(&self) -> anyhow::Result<UnderWay> {
        let found = self.runs.get(UNDER_WAY).await?;
        Ok(found.and_then(|found| serde_json::from_slice(&found.value).ok()).unwrap_or_default())
    }

    /// Keeps what this check saw.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn keep_under_way(&self, seen: &UnderWay) -> anyhow::Result<()> {
        Ok(self.runs.put(UNDER_WAY, to_bytes(seen)?, Put::Anyway).await?)
    }
}
