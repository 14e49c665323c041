//! What clients send: frames put together to messages, messages given to the broker. Pure.
use super::{
    attaching::CREDIT,
    bus::Bus,
    codec::{AmqpError, Fields, Value, condition, frame},
    engine::Engine,
    links::{Link, Node, Partial},
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
        let Some(session) = self.sessions.get_mut(&channel) else { return Ok(()) };
        match session.count_incoming() {
            None => {
                let error = AmqpError::new(condition::WINDOW_VIOLATION, "a transfer came outside of the window");
                self.end(channel, &error, bus);
                return Ok(());
            }
            Some(true) => {
                let fields = session.flow();
                frame::put(&mut self.out, frame::AMQP, channel, 0x13, fields, &[]);
            }
            Some(false) => {}
        }
        let link = match session.links.get_mut(&handle) {
            Some(Link::In(link)) => link,
            Some(Link::Closing) => return Ok(()),
            Some(Link::Out(_) | Link::Waiting(_)) => {
                let error = AmqpError::new(condition::NOT_ALLOWED, "a transfer came on a link to the client");
                self.detach(channel, handle, &error, bus);
                return Ok(());
            }
            None => {
                self.unattached(channel, handle, bus);
                return Ok(());
            }
        };
        link.last_used = bus.instant;
        let is_settled = transfer.boolean(4)?;
        if link.partial.is_none() {
            let Some(left) = link.credit.checked_sub(1) else {
                let error = AmqpError::new(condition::TRANSFER_LIMIT, "a message came without credit");
                self.detach(channel, handle, &error, bus);
                return Ok(());
            };
            link.credit = left;
            link.delivery_count = link.delivery_count.wrapping_add(1);
            let (delivery, format) = (transfer.needed_uint(1)?, transfer.uint(3)?.unwrap_or(0));
            link.partial = Some(Partial { delivery, format, is_settled: false, payload: BytesMut::new() });
        }
        let Some(partial) = &mut link.partial else { return Ok(()) };
        if transfer.boolean(9)? {
            link.partial = None;
            return Ok(());
        }
        partial.is_settled |= is_settled;
        partial.payload.extend_from_slice(payload);
        if partial.payload.len() > LARGEST {
            let why = format!("a message exceeds the limit of {LARGEST} bytes");
            self.detach(channel, handle, &AmqpError::new(condition::MESSAGE_SIZE_EXCEEDED, why), bus);
            return Ok(());
        }
        if unfinished > MOST_UNFINISHED {
            return Err(AmqpError::new(condition::RESOURCE_LIMIT, "too many unfinished messages"));
        }
        if transfer.boolean(5)? {
            return Ok(());
        }
        let Some(Partial { delivery, format, is_settled, payload }) = link.partial.take() else { return Ok(()) };
        let (node, is_low) = (link.node.clone(), link.credit < CREDIT / 2);
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
        Ok(())
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
