//! What a sender gives, what a receiver gets, and what is there to be looked at. Pure.
use super::{amqp::codec::Value as AmqpValue, native::Native};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::time::Duration;

/// The most bytes of a message, or of a batch: the Standard tier's limit.
pub const LARGEST: usize = 262_144;

/// The number of a message within its queue, subscription or topic, from 1.
pub type SequenceNumber = u64;

/// A message as its sender gives it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// The payload.
    pub body: Bytes,
    /// What duplicate detection looks at. Empty: the broker gives one.
    pub message_id: String,
    /// The subject, which REST calls `Label`. Subscriptions select by it.
    pub subject: Option<String>,
    /// `CorrelationId`.
    pub correlation_id: Option<String>,
    /// `SessionId`. Entities that require sessions group messages by it.
    pub session_id: Option<String>,
    /// `ReplyTo`.
    pub reply_to: Option<String>,
    /// `ReplyToSessionId`.
    pub reply_to_session_id: Option<String>,
    /// `To`.
    pub to: Option<String>,
    /// `PartitionKey`.
    pub partition_key: Option<String>,
    /// The payload's media type.
    pub content_type: Option<String>,
    /// How long after its time the message is of use.
    pub time_to_live: Option<Duration>,
    /// When it may first be received. `None` or the past: at once.
    pub scheduled_for: Option<Timestamp>,
    /// Application properties: text, numbers and truth values.
    pub properties: Map<String, Value>,
    /// What came by AMQP and has no place above. `None`: it came by REST.
    pub native: Option<Box<Native>>,
}

impl Message {
    /// A message with this payload and nothing else.
    #[must_use]
    pub fn new(body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// Names it for duplicate detection.
    #[must_use]
    pub fn with_id(mut self, id: &str) -> Self {
        self.message_id = id.into();
        self
    }

    /// Gives it a subject.
    #[must_use]
    pub fn with_subject(mut self, subject: &str) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Holds it back until this moment.
    #[must_use]
    pub fn at(mut self, moment: Timestamp) -> Self {
        self.scheduled_for = Some(moment);
        self
    }

    /// Its size in bytes, as the limits count it: payload, properties and their names.
    #[must_use]
    pub fn size(&self) -> usize {
        let texts =
            [&self.subject, &self.correlation_id, &self.session_id, &self.reply_to, &self.to, &self.content_type];
        let own: usize = texts.into_iter().flatten().map(String::len).sum();
        let custom: usize = self.properties.iter().map(|(name, value)| name.len() + value.to_string().len()).sum();
        self.body.len() + self.message_id.len() + own + custom
    }

    /// Sets application properties.
    pub(super) fn set(&mut self, changes: Vec<(String, AmqpValue)>) {
        if changes.is_empty() {
            return;
        }
        let native = self.native.get_or_insert_default();
        for (name, value) in changes {
            self.properties.insert(name.clone(), value.to_json());
            native.application_properties.insert(name, value);
        }
    }
}

/// The proof that a receiver holds a message. Looks like a GUID, counts deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockToken(pub(super) u64);

const PREFIX: u128 = 0x10c0_0000_0000_4000_8000_0000_0000_0000;

impl LockToken {
    /// Reads a token that was printed; anything else is no token.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.to_lowercase();
        let number = number.strip_prefix("10c00000-0000-4000-8000-")?;
        (number.len() == 12).then(|| u64::from_str_radix(number, 16).ok()).flatten().map(Self)
    }

    /// The GUID's bytes in the order in which it is printed.
    #[must_use]
    pub fn bytes(self) -> [u8; 16] {
        (PREFIX | u128::from(self.0 & 0xffff_ffff_ffff)).to_be_bytes()
    }

    /// Reads a GUID's bytes; another GUID is no token.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        let number = u128::from_be_bytes(bytes);
        (number >> 48 == PREFIX >> 48).then(|| u64::try_from(number & 0xffff_ffff_ffff).ok()).flatten().map(Self)
    }
}

impl std::fmt::Display for LockToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "10c00000-0000-4000-8000-{:012x}", self.0 & 0xffff_ffff_ffff)
    }
}

/// A receiver's exclusive hold on a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionLock {
    /// The session.
    pub session_id: String,
    /// When the hold ended or ends if it was not renewed.
    pub locked_until: Timestamp,
    pub(super) holder: u64,
}

/// What a receiver decides about a message that it holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Settlement {
    /// It is done with.
    Complete,
    /// It may be received again at once, with these application properties set.
    Abandon(Vec<(String, AmqpValue)>),
    /// It may be received again at once, and this delivery does not count.
    Release,
    /// It stays, and is given out only by its number.
    Defer(Vec<(String, AmqpValue)>),
    /// It is a dead letter.
    DeadLetter {
        /// `DeadLetterReason`.
        reason: Option<String>,
        /// `DeadLetterErrorDescription`.
        description: Option<String>,
        /// Further application properties.
        changes: Vec<(String, AmqpValue)>,
    },
}

/// One delivery: the message and the lock under which it was given out.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its number in the entity it was received from.
    pub sequence_number: SequenceNumber,
    /// Its number in the entity it was sent to: for a subscription's copy the topic's.
    pub enqueued_sequence_number: SequenceNumber,
    /// Settles this delivery.
    pub lock_token: LockToken,
    /// When the lock ends, unless it is renewed.
    pub locked_until: Timestamp,
    /// How often it has been given out, this time included.
    pub delivery_count: u32,
    /// When it was sent, or, if it was scheduled, when it became active.
    pub enqueued_at: Timestamp,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// The entity it was a dead letter of, if it came here as one.
    pub dead_letter_source: Option<String>,
    /// The message.
    pub message: Message,
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It may be received.
    Active,
    /// It becomes active at this moment.
    Scheduled(Timestamp),
    /// A receiver holds it until this moment.
    Locked(Timestamp),
    /// It was deferred: it is given out only by its number.
    Deferred,
}

/// A message in an entity, as one who peeks sees it.
#[derive(Clone, Debug)]
pub struct Held {
    /// Its number in this entity.
    pub sequence_number: SequenceNumber,
    /// Its number in the entity it was sent to: for a subscription's copy the topic's.
    pub enqueued_sequence_number: SequenceNumber,
    /// Where it stands.
    pub state: State,
    /// How often it has been given out.
    pub delivery_count: u32,
    /// When it was sent, or, if it is or was scheduled, when it becomes active.
    pub enqueued_at: Timestamp,
    /// The entity it was a dead letter of, if it came here as one.
    pub dead_letter_source: Option<String>,
    /// The message.
    pub message: Message,
}

/// How many messages of an entity stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that may be received now.
    pub active: usize,
    /// Those that wait for their time.
    pub scheduled: usize,
    /// Those that a receiver holds.
    pub locked: usize,
    /// Those that were deferred and are held by nobody.
    pub deferred: usize,
    /// Those in its dead-letter sub-queue.
    pub dead_lettered: usize,
}
