//! The topics and which subscriptions each has. Pure.
use super::address::address;
use super::{Message, Refusal, SequenceNumber, TopicOptions};
use std::collections::BTreeMap;

/// One topic. Its subscriptions' messages lie in queues of their own.
pub(super) struct Topic {
    /// Its name as it was given.
    pub name: String,
    pub options: TopicOptions,
    last_number: SequenceNumber,
    /// Each subscription's address and the subject that it wants.
    pub subscriptions: BTreeMap<String, Option<String>>,
}

impl Topic {
    /// The number of the next message. A duplicate uses one up as well.
    pub fn number(&mut self) -> SequenceNumber {
        self.last_number += 1;
        self.last_number
    }

    /// The addresses of the subscriptions that want a message.
    pub fn wanting(&self, message: &Message) -> Vec<String> {
        let wants = |subject: &Option<String>| subject.is_none() || *subject == message.subject;
        self.subscriptions.iter().filter(|(_, subject)| wants(subject)).map(|(address, _)| address.clone()).collect()
    }
}

/// All topics, by address in lower case.
#[derive(Default)]
pub(super) struct Topics(BTreeMap<String, Topic>);

impl Topics {
    /// Makes a topic, or changes its options; its subscriptions stay.
    pub fn add(&mut self, name: &str, options: TopicOptions) {
        let new = || Topic {
            name: name.to_owned(),
            options: TopicOptions::default(),
            last_number: 0,
            subscriptions: BTreeMap::new(),
        };
        self.0.entry(address(name)).or_insert_with(new).options = options;
    }

    /// Notes a subscription and the subject that it wants; gives its path.
    pub fn subscribe(&mut self, topic: &str, name: &str, subject: Option<String>) -> Result<String, Refusal> {
        let owner = self.0.get_mut(&address(topic)).ok_or_else(|| Refusal::NoSuchEntity(topic.into()))?;
        let path = format!("{topic}/subscriptions/{name}");
        owner.subscriptions.insert(address(&path), subject);
        Ok(path)
    }

    pub fn get(&self, key: &str) -> Option<&Topic> {
        self.0.get(key)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Topic> {
        self.0.get_mut(key)
    }

    pub fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    pub fn all(&self) -> impl Iterator<Item = &Topic> {
        self.0.values()
    }

    /// Changes the subject that a subscription wants; `None`: every one.
    pub fn set_subject(&mut self, subscription: &str, subject: Option<String>) {
        if let Some(wanted) = self.0.values_mut().find_map(|topic| topic.subscriptions.get_mut(subscription)) {
            *wanted = subject;
        }
    }

    /// Takes a topic or a subscription away.
    pub fn remove(&mut self, key: &str) {
        self.0.remove(key);
        for topic in self.0.values_mut() {
            topic.subscriptions.remove(key);
        }
    }
}
