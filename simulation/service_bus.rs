//! Service Bus: a pure broker core and its REST face.
//!
//! Queues, topics and subscriptions of all namespaces are in one broker; names are found in any case.
//! A subscription is addressed as `topic/subscriptions/name`, a dead-letter sub-queue as `entity/$deadletterqueue`.
//! Sessions, deferral and transactions are not here. A scheduled message is copied to the subscriptions when it is
//! sent, not when its time comes: a subscription made in between does not get it.
mod message;
mod options;
mod queue;
mod rest;

pub(crate) use rest::decoded;

pub use message::{Counts, Delivery, Held, LockToken, Message, SequenceNumber, State};
pub use options::{LockLost, QueueOptions, Refusal, SubscriptionOptions, TopicOptions};

use jiff::Timestamp;
use queue::{DeadLetter, Queue, later};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// The most bytes of a message, or of a batch: the Standard tier's limit.
pub const LARGEST: usize = 262_144;
const DEAD_LETTERS: &str = "$deadletterqueue";

/// Queues, topics, subscriptions and their messages.
#[derive(Default)]
pub struct Broker {
    /// A fault: the first message of each id is delivered once more this long after its time (zero: twice at once), as
    /// after a settlement that was lost. Duplicate detection does not see the second delivery.
    pub deliver_again_after: Option<Duration>,
    delivered_again: BTreeSet<(String, String)>,
    /// Queues, subscriptions and their dead-letter sub-queues by address in lower case.
    queues: BTreeMap<String, Queue>,
    topics: BTreeMap<String, Topic>,
    histories: BTreeMap<String, History>,
    deliveries: u64,
    made_ids: u64,
    buried: u64,
    /// Until then no queue has anything to sweep. `None`: that must be found out.
    quiet_until: Option<Timestamp>,
}

struct Topic {
    options: TopicOptions,
    last_number: SequenceNumber,
    /// Each subscription's address and the subject that it wants.
    subscriptions: BTreeMap<String, Option<String>>,
}

/// The MessageIds of an entity and when each was first sent, kept after the message was consumed.
#[derive(Default)]
struct History(BTreeMap<String, Timestamp>);

impl History {
    fn has_seen(&mut self, id: &str, window: Duration, now: Timestamp) -> bool {
        if self.0.get(id).is_some_and(|first| now < later(*first, window)) {
            return true;
        }
        self.0.insert(id.into(), now);
        false
    }
}

impl Broker {
    /// Makes a queue, or changes its options; its messages stay.
    pub fn add_queue(&mut self, name: &str, options: QueueOptions) {
        let key = address(name);
        let sub_queue = QueueOptions {
            lock_duration: options.lock_duration,
            max_delivery_count: u32::MAX,
            ..QueueOptions::default()
        };
        self.queues
            .entry(format!("{key}/{DEAD_LETTERS}"))
            .or_insert_with(|| Queue::new(&format!("{name}/{DEAD_LETTERS}"), sub_queue));
        self.queues.entry(key).or_insert_with(|| Queue::new(name, QueueOptions::default())).options = options;
    }

    /// Makes a topic, or changes its options; its subscriptions stay.
    pub fn add_topic(&mut self, name: &str, options: TopicOptions) {
        let new = || Topic { options: TopicOptions::default(), last_number: 0, subscriptions: BTreeMap::new() };
        self.topics.entry(address(name)).or_insert_with(new).options = options;
    }

