//! Service Bus: a pure broker core, its REST face and its AMQP face.
//!
//! Queues, topics and subscriptions of all namespaces are in one broker; names are found in any case.
//! A subscription is addressed as `topic/subscriptions/name`, a dead-letter sub-queue as `entity/$deadletterqueue`.
//! Transactions, rules beside a subject, and auto-forwarding are not here. A scheduled message is copied to the subscriptions when it is
//! sent, not when its time comes: a subscription made in between does not get it.
mod address;
pub mod amqp;
mod broker;
mod deferral;
mod described;
mod duplicates;
mod looking;
mod message;
mod native;
mod options;
mod queue;
mod queues;
mod rest;
mod sessions;
mod settling;
mod times;
mod topics;

pub(crate) use rest::decoded;

pub use broker::Broker;
pub use described::DescribedTopic;
pub use message::{
    Counts, Delivery, Held, LARGEST, LockToken, Message, SequenceNumber, SessionLock, Settlement, State,
};
pub use native::Native;
pub use options::{LockLost, QueueOptions, Refusal, SessionRefusal, SubscriptionOptions, TopicOptions};
