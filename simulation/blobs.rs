//! Blob storage with conditional headers.
use crate::{Ask, Reply, world::json};
use jiff::Timestamp;

/// The containers and blobs of every storage account.
#[derive(Default)]
pub struct Blobs;

impl Blobs {
    /// Answers a call to `<account>.blob.core.…`.
    pub fn respond(&mut self, _ask: &Ask, _now: Timestamp) -> Reply {
        json(501, &serde_json::Value::Null)
    }
}
