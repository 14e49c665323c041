//! The broker: sends, receives and moves messages. Pure.
use super::address::{DEAD_LETTERS, address};
use super::duplicates::Duplicates;
use super::queue::{DeadLetter, Queue};
use super::queues::Queues;
use super::times::later;
use super::topics::Topics;
use super::{
    Delivery, LARGEST, LockLost, Message, QueueOptions, Refusal, SequenceNumber, SubscriptionOptions, TopicOptions,
};
use jiff::Timestamp;
use std::{collections::BTreeMap, time::Duration};

/// Queues, topics, subscriptions and their messages.
#[derive(Default)]
pub struct Broker {
    /// The namespace's shared access policies by name, each with its key. With none of them REST takes no signatures.
    pub shared_access_keys: BTreeMap<String, String>,
    /// A fault: the first message of each id is delivered once more this long after its time (zero: twice at once), as
    /// after a settlement that was lost. Duplicate detection does not see the second delivery.
    pub deliver_again_after: Option<Duration>,
    pub(super) queues: Queues,
    pub(super) topics: Topics,
    duplicates: Duplicates,
    /// How many messages have become dead letters.
    pub(super) buried: u64,
    /// How often the idle links of an entity were to be detached.
    pub(super) detachments: BTreeMap<String, u64>,
}

impl Broker {
    /// Makes a queue, or changes its options; its messages stay.
    pub fn add_queue(&mut self, name: &str, options: QueueOptions) {
        self.queues.add(name, options);
    }

    /// Makes a topic, or changes its options; its subscriptions stay.
    pub fn add_topic(&mut self, name: &str, options: TopicOptions) {
        self.topics.add(name, options);
    }

    /// Makes a subscription, or changes its options; its messages stay.
    ///
    /// # Errors
    /// When there is no such topic.
    pub fn add_subscription(&mut self, topic: &str, name: &str, options: SubscriptionOptions) -> Result<(), Refusal> {
        let path = self.topics.subscribe(topic, name, options.subject)?;
        let queue = QueueOptions {
            lock_duration: options.lock_duration,
            max_delivery_count: options.max_delivery_count,
            default_time_to_live: options.default_time_to_live,
            dead_letter_on_expiry: options.dead_letter_on_expiry,
            duplicate_window: None,
            forward_dead_letters_to: options.forward_dead_letters_to,
            requires_session: options.requires_session,
            receive_disabled: false,
        };
        self.add_queue(&path, queue);
        Ok(())
    }

    /// Sends one message to a queue or topic. A duplicate is accepted, gets a number, and is dropped.
    ///
    /// # Errors
    /// When the entity is unknown or cannot be sent to, or the message is not allowed.
    pub fn send(&mut self, entity: &str, message: Message, now: Timestamp) -> Result<SequenceNumber, Refusal> {
        Ok(self.send_batch(entity, vec![message], now)?.into_iter().next().unwrap_or_default())
    }

    /// Sends all of these, or none.
    ///
    /// # Errors
    /// As for [`send`](Self::send); the limit of size is for all together.
    pub fn send_batch(
        &mut self,
        entity: &str,
        messages: Vec<Message>,
        now: Timestamp,
    ) -> Result<Vec<SequenceNumber>, Refusal> {
        self.advance(now);
        let key = address(entity);
        if !self.can_send(&key) {
            return Err(Refusal::NoSuchEntity(entity.into()));
        }
        let size = messages.iter().map(Message::size).sum();
        if size > LARGEST {
            return Err(Refusal::TooLarge(size));
        }
        messages.iter().try_for_each(check)?;
        if self.requires_session(&key) && messages.iter().any(|message| message.session_id.is_none()) {
            return Err(Refusal::NoSession);
        }
        Ok(messages.into_iter().map(|message| self.accept(&key, message, None, now)).collect())
    }

    /// Gives out the first message that may be received, under a lock. `None` when there is none, no such entity, or
    /// one that requires sessions.
    pub fn receive(&mut self, entity: &str, now: Timestamp) -> Option<Delivery> {
        self.advance(now);
        let token = self.queues.next_token();
        let delivery = self.queues.get_mut(&address(entity))?.receive(token, now)?;
        self.queues.given_out(delivery.locked_until);
        Some(delivery)
    }

    /// Takes a scheduled message out again by the number that its send returned; says whether it was there.
    pub fn cancel_scheduled(&mut self, entity: &str, number: SequenceNumber, now: Timestamp) -> bool {
        self.advance(now);
        let key = address(entity);
        let keys = self.topics.get(&key).map_or(vec![key], |topic| topic.subscriptions.keys().cloned().collect());
        // Every subscription has a copy, so none may be passed over.
        let cancelled =
            keys.iter().filter(|key| self.queues.get_mut(key).is_some_and(|queue| queue.cancel(number, now)));
        cancelled.count() > 0
    }

