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
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoSuchEntity(name) => write!(formatter, "The messaging entity '{name}' could not be found."),
            Self::TooLarge(size) => write!(formatter, "The message has {size} bytes and exceeds the limit (262144)."),
            Self::Malformed(why) => formatter.write_str(why),
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