    /// Makes a subscription, or changes its options; its messages stay.
    ///
    /// # Errors
    /// When there is no such topic.
    pub fn add_subscription(&mut self, topic: &str, name: &str, options: SubscriptionOptions) -> Result<(), Refusal> {
        let owner = self.topics.get_mut(&address(topic)).ok_or_else(|| Refusal::NoSuchEntity(topic.into()))?;
        let path = format!("{topic}/subscriptions/{name}");
        owner.subscriptions.insert(address(&path), options.subject);
        let queue = QueueOptions {
            lock_duration: options.lock_duration,
            max_delivery_count: options.max_delivery_count,
            default_time_to_live: options.default_time_to_live,
            dead_letter_on_expiry: options.dead_letter_on_expiry,
            duplicate_window: None,
            forward_dead_letters_to: options.forward_dead_letters_to,
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
        let is_own = self.topics.contains_key(&key) || (self.queues.contains_key(&key) && !key.contains('/'));
        if !is_own {
            return Err(Refusal::NoSuchEntity(entity.into()));
        }
        let size = messages.iter().map(Message::size).sum();
        if size > LARGEST {
            return Err(Refusal::TooLarge(size));
        }
        messages.iter().try_for_each(check)?;
        Ok(messages.into_iter().map(|message| self.accept(&key, message, None, now)).collect())
    }

    /// Gives out the first message that may be received, under a lock. `None` when there is none, or no such entity.
    pub fn receive(&mut self, entity: &str, now: Timestamp) -> Option<Delivery> {
        self.advance(now);
        let delivery = self.queues.get_mut(&address(entity))?.receive(LockToken(self.deliveries + 1), now)?;
        self.deliveries += 1;
        self.quiet_until = self.quiet_until.map(|until| until.min(delivery.locked_until));
        Some(delivery)
    }

    /// Removes the message that this lock is on.
    ///
    /// # Errors
    /// When the lock is no longer held.
    pub fn complete(&mut self, entity: &str, lock: LockToken, now: Timestamp) -> Result<(), LockLost> {
        self.held(entity, now)?.complete(lock).map(|_| ())
    }

    /// Gives the message back: it may be received again at once, or is a dead letter after its last delivery.
    ///
    /// # Errors
    /// When the lock is no longer held.
    pub fn abandon(&mut self, entity: &str, lock: LockToken, now: Timestamp) -> Result<(), LockLost> {
        let dead = self.held(entity, now)?.abandon(lock)?;
        self.quiet_until = None;
        if let Some(dead) = dead {
            self.bury(&address(entity), dead, now);
        }
        Ok(())
    }

    /// Makes the message a dead letter, with a reason and a description.
    ///
    /// # Errors
    /// When the lock is no longer held.
    pub fn dead_letter(
        &mut self,
        entity: &str,
        lock: LockToken,
        reason: &str,
        description: &str,
        now: Timestamp,
    ) -> Result<(), LockLost> {
        let message = self.held(entity, now)?.complete(lock)?;
        let dead = DeadLetter { message, reason: reason.into(), description: description.into() };
        self.bury(&address(entity), dead, now);
        Ok(())
    }

    /// Holds the message for another lock duration from now; says until when.
    ///
    /// # Errors
    /// When the lock is no longer held.
    pub fn renew(&mut self, entity: &str, lock: LockToken, now: Timestamp) -> Result<Timestamp, LockLost> {
        self.held(entity, now)?.renew(lock, now)
    }

    /// Takes a scheduled message out again by the number that its send returned; says whether it was there.
    pub fn cancel_scheduled(&mut self, entity: &str, number: SequenceNumber, now: Timestamp) -> bool {
        self.advance(now);
        let key = address(entity);
        let keys = self.topics.get(&key).map_or(vec![key], |topic| topic.subscriptions.keys().cloned().collect());
        // Every subscription has a copy, so none may be passed over.
        let cancelled =
            keys.iter().filter(|key| self.queues.get_mut(*key).is_some_and(|queue| queue.cancel(number, now)));
        cancelled.count() > 0
    }

    /// When a message may become receivable in this entity: `now` if one is, else by schedule or the end of a lock.
    #[must_use]
    pub fn next_due(&self, entity: &str, now: Timestamp) -> Option<Timestamp> {
        self.queues.get(&address(entity))?.next_due(now)
    }

    /// Ends the locks and lives whose time has come, in every entity. Every other operation does this first.
    pub fn advance(&mut self, now: Timestamp) {
        if self.quiet_until.is_some_and(|until| now < until) {
            return;
        }
        let mut dead = vec![];
        for (key, queue) in &mut self.queues {
            dead.extend(queue.sweep(now).into_iter().map(|letter| (key.clone(), letter)));
        }
        for (key, letter) in dead {
            self.bury(&key, letter, now);
        }
        self.quiet_until = self.queues.values().map(|queue| queue.quiet_until).min();
    }

    fn held(&mut self, entity: &str, now: Timestamp) -> Result<&mut Queue, LockLost> {
        self.advance(now);
        self.queues.get_mut(&address(entity)).ok_or(LockLost)
    }

    /// Puts a message that was found good into a queue, or into the subscriptions that want it.
    fn accept(&mut self, key: &str, mut message: Message, source: Option<String>, now: Timestamp) -> SequenceNumber {
        self.quiet_until = None;
        if message.message_id.is_empty() {
            self.made_ids += 1;
            message.message_id = format!("{:032x}", self.made_ids);
        }
        let window = match (self.topics.get(key), self.queues.get(key)) {
            (Some(topic), _) => topic.options.duplicate_window,
            (None, queue) => queue.and_then(|queue| queue.options.duplicate_window),
        };
        let repeated = window.is_some_and(|window| {
            self.histories.entry(key.into()).or_default().has_seen(&message.message_id, window, now)
        });
        let mut is_first = || self.delivered_again.insert((key.into(), message.message_id.clone()));
        let again_after = self.deliver_again_after.filter(|_| !repeated && is_first());
        let Some(topic) = self.topics.get_mut(key) else {
            return match self.queues.get_mut(key) {
                Some(queue) if repeated => queue.number(),
                Some(queue) => {
                    if let Some(again) = again(&message, again_after, now) {
                        queue.put(again, None, source.clone(), now);
                    }
                    queue.put(message, None, source, now)
                }
                None => 0,
            };
        };
        topic.last_number += 1;
        if let Some(most) = topic.options.default_time_to_live {
            message.time_to_live = Some(message.time_to_live.map_or(most, |own| own.min(most)));
        }
        for (address, subject) in topic.subscriptions.iter().filter(|_| !repeated) {
            if subject.is_none() || *subject == message.subject {
                let Some(queue) = self.queues.get_mut(address) else { continue };
                queue.put(message.clone(), Some(topic.last_number), None, now);
                if let Some(again) = again(&message, again_after, now) {
                    queue.put(again, Some(topic.last_number), None, now);
                }
            }
        }
        topic.last_number
    }

    fn bury(&mut self, key: &str, dead: DeadLetter, now: Timestamp) {
        self.buried += 1;
        let Some(queue) = self.queues.get(key) else { return };
        let source = queue.path.clone();
        let target = queue.options.forward_dead_letters_to.as_deref().map(address);
        let DeadLetter { mut message, reason, description } = dead;
        message.scheduled_for = None;
        message.properties.insert("DeadLetterReason".into(), reason.into());
        message.properties.insert("DeadLetterErrorDescription".into(), description.into());
        // A target that is not there, or the queue itself, would lose the message or move it for ever.
        match target.filter(|target| target != key && self.queues.contains_key(target)) {
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

/// What may be looked at without changing anything.
impl Broker {
    /// Whether there is a queue, topic, subscription or sub-queue of this name.
    #[must_use]
    pub fn has(&self, entity: &str) -> bool {
        let key = address(entity);
        self.queues.contains_key(&key) || self.topics.contains_key(&key)
    }

    /// Every queue and subscription by its address in lower case, dead-letter sub-queues included.
    #[must_use]
    pub fn entities(&self) -> Vec<String> {
        self.queues.keys().cloned().collect()
    }

    /// Every message in a queue, subscription or sub-queue in the order of delivery, scheduled and locked ones included.
    #[must_use]
    pub fn messages(&self, entity: &str, now: Timestamp) -> Vec<Held> {
        self.queues.get(&address(entity)).map(|queue| queue.messages(now)).unwrap_or_default()
    }

    /// How many messages stand where.
    #[must_use]
    pub fn counts(&self, entity: &str, now: Timestamp) -> Counts {
        let key = address(entity);
        let count = |key: &str| self.queues.get(key).map(|queue| queue.counts(now)).unwrap_or_default();
        let dead = count(&format!("{key}/{DEAD_LETTERS}"));
        Counts { dead_lettered: dead.active + dead.locked, ..count(&key) }
    }

    /// Whether no message waits, is scheduled or is held anywhere, but for those in dead-letter sub-queues.
    #[must_use]
    pub fn is_at_rest(&self, now: Timestamp) -> bool {
        let alive = self.queues.iter().filter(|(key, _)| !key.ends_with(DEAD_LETTERS));
        alive.map(|(_, queue)| queue.counts(now)).all(|counts| counts == Counts::default())
    }

    /// How many messages have become dead letters so far, forwarded ones included.
    #[must_use]
    pub fn dead_letters(&self) -> u64 {
        self.buried
    }
}

/// The one spelling of a name under which an entity is kept.
fn address(name: &str) -> String {
    name.trim_matches('/').to_lowercase()
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