    /// Ends the locks and lives whose time has come, in every entity. Every other operation does this first.
    pub fn advance(&mut self, now: Timestamp) {
        if self.queues.is_quiet(now) {
            return;
        }
        for (key, letter) in self.queues.sweep(now) {
            self.bury(&key, letter, now);
        }
        self.queues.find_quiet();
    }

    /// The queue that a lock is in, with everything done that is due.
    pub(super) fn held(&mut self, entity: &str, now: Timestamp) -> Result<&mut Queue, LockLost> {
        self.advance(now);
        self.queues.get_mut(&address(entity)).ok_or(LockLost)
    }

    /// Puts a message that was found good into a queue, or into the subscriptions that want it.
    fn accept(&mut self, key: &str, mut message: Message, source: Option<String>, now: Timestamp) -> SequenceNumber {
        self.queues.stir();
        self.duplicates.name(&mut message);
        let window = match (self.topics.get(key), self.queues.get(key)) {
            (Some(topic), _) => topic.options.duplicate_window,
            (None, queue) => queue.and_then(|queue| queue.options.duplicate_window),
        };
        let id = &message.message_id;
        let repeated = window.is_some_and(|window| self.duplicates.has_seen(key, id, window, now));
        let again_after = self.deliver_again_after.filter(|_| !repeated && self.duplicates.is_first(key, id));
        if self.topics.has(key) {
            return self.distribute(key, message, (repeated, again_after), now);
        }
        match self.queues.get_mut(key) {
            Some(queue) if repeated => queue.number(),
            Some(queue) => {
                if let Some(again) = again(&message, again_after, now) {
                    queue.put(again, None, source.clone(), now);
                }
                queue.put(message, None, source, now)
            }
            None => 0,
        }
    }

    /// Copies a topic's message to the subscriptions that want it.
    fn distribute(
        &mut self,
        key: &str,
        mut message: Message,
        (repeated, again_after): (bool, Option<Duration>),
        now: Timestamp,
    ) -> SequenceNumber {
        let Some(topic) = self.topics.get_mut(key) else { return 0 };
        let number = topic.number();
        if repeated {
            return number;
        }
        if let Some(most) = topic.options.default_time_to_live {
            message.time_to_live = Some(message.time_to_live.map_or(most, |own| own.min(most)));
        }
        let mut without_session = vec![];
        for address in topic.wanting(&message) {
            let Some(queue) = self.queues.get_mut(&address) else { continue };
            if queue.options.requires_session && message.session_id.is_none() {
                without_session.push(address);
                continue;
            }
            queue.put(message.clone(), Some(number), None, now);
            if let Some(again) = again(&message, again_after, now) {
                queue.put(again, Some(number), None, now);
            }
        }
        for address in without_session {
            self.bury(&address, DeadLetter::without_session(message.clone()), now);
        }
        number
    }

    /// Moves a message to where its queue's dead letters lie.
    pub(super) fn bury(&mut self, key: &str, dead: DeadLetter, now: Timestamp) {
        self.buried += 1;
        let Some(queue) = self.queues.get(key) else { return };
        let source = queue.path.clone();
        let target = queue.options.forward_dead_letters_to.as_deref().map(address);
        let DeadLetter { mut message, reason, description } = dead;
        message.scheduled_for = None;
        for (name, why) in [("DeadLetterReason", reason), ("DeadLetterErrorDescription", description)] {
            why.map(|why| message.properties.insert(name.into(), why.into()));
        }
        // A target that is not there, or the queue itself, would lose the message or move it for ever.
        match target.filter(|target| target != key && self.queues.has(target)) {
            Some(target) => {
                self.accept(&target, message, Some(source), now);
            }
            None => {
                message.time_to_live = None;
                let sub_queue = self.queues.get_mut(&format!("{key}/{DEAD_LETTERS}"));
                sub_queue.map(|sub_queue| sub_queue.put(message, None, Some(source), now));
            }
        }
    }
}

/// The message once more, this long after its time.
fn again(message: &Message, after: Option<Duration>, now: Timestamp) -> Option<Message> {
    let active_from = message.scheduled_for.map_or(now, |moment| moment.max(now));
    Some(message.clone().at(later(active_from, after?)))
}

fn check(message: &Message) -> Result<(), Refusal> {
    let refuse = |why: &str| Err(Refusal::Malformed(why.into()));
    if message.message_id.chars().count() > 128 {
        return refuse("MessageId exceeds 128 characters.");
    }
    if message.time_to_live.is_some_and(|time| time.is_zero()) {
        return refuse("TimeToLive must be greater than zero.");
    }
    match (&message.session_id, &message.partition_key) {
        (Some(session), Some(partition)) if session != partition => refuse("PartitionKey and SessionId differ."),
        _ => Ok(()),
    }
}
