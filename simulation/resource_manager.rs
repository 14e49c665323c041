//! Azure Resource Manager.
use crate::{Ask, Reply, kubernetes::Fleet, world::json};
use jiff::Timestamp;

/// Every resource, and the operations under way.
#[derive(Default)]
pub struct ResourceManager;

impl ResourceManager {
    /// Answers a call to the Resource Manager endpoint.
    pub fn respond(&mut self, _ask: &Ask, _fleet: &mut Fleet, _now: Timestamp) -> Reply {
        json(501, &serde_json::Value::Null)
    }
    /// Carries out everything that is due by now: operations that end, members that become effective.
    pub fn advance(&mut self, _fleet: &mut Fleet, _now: Timestamp) {}
}

/// The action that a call needs (`Microsoft.Network/applicationGateways/write`); `None` when it is no Resource Manager call.
#[must_use]
pub fn action_of(_ask: &Ask) -> Option<String> {
    None
}
