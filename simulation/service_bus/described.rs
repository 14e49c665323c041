//! How the entities are set up, for those who ask Resource Manager. Pure.
use super::address::{DEAD_LETTERS, address};
use super::topics::Topic;
use super::{Broker, QueueOptions, TopicOptions};

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
        let own = self.queues.all().map(|(_, queue)| queue).filter(|queue| !queue.path.contains('/'));
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
        let topic = |topic: &Topic| DescribedTopic {
            name: topic.name.clone(),
            options: topic.options.clone(),
            subscriptions: topic.subscriptions.iter().filter_map(subscription).collect(),
        };
        self.topics.all().map(topic).collect()
    }

    /// Changes the subject that a subscription wants; `None`: every one.
    pub fn set_subject(&mut self, subscription: &str, subject: Option<String>) {
        self.topics.set_subject(&address(subscription), subject);
    }

    /// Takes a queue or a subscription away, with its messages.
    pub fn remove(&mut self, entity: &str) {
        let key = address(entity);
        self.queues.remove(&key);
        self.topics.remove(&key);
    }
}
