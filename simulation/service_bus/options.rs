//! How an entity is set up, and why an operation is refused. Pure.
use std::time::Duration;

/// How a queue is set up. The defaults are the service's own.
#[derive(Clone, Debug)]
pub struct QueueOptions {
    /// How long a receiver holds a message. The service allows 5 minutes; more is cut to that.
    pub lock_duration: Duration,
    /// After so many deliveries without completion a message is a dead letter.
    pub max_delivery_count: u32,
    /// How long messages live that do not say it themselves, and the longest that they may say.
    pub default_time_to_live: Option<Duration>,
    /// Whether an expired message becomes a dead letter. Otherwise it is gone.
    pub dead_letter_on_expiry: bool,
    /// How long a `MessageId` is remembered from its first send. `None`: duplicates are not looked for.
    pub duplicate_window: Option<Duration>,
    /// The queue that gets the dead letters as ordinary messages. `None`: they stay in the dead-letter sub-queue.
    pub forward_dead_letters_to: Option<String>,
    /// Whether it takes only messages with a `SessionId` and gives them out only to holders of a session.
    pub requires_session: bool,
    /// Whether somebody has disabled receiving: messages come in, and none is given out.
    pub receive_disabled: bool,
}

impl Default for QueueOptions {
    fn default() -> Self {
        Self {
            lock_duration: Duration::from_secs(60),
            max_delivery_count: 10,
            default_time_to_live: None,
            dead_letter_on_expiry: false,
            duplicate_window: None,
            forward_dead_letters_to: None,
            requires_session: false,
            receive_disabled: false,
        }
    }
}

/// How a topic is set up.
#[derive(Clone, Debug, Default)]
pub struct TopicOptions {
    /// How long messages live that do not say it themselves, and the longest that they may say.
    pub default_time_to_live: Option<Duration>,
    /// How long a `MessageId` is remembered from its first send. `None`: duplicates are not looked for.
    pub duplicate_window: Option<Duration>,
}

/// How a subscription is set up.
#[derive(Clone, Debug)]
pub struct SubscriptionOptions {
    /// It takes messages with exactly this subject (a correlation filter). `None`: all.
    pub subject: Option<String>,
    /// How long a receiver holds a message. The service allows 5 minutes; more is cut to that.
    pub lock_duration: Duration,
    /// After so many deliveries without completion a message is a dead letter.
    pub max_delivery_count: u32,
    /// How long messages live that do not say it themselves, and the longest that they may say.
    pub default_time_to_live: Option<Duration>,
    /// Whether an expired message becomes a dead letter. Otherwise it is gone.
    pub dead_letter_on_expiry: bool,
    /// The queue that gets the dead letters as ordinary messages. `None`: they stay in the dead-letter sub-queue.
    pub forward_dead_letters_to: Option<String>,
    /// Whether it takes only messages with a `SessionId` and gives them out only to holders of a session.
    pub requires_session: bool,
}

impl Default for SubscriptionOptions {
    fn default() -> Self {
        let queue = QueueOptions::default();
        Self {
            subject: None,
            lock_duration: queue.lock_duration,
            max_delivery_count: queue.max_delivery_count,
            default_time_to_live: None,
            dead_letter_on_expiry: false,
            forward_dead_letters_to: None,
            requires_session: false,
        }
    }
}

/// Why a message was not accepted, or an entity not set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No entity has this name, or none that can be sent to.
    NoSuchEntity(String),
    /// The message or batch has more bytes than the limit of 256 KB.
    TooLarge(usize),
    /// Something in the message is not allowed.
    Malformed(String),
    /// The entity requires sessions and the message has no `SessionId`.
    NoSession,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoSuchEntity(name) => write!(formatter, "The messaging entity '{name}' could not be found."),
            Self::TooLarge(size) => write!(formatter, "The message has {size} bytes and exceeds the limit (262144)."),
            Self::Malformed(why) => formatter.write_str(why),
            Self::NoSession => formatter.write_str(
                "The SessionId was not set on a message, and it cannot be sent to the entity. Entities that have \
                 session support enabled can only receive messages that have the SessionId set to a valid value.",
            ),
        }
    }
}

impl std::error::Error for Refusal {}

/// The lock has expired, was settled already, or never was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockLost;

impl std::fmt::Display for LockLost {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.")
    }
}

impl std::error::Error for LockLost {}

/// Why a session is not given, or no longer held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionRefusal {
    /// Another receiver holds it.
    Held,
    /// The lock has expired, was released, or never was.
    Lost,
    /// The entity has no sessions.
    NotSessionful,
}

impl std::fmt::Display for SessionRefusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Held => "The requested session cannot be accepted. It may be locked by another receiver.",
            Self::Lost => "The session lock has expired on the MessageSession. Accept a new MessageSession.",
            Self::NotSessionful => {
                "A sessionful message receiver cannot be created on an entity that does not require sessions. Ensure \
                 RequiresSession is set to true when creating a Queue or Subscription to enable sessionful behavior."
            }
        })
    }
}

impl std::error::Error for SessionRefusal {}
