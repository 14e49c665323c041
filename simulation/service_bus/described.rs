//! How the entities are set up, for those who ask Resource Manager. Pure.
use super::{Broker, DEAD_LETTERS, QueueOptions, TopicOptions, address};

/// A topic with its subscriptions.
#[derive(Clone, Debug)]
pub struct DescribedTopic {
    /// Its name as it was given.
    pub name: String,
    /// How it is set up.
    pub options: TopicOptions,
    /// Name, the subject that is wanted, and how each subscription is set up.
    pub subscriptions: Vec<(String, Option<String>, QueueOptions)>,
}

impl Broker {
    /// Every queue by its name, but no subscription and no sub-queue.
    #[must_use]
    pub fn described_queues(&self) -> Vec<(String, QueueOptions)> {
        let own = self.queues.values().filter(|queue| !queue.path.contains('/'));
        own.map(|queue| (queue.path.clone(), queue.options.clone())).collect()
    }

    /// Every topic.
    #[must_use]
    pub fn described_topics(&self) -> Vec<DescribedTopic> {
        let subscription = |(key, subject): (&String, &Option<String>)| {
            let queue = self.queues.get(key).filter(|_| !key.ends_with(DEAD_LETTERS))?;
            let name = queue.path.rsplit('/').next().unwrap_or_default().to_owned();
            Some((name, subject.clone(), queue.options.clone()))
        };
        let topic = |topic: &super::Topic| DescribedTopic {
            name: topic.name.clone(),
            options: topic.options.clone(),
            subscriptions: topic.subscriptions.iter().filter_map(subscription).collect(),
        };
        self.topics.values().map(topic).collect()
    }

    /// Changes the subject that a subscription wants; `None`: every one.
    pub fn set_subject(&mut self, subscription: &str, subject: Option<String>) {
        let key = address(subscription);
        if let Some(wanted) = self.topics.values_mut().find_map(|topic| topic.subscriptions.get_mut(&key)) {
            *wanted = subject;
        }
    }

    /// Takes a queue or a subscription away, with its messages.
    pub fn remove(&mut self, entity: &str) {
        let key = address(entity);
        self.queues.retain(|other, _| *other != key && !other.starts_with(&format!("{key}/")));
        self.topics.remove(&key);
        for topic in self.topics.values_mut() {
            topic.subscriptions.remove(&key);
        }
    }
}
