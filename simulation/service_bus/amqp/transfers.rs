//! What clients send: frames put together to messages, messages given to the broker. Pure.
use super::{
    attaching::CREDIT,
    bus::Bus,
    codec::{AmqpError, Fields, Value, condition, frame},
    engine::Engine,
    links::{Incoming, Link, Node, Partial},
    reading,
};
use crate::service_bus::{LARGEST, Refusal};
use bytes::{Bytes, BytesMut};

/// The format of a message whose data sections are messages.
const BATCH: u32 = 0x8001_3700;
/// So many bytes of unfinished messages may one connection have.
const MOST_UNFINISHED: usize = 16 * LARGEST;

impl Engine {
    pub(super) fn transfer(
        &mut self,
        channel: u16,
        transfer: &Fields,
        payload: &Bytes,
        bus: &mut Bus<'_>,
    ) -> Result<(), AmqpError> {
        let handle = transfer.needed_uint(0)?;
        let unfinished = self.unfinished() + payload.len();
        if !self.may_send(channel, handle, bus) {
            return Ok(());
        }
        let link = self.sessions.get_mut(&channel).and_then(|session| session.links.get_mut(&handle));
        let Some(Link::In(link)) = link else { return Ok(()) };
        link.last_used = bus.instant;
        match put_together(link, transfer, payload, unfinished)? {
            Taken::Part => {}
            Taken::Refused(error) => self.detach(channel, handle, &error, bus),
            Taken::Whole(message) => self.take_whole(channel, handle, message, bus),
        }
        Ok(())
    }

    /// Counts a frame of the client, and answers if it may not send it.
    fn may_send(&mut self, channel: u16, handle: u32, bus: &mut Bus<'_>) -> bool {
        let Some(session) = self.sessions.get_mut(&channel) else { return false };
        match session.count_incoming() {
            None => {
                let error = AmqpError::new(condition::WINDOW_VIOLATION, "a transfer came outside of the window");
                self.end(channel, &error, bus);
                return false;
            }
            Some(true) => {
                let fields = session.flow();
                frame::put(&mut self.out, frame::AMQP, channel, 0x13, fields, &[]);
            }
            Some(false) => {}
        }
        match session.links.get(&handle) {
            Some(Link::In(_)) => return true,
            Some(Link::Closing) => {}
            Some(Link::Out(_) | Link::Waiting(_)) => {
                let error = AmqpError::new(condition::NOT_ALLOWED, "a transfer came on a link to the client");
                self.detach(channel, handle, &error, bus);
            }
            None => self.unattached(channel, handle, bus),
        }
        false
    }

    /// Gives a message to its node, and tells the client what became of it.
    fn take_whole(&mut self, channel: u16, handle: u32, message: Partial, bus: &mut Bus<'_>) {
        let link = self.sessions.get(&channel).and_then(|session| session.links.get(&handle));
        let Some(Link::In(link)) = link else { return };
        let (node, is_low) = (link.node.clone(), link.credit < CREDIT / 2);
        let Partial { delivery, format, is_settled, payload } = message;
        let taken = self.take_in(channel, &node, format, payload.freeze(), bus);
        if !is_settled {
            let state = match taken {
                Ok(()) => Value::described(0x24, Value::List(vec![])),
                Err(error) => Value::described(0x25, Value::List(vec![error.to_value()])),
            };
            let (delivery, yes) = (Value::Uint(delivery), Value::Boolean(true));
            let fields = vec![yes.clone(), delivery.clone(), delivery, yes, state];
            frame::put(&mut self.out, frame::AMQP, channel, 0x15, fields, &[]);
        }
        if is_low {
            self.grant(channel, handle);
        }
    }

    fn take_in(
        &mut self,
        channel: u16,
        node: &Node,
        format: u32,
        payload: Bytes,
        bus: &mut Bus<'_>,
    ) -> Result<(), AmqpError> {
        let Node::Entity(entity) = node else { return self.request(channel, node, payload, bus) };
        let messages = if format == BATCH { reading::batch(payload)? } else { vec![reading::message(payload)?] };
        bus.broker.send_batch(entity, messages, bus.now).map_err(|refusal| refused(&refusal))?;
        bus.has_changed = true;
        Ok(())
    }

    fn unfinished(&self) -> usize {
        let links = self.sessions.values().flat_map(|session| session.links.values());
        let partial = |link: &Link| match link {
            Link::In(link) => link.partial.as_ref().map_or(0, |partial| partial.payload.len()),
            Link::Out(_) | Link::Waiting(_) | Link::Closing => 0,
        };
        links.map(partial).sum()
    }
}

/// What a frame has made of a message.
enum Taken {
    /// More frames are to come, or it was given up.
    Part,
    Whole(Partial),
    /// Its link has to go.
    Refused(AmqpError),
}

/// Adds a frame to the message that comes on a link. `unfinished`: so many bytes of messages the connection has then.
fn put_together(
    link: &mut Incoming,
    transfer: &Fields,
    payload: &Bytes,
    unfinished: usize,
) -> Result<Taken, AmqpError> {
    let is_settled = transfer.boolean(4)?;
    if link.partial.is_none() {
        let Some(left) = link.credit.checked_sub(1) else {
            let error = AmqpError::new(condition::TRANSFER_LIMIT, "a message came without credit");
            return Ok(Taken::Refused(error));
        };
        link.credit = left;
        link.delivery_count = link.delivery_count.wrapping_add(1);
        let (delivery, format) = (transfer.needed_uint(1)?, transfer.uint(3)?.unwrap_or(0));
        link.partial = Some(Partial { delivery, format, is_settled: false, payload: BytesMut::new() });
    }
    let Some(partial) = &mut link.partial else { return Ok(Taken::Part) };
    if transfer.boolean(9)? {
        link.partial = None;
        return Ok(Taken::Part);
    }
    partial.is_settled |= is_settled;
    partial.payload.extend_from_slice(payload);
    if partial.payload.len() > LARGEST {
        let why = format!("a message exceeds the limit of {LARGEST} bytes");
        return Ok(Taken::Refused(AmqpError::new(condition::MESSAGE_SIZE_EXCEEDED, why)));
    }
    if unfinished > MOST_UNFINISHED {
        return Err(AmqpError::new(condition::RESOURCE_LIMIT, "too many unfinished messages"));
    }
    if transfer.boolean(5)? {
        return Ok(Taken::Part);
    }
    Ok(link.partial.take().map_or(Taken::Part, Taken::Whole))
}

/// Why the broker refuses a message, in AMQP's words.
pub(super) fn refused(refusal: &Refusal) -> AmqpError {
    let condition = match refusal {
        Refusal::NoSuchEntity(_) => condition::NOT_FOUND,
        Refusal::TooLarge(_) => condition::MESSAGE_SIZE_EXCEEDED,
        Refusal::Malformed(_) => condition::ARGUMENT,
        Refusal::NoSession => condition::NOT_ALLOWED,
    };
    AmqpError::new(condition, refusal.to_string())
}
