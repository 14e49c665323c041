//! Service Bus: a pure broker core and its REST face.
use crate::{Ask, Reply, world::json};
use jiff::Timestamp;

/// Queues, topics, subscriptions and their messages.
#[derive(Default)]
pub struct Broker;

impl Broker {
    /// Answers a call to `<namespace>.servicebus.…`.
    pub fn respond(&mut self, _ask: &Ask, _now: Timestamp) -> Reply {
        json(501, &serde_json::Value::Null)
    }
}
