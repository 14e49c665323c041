//! Links and the nodes they lead to. Pure.
use super::{
    bus::Bus,
    codec::{Fields, Value},
};
use crate::service_bus::{SequenceNumber, SessionLock};
use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;
use tokio::time::Instant;

/// What an address leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// Where tokens are put.
    Cbs,
    /// Where an entity takes requests.
    Management(String),
    /// A queue, topic, subscription or dead-letter sub-queue.
    Entity(String),
}

impl Node {
    /// Reads an address, with or without scheme and host.
    pub fn at(address: &str) -> Self {
        let path = match address.split_once("://") {
            Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
            None => address,
        };
        let path = path.trim_matches('/');
        let lower = path.to_lowercase();
        match lower.strip_suffix("/$management") {
            Some(entity) => Self::Management(path.get(..entity.len()).unwrap_or(entity).into()),
            None if lower == "$cbs" => Self::Cbs,
            None => Self::Entity(path.into()),
        }
    }

    /// The entity that it belongs to.
    pub fn entity(&self) -> Option<&str> {
        match self {
            Self::Cbs => None,
            Self::Management(entity) | Self::Entity(entity) => Some(entity),
        }
    }
}

/// A link, seen from here.
pub(super) enum Link {
    /// The client sends.
    In(Incoming),
    /// The client receives.
    Out(Outgoing),
    /// The client wants a session, and none is free yet.
    Waiting(Waiting),
    /// It was detached from here, and the client has not yet agreed.
    Closing,
}

pub(super) struct Incoming {
    pub node: Node,
    pub delivery_count: u32,
    pub credit: u32,
    pub partial: Option<Partial>,
    pub last_used: Instant,
    /// How often the entity's idle links had been detached when this one came.
    pub detachments: u64,
}

/// A message of which more frames are to come.
pub(super) struct Partial {
    pub delivery: u32,
    pub format: u32,
    pub is_settled: bool,
    pub payload: BytesMut,
}

pub(super) struct Outgoing {
    pub node: Node,
    /// The client's address of its own end, to which it wants replies.
    pub target: String,
    pub delivery_count: u32,
    pub credit: u32,
    pub drain: bool,
    /// Whether what is received is gone at once.
    pub is_destructive: bool,
    pub session: Option<SessionLock>,
    pub replies: VecDeque<Bytes>,
    pub detachments: u64,
}

pub(super) struct Waiting {
    pub attach: Fields,
    pub entity: String,
    pub deadline: Instant,
    /// What the client let come before it had the session.
    pub credit: u32,
}

impl Link {
    /// Lets go of what the link holds. Locks on messages outlive it, but for those of a session.
    pub fn release(&self, bus: &mut Bus<'_>) {
        if let Self::Out(Outgoing { node: Node::Entity(entity), session: Some(session), .. }) = self {
            bus.broker.release_session(entity, session, bus.now);
            bus.has_changed = true;
        }
    }
}

/// A lock token as .NET writes a GUID, which is how the delivery tag carries it.
pub(super) fn swapped(mut guid: [u8; 16]) -> [u8; 16] {
    guid[..4].reverse();
    guid[4..6].reverse();
    guid[6..8].reverse();
    guid
}

/// A number of the broker as AMQP has it.
pub(super) fn number(number: SequenceNumber) -> Value {
    Value::Long(i64::try_from(number).unwrap_or(i64::MAX))
}
