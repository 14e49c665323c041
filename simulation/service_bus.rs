//! Service Bus: a pure broker core, its REST face and its AMQP face.
//!
//! Queues, topics and subscriptions of all namespaces are in one broker; names are found in any case.
//! A subscription is addressed as `topic/subscriptions/name`, a dead-letter sub-queue as `entity/$deadletterqueue`.
//! Transactions, rules beside a subject, and auto-forwarding are not here. A scheduled message is copied to the subscriptions when it is
//! sent, not when its time comes: a subscription made in between does not get it.
pub mod amqp;
mod deferral;
mod described;
mod looking;
mod message;
mod native;
mod options;
mod queue;
mod rest;
mod sessions;
mod settling;

pub(crate) use rest::decoded;

pub use described::DescribedTopic;
pub use message::{Counts, Delivery, Held, LockToken, Message, SequenceNumber, SessionLock, Settlement, State};
pub use native::Native;
pub use options::{LockLost, QueueOptions, Refusal, SessionRefusal, SubscriptionOptions, TopicOptions};

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
    /// The namespace's shared access policies by name, each with its key. With none of them REST takes no signatures.
    pub shared_access_keys: BTreeMap<String, String>,
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
    /// How often the idle links of an entity were to be detached.
    detachments: BTreeMap<String, u64>,
}

struct Topic {
    /// Its name as it was given.
    name: String,
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
        let new = || Topic {
            name: name.to_owned(),
            options: TopicOptions::default(),
            last_number: 0,
            subscriptions: BTreeMap::new(),
        };
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
            requires_session: options.requires_session,
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
        let delivery = self.queues.get_mut(&address(entity))?.receive(LockToken(self.deliveries + 1), now)?;
        self.given_out(&delivery);
        Some(delivery)
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

    fn given_out(&mut self, delivery: &Delivery) {
        self.deliveries += 1;
        self.quiet_until = self.quiet_until.map(|until| until.min(delivery.locked_until));
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
        let mut without_session = vec![];
        for (address, subject) in topic.subscriptions.iter().filter(|_| !repeated) {
            if subject.is_none() || *subject == message.subject {
                let Some(queue) = self.queues.get_mut(address) else { continue };
                if queue.options.requires_session && message.session_id.is_none() {
                    without_session.push(address.clone());
                    continue;
                }
                queue.put(message.clone(), Some(topic.last_number), None, now);
                if let Some(again) = again(&message, again_after, now) {
                    queue.put(again, Some(topic.last_number), None, now);
                }
            }
        }
        let number = topic.last_number;
        for address in without_session {
            let dead = DeadLetter {
                message: message.clone(),
                reason: Some("Session ID is null".into()),
                description: Some(
                    "Session enabled entity doesn't allow a message whose session identifier is null.".into(),
                ),
            };
            self.bury(&address, dead, now);
        }
        number
    }

    fn bury(&mut self, key: &str, dead: DeadLetter, now: Timestamp) {
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
