//! What there is in the broker, and when that changes. Pure.
use super::address::{DEAD_LETTERS, address};
use super::{Broker, Counts, Held, Message, QueueOptions, SequenceNumber, TopicOptions};
use jiff::Timestamp;

/// What may be looked at without changing anything.
impl Broker {
    /// Whether there is a queue, topic, subscription or sub-queue of this name.
    #[must_use]
    pub fn has(&self, entity: &str) -> bool {
        let key = address(entity);
        self.queues.has(&key) || self.topics.has(&key)
    }

    /// Whether messages may be sent to it: a queue or topic.
    #[must_use]
    pub fn can_send(&self, entity: &str) -> bool {
        let key = address(entity);
        self.topics.has(&key) || (self.queues.has(&key) && !key.contains('/'))
    }

    /// Whether messages may be received from it: a queue, subscription or sub-queue.
    #[must_use]
    pub fn can_receive(&self, entity: &str) -> bool {
        self.queues.has(&address(entity))
    }

    /// Every queue and subscription by its address in lower case, dead-letter sub-queues included.
    #[must_use]
    pub fn entities(&self) -> Vec<String> {
        self.queues.all().map(|(key, _)| key.clone()).collect()
    }

    /// How a queue, subscription or sub-queue is set up.
    #[must_use]
    pub fn queue_options(&self, entity: &str) -> Option<&QueueOptions> {
        self.queues.get(&address(entity)).map(|queue| &queue.options)
    }

    /// How a topic is set up.
    #[must_use]
    pub fn topic_options(&self, topic: &str) -> Option<&TopicOptions> {
        self.topics.get(&address(topic)).map(|topic| &topic.options)
    }

    /// The addresses of a topic's subscriptions, in lower case, with the subject that each wants.
    #[must_use]
    pub fn subscriptions(&self, topic: &str) -> Vec<(&str, Option<&str>)> {
        let topic = self.topics.get(&address(topic)).into_iter();
        topic
            .flat_map(|topic| &topic.subscriptions)
            .map(|(path, subject)| (path.as_str(), subject.as_deref()))
            .collect()
    }

    /// Every message in a queue, subscription or sub-queue in the order of delivery, scheduled and locked ones included.
    #[must_use]
    pub fn messages(&self, entity: &str, now: Timestamp) -> Vec<Held> {
        self.queues.get(&address(entity)).map(|queue| queue.messages(now, |_, _| true)).unwrap_or_default()
    }

    /// How many messages stand where.
    #[must_use]
    pub fn counts(&self, entity: &str, now: Timestamp) -> Counts {
        let key = address(entity);
        let count = |key: &str| self.queues.get(key).map(|queue| queue.counts(now)).unwrap_or_default();
        let dead = count(&format!("{key}/{DEAD_LETTERS}"));
        Counts { dead_lettered: dead.active + dead.locked + dead.deferred, ..count(&key) }
    }

    /// Whether no message waits, is scheduled or is held anywhere, but for those in dead-letter sub-queues.
    #[must_use]
    pub fn is_at_rest(&self, now: Timestamp) -> bool {
        let alive = self.queues.all().filter(|(key, _)| !key.ends_with(DEAD_LETTERS));
        alive.map(|(_, queue)| queue.counts(now)).all(|counts| counts == Counts::default())
    }

    /// How many messages have become dead letters so far, forwarded ones included.
    #[must_use]
    pub fn dead_letters(&self) -> u64 {
        self.buried
    }

    /// When a message may become receivable in this entity: `now` if one is, else by schedule or the end of a lock.
    #[must_use]
    pub fn next_due(&self, entity: &str, now: Timestamp) -> Option<Timestamp> {
        self.queues.get(&address(entity))?.next_due(now)
    }

    /// Up to `most` messages from this number on, in the order of their numbers; `session`: only those of this session.
    #[must_use]
    pub fn peek(
        &self,
        entity: &str,
        from: SequenceNumber,
        most: usize,
        session: Option<&str>,
        now: Timestamp,
    ) -> Vec<Held> {
        let wanted = |number: SequenceNumber, message: &Message| {
            number >= from && (session.is_none() || message.session_id.as_deref() == session)
        };
        let queue = self.queues.get(&address(entity));
        let mut held = queue.map(|queue| queue.messages(now, wanted)).unwrap_or_default();
        held.sort_by_key(|held| held.sequence_number);
        held.truncate(most);
        held
    }

    /// A moment after `now` before which time alone changes nothing about what may be received, anywhere; there may be
    /// nothing new then either. `None`: nothing waits for a time.
    pub fn next_change(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.advance(now);
        let scheduled = self.queues.all().filter_map(|(_, queue)| queue.next_scheduled(now)).min();
        let sweep = self.queues.quiet_until().filter(|until| *until < Timestamp::MAX);
        scheduled.into_iter().chain(sweep).min()
    }
}
