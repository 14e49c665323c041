//! Which messages have been sent before, and what those are called that say nothing. Pure.
use super::Message;
use super::times::later;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The ids of all messages that entities with duplicate detection have taken.
#[derive(Default)]
pub(super) struct Duplicates {
    /// The MessageIds of each entity and when each was first sent, kept after the message was consumed.
    histories: BTreeMap<String, BTreeMap<String, Timestamp>>,
    /// Those that were delivered once more because a fault wants it.
    delivered_again: BTreeSet<(String, String)>,
    made_ids: u64,
}

impl Duplicates {
    /// Gives a message an id if it has none.
    pub fn name(&mut self, message: &mut Message) {
        if message.message_id.is_empty() {
            self.made_ids += 1;
            message.message_id = format!("{:032x}", self.made_ids);
        }
    }

    /// Whether an entity has taken a message of this id within its window, which begins now if it has not.
    pub fn has_seen(&mut self, entity: &str, id: &str, window: Duration, now: Timestamp) -> bool {
        let history = self.histories.entry(entity.into()).or_default();
        if history.get(id).is_some_and(|first| now < later(*first, window)) {
            return true;
        }
        history.insert(id.into(), now);
        false
    }

    /// Whether the fault of a second delivery has not yet struck this message of an entity. It does so now.
    pub fn is_first(&mut self, entity: &str, id: &str) -> bool {
        self.delivered_again.insert((entity.into(), id.into()))
    }
}
