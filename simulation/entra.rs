//! Token endpoints: managed identity and Entra ID.
use crate::{Ask, Reply, world::json};
use jiff::Timestamp;

/// Who got which token.
#[derive(Default)]
pub struct Entra;

impl Entra {
    /// Answers a call to a token endpoint.
    pub fn respond(&mut self, _ask: &Ask, _now: Timestamp) -> Reply {
        json(501, &serde_json::Value::Null)
    }
}
