//! An AMQP session: the windows of both sides, and the links in it. Pure.
use super::{
    codec::{Value, frame},
    links::Link,
};
use crate::service_bus::LockToken;
use bytes::{Bytes, BytesMut};
use std::collections::{BTreeMap, VecDeque};

/// So many transfer frames may come before the client must be told that more may.
const WINDOW: u32 = 5000;
/// The highest handle that a client may use.
pub(super) const HANDLE_MAX: u32 = 255;

pub(super) struct Session {
    /// Whether it was ended from here, and the client has not yet agreed.
    pub is_ending: bool,
    pub links: BTreeMap<u32, Link>,
    /// What was delivered and not settled, by delivery number: the link's handle and the lock.
    pub unsettled: BTreeMap<u32, (u32, LockToken)>,
    next_incoming: u32,
    incoming_left: u32,
    next_outgoing: u32,
    outgoing_left: u32,
    next_delivery: u32,
    /// Transfers that wait for the client's window.
    outbox: VecDeque<(Vec<Value>, Bytes)>,
}

impl Session {
    pub fn new(next_incoming: u32, outgoing_left: u32) -> Self {
        Self {
            is_ending: false,
            links: BTreeMap::new(),
            unsettled: BTreeMap::new(),
            next_incoming,
            incoming_left: WINDOW,
            next_outgoing: 0,
            outgoing_left,
            next_delivery: 0,
            outbox: VecDeque::new(),
        }
    }

    /// The fields of our begin.
    pub fn begin(&self, channel: u16) -> Vec<Value> {
        vec![
            Value::Ushort(channel),
            Value::Uint(self.next_outgoing),
            Value::Uint(WINDOW),
            Value::Uint(WINDOW),
            Value::Uint(HANDLE_MAX),
        ]
    }

    /// The first four fields of a flow.
    pub fn flow(&self) -> Vec<Value> {
        [self.next_incoming, self.incoming_left, self.next_outgoing, WINDOW].map(Value::Uint).into()
    }

    pub fn end(&mut self) {
        self.is_ending = true;
        self.unsettled.clear();
        self.outbox.clear();
    }

    /// Counts a transfer frame. `None`: it was one too many. `Some(true)`: the client should hear of a new window.
    pub fn count_incoming(&mut self) -> Option<bool> {
        self.incoming_left = self.incoming_left.checked_sub(1)?;
        self.next_incoming = self.next_incoming.wrapping_add(1);
        let is_low = self.incoming_left < WINDOW / 2;
        if is_low {
            self.incoming_left = WINDOW;
        }
        Some(is_low)
    }

    /// What the client says about its window.
    pub fn set_window(&mut self, next_incoming: Option<u32>, window: u32) {
        let on_the_way = self.next_outgoing.wrapping_sub(next_incoming.unwrap_or(0));
        self.outgoing_left = window.saturating_sub(on_the_way);
    }

    pub fn is_clear(&self) -> bool {
        self.outbox.is_empty() && self.outgoing_left > 0
    }

    /// Whether everything was sent.
    pub fn is_empty(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Puts a message into the outbox, cut to the client's frames. `lock`: it is to be settled.
    pub fn post(&mut self, handle: u32, tag: &[u8], payload: &Bytes, lock: Option<LockToken>, peer_frame: usize) {
        let delivery = self.next_delivery;
        self.next_delivery = delivery.wrapping_add(1);
        if let Some(lock) = lock {
            self.unsettled.insert(delivery, (handle, lock));
        }
        // The header and the fields of a transfer take less.
        let most = peer_frame - 128;
        let mut start = 0;
        loop {
            let end = (start + most).min(payload.len());
            let more = Value::Boolean(end < payload.len());
            let fields = if start == 0 {
                let tag = Value::Binary(Bytes::copy_from_slice(tag));
                let settled = Value::Boolean(lock.is_none());
                vec![Value::Uint(handle), Value::Uint(delivery), tag, Value::Uint(0), settled, more]
            } else {
                vec![Value::Uint(handle), Value::Null, Value::Null, Value::Null, Value::Null, more]
            };
            self.outbox.push_back((fields, payload.slice(start..end)));
            if end == payload.len() {
                return;
            }
            start = end;
        }
    }

    /// Moves what the client's window allows from the outbox to the wire.
    pub fn send(&mut self, channel: u16, out: &mut BytesMut, most: usize) {
        while self.outgoing_left > 0 && out.len() < most {
            let Some((fields, payload)) = self.outbox.pop_front() else { return };
            frame::put(out, frame::AMQP, channel, 0x14, fields, &payload);
            self.outgoing_left -= 1;
            self.next_outgoing = self.next_outgoing.wrapping_add(1);
        }
    }
}
