//! Attaching and detaching links. Pure.
use super::{
    bus::Bus,
    codec::{AmqpError, Fields, Value, condition, frame},
    engine::Engine,
    links::{Incoming, Link, Node, Outgoing, Waiting},
    session::HANDLE_MAX,
};
use crate::service_bus::{LARGEST, SessionLock, SessionRefusal};
use std::{collections::VecDeque, time::Duration};

/// So many links may one connection have.
const MOST_LINKS: usize = 1024;
/// Messages that a sender may have on the way.
pub(super) const CREDIT: u32 = 1000;
const SESSION_FILTER: &str = "com.microsoft:session-filter";

impl Engine {
    pub(super) fn attach(&mut self, channel: u16, attach: &Fields, bus: &mut Bus<'_>) -> Result<(), AmqpError> {
        let handle = attach.needed_uint(1)?;
        if handle > HANDLE_MAX {
            return Err(AmqpError::new(condition::FRAMING_ERROR, format!("handle {handle} exceeds {HANDLE_MAX}")));
        }
        if attach.text(0)?.is_none() {
            return Err(AmqpError::decode("an attach must name its link"));
        }
        let links: usize = self.sessions.values().map(|session| session.links.len()).sum();
        let Some(session) = self.sessions.get_mut(&channel) else { return Ok(()) };
        if session.links.contains_key(&handle) {
            let error = AmqpError::new(condition::HANDLE_IN_USE, format!("handle {handle} has a link already"));
            self.end(channel, &error, bus);
            return Ok(());
        }
        if links >= MOST_LINKS {
            let error = AmqpError::new(condition::RESOURCE_LIMIT, format!("the connection has {links} links already"));
            self.end(channel, &error, bus);
            return Ok(());
        }
        let is_receiver = attach.boolean(2)?;
        let (source, target) = (terminus(attach, 5)?, terminus(attach, 6)?);
        let ours = if is_receiver { &source } else { &target };
        match self.find(ours.as_ref(), is_receiver, bus)? {
            Err(refusal) => self.refuse(channel, handle, attach, Value::Null, &refusal),
            Ok(node) if is_receiver => self.attach_receiver(channel, handle, attach, node, bus)?,
            Ok(node) => {
                let detachments = node.entity().map_or(0, |entity| bus.broker.detachments(entity));
                let link = Incoming {
                    node,
                    delivery_count: attach.uint(9)?.unwrap_or(0),
                    credit: CREDIT,
                    partial: None,
                    last_used: bus.instant,
                    detachments,
                };
                self.answer_attach(channel, attach, attach.value(5).clone(), Value::Null);
                self.insert(channel, handle, Link::In(link));
                self.grant(channel, handle);
            }
        }
        Ok(())
    }

    /// The node of the client's address, or why there is no link to it.
    fn find(
        &self,
        terminus: Option<&Fields>,
        is_receiver: bool,
        bus: &Bus<'_>,
    ) -> Result<Result<Node, AmqpError>, AmqpError> {
        let refuse = |condition, why: &str| Ok(Err(AmqpError::new(condition, why)));
        let Some(terminus) = terminus else {
            return refuse(condition::INVALID_FIELD, "the link has neither source nor target here");
        };
        if terminus.code == 0x30 {
            return refuse(condition::NOT_IMPLEMENTED, "transactions are not simulated");
        }
        let Some(address) = terminus.text(0)? else {
            return refuse(condition::NOT_IMPLEMENTED, "a link without an address is not simulated");
        };
        let node = Node::at(address);
        let Some(entity) = node.entity() else { return Ok(Ok(node)) };
        if !bus.broker.has(entity) {
            let host = &self.host;
            let text = format!("The messaging entity 'sb://{host}/{entity}' could not be found.");
            return refuse(condition::NOT_FOUND, &text);
        }
        let is_entity = matches!(node, Node::Entity(_));
        if is_entity && is_receiver && !bus.broker.can_receive(entity) {
            return refuse(condition::NOT_ALLOWED, "Messages are received from a topic's subscriptions, not from it.");
        }
        if is_entity && !is_receiver && !bus.broker.can_send(entity) {
            return refuse(condition::NOT_ALLOWED, "Messages cannot be sent to a subscription or sub-queue.");
        }
        Ok(Ok(node))
    }

    fn attach_receiver(
        &mut self,
        channel: u16,
        handle: u32,
        attach: &Fields,
        node: Node,
        bus: &mut Bus<'_>,
    ) -> Result<(), AmqpError> {
        let filter = wanted_session(attach);
        if let Node::Entity(entity) = &node {
            let requires_session = bus.broker.requires_session(entity);
            if filter.is_some() {
                let patience = attach.value(13).get("com.microsoft:timeout").and_then(Value::whole).unwrap_or(60_000);
                let patience = Duration::from_millis(u64::try_from(patience).unwrap_or(0));
                // No client waits for an hour for a session.
                let deadline = bus.instant + patience.min(Duration::from_secs(3600));
                let waiting = Waiting { attach: attach.clone(), entity: entity.clone(), deadline, credit: 0 };
                self.insert(channel, handle, Link::Waiting(waiting));
                self.accept_session(channel, handle, bus);
                return Ok(());
            }
            if requires_session {
                let why = "It is not possible for an entity that requires sessions to create a non-sessionful message receiver.";
                self.refuse(channel, handle, attach, Value::Null, &AmqpError::new(condition::NOT_ALLOWED, why));
                return Ok(());
            }
        }
        let link = outgoing(attach, node, None, bus);
        self.answer_attach(channel, attach, attach.value(5).clone(), Value::Null);
        self.insert(channel, handle, Link::Out(link));
        Ok(())
    }

    /// Gives a waiting receiver its session, if that can be had, and turns it away when its time is over.
    pub(super) fn accept_session(&mut self, channel: u16, handle: u32, bus: &mut Bus<'_>) {
        let link = self.sessions.get(&channel).and_then(|session| session.links.get(&handle));
        let Some(Link::Waiting(waiting)) = link else { return };
        let (attach, entity) = (&waiting.attach, &waiting.entity);
        let wanted = wanted_session(attach).flatten();
        let refusal = match bus.broker.accept_session(entity, wanted, bus.now) {
            Ok(Some(lock)) => {
                let source = with_session(attach.value(5), &lock.session_id);
                let locked_until = (Value::symbol("com.microsoft:locked-until-utc"), ticks(&lock));
                let mut link = outgoing(attach, Node::Entity(entity.clone()), Some(lock), bus);
                link.credit = waiting.credit;
                let attach = attach.clone();
                self.answer_attach(channel, &attach, source, Value::Map(vec![locked_until]));
                self.insert(channel, handle, Link::Out(link));
                return;
            }
            Ok(None) if bus.instant < waiting.deadline => return,
            Ok(None) => AmqpError::new(
                condition::TIMEOUT,
                "The operation did not complete within the allotted timeout: no session became available.",
            ),
            Err(refusal @ SessionRefusal::NotSessionful) => AmqpError::new(condition::NOT_ALLOWED, refusal.to_string()),
            Err(refusal) => AmqpError::new(condition::SESSION_CANNOT_BE_LOCKED, refusal.to_string()),
        };
        let attach = attach.clone();
        self.refuse(channel, handle, &attach, attach.value(6).clone(), &refusal);
    }

    /// A link is refused by attaching it to nothing and detaching it.
    fn refuse(&mut self, channel: u16, handle: u32, attach: &Fields, target: Value, error: &AmqpError) {
        let mut fields = answer(attach, Value::Null, Value::Null);
        fields[6] = target;
        frame::put(&mut self.out, frame::AMQP, channel, 0x12, fields, &[]);
        self.put_detach(channel, handle, error);
        self.insert(channel, handle, Link::Closing);
    }

    /// Detaches a link from here.
    pub(super) fn detach(&mut self, channel: u16, handle: u32, error: &AmqpError, bus: &mut Bus<'_>) {
        let Some(session) = self.sessions.get_mut(&channel) else { return };
        if let Some(link) = session.links.insert(handle, Link::Closing) {
            link.release(bus);
        }
        session.unsettled.retain(|_, (owner, _)| *owner != handle);
        self.put_detach(channel, handle, error);
    }

    /// The client detaches a link, or agrees that one is detached.
    pub(super) fn detached(&mut self, channel: u16, detach: &Fields, bus: &mut Bus<'_>) -> Result<(), AmqpError> {
        let handle = detach.needed_uint(0)?;
        let is_final = detach.boolean(1)?;
        let Some(session) = self.sessions.get_mut(&channel) else { return Ok(()) };
        match session.links.remove(&handle) {
            None => self.unattached(channel, handle, bus),
            Some(Link::Closing) => {}
            Some(link) => {
                session.unsettled.retain(|_, (owner, _)| *owner != handle);
                link.release(bus);
                let fields = vec![Value::Uint(handle), Value::Boolean(is_final)];
                frame::put(&mut self.out, frame::AMQP, channel, 0x16, fields, &[]);
            }
        }
        Ok(())
    }

    pub(super) fn unattached(&mut self, channel: u16, handle: u32, bus: &mut Bus<'_>) {
        let why = format!("no link is attached at handle {handle}");
        self.end(channel, &AmqpError::new(condition::UNATTACHED_HANDLE, why), bus);
    }

    fn put_detach(&mut self, channel: u16, handle: u32, error: &AmqpError) {
        let fields = vec![Value::Uint(handle), Value::Boolean(true), error.to_value()];
        frame::put(&mut self.out, frame::AMQP, channel, 0x16, fields, &[]);
    }

    fn answer_attach(&mut self, channel: u16, attach: &Fields, source: Value, properties: Value) {
        frame::put(&mut self.out, frame::AMQP, channel, 0x12, answer(attach, source, properties), &[]);
    }

    fn insert(&mut self, channel: u16, handle: u32, link: Link) {
        if let Some(session) = self.sessions.get_mut(&channel) {
            session.links.insert(handle, link);
        }
    }
}

fn outgoing(attach: &Fields, node: Node, session: Option<SessionLock>, bus: &Bus<'_>) -> Outgoing {
    let detachments = node.entity().map_or(0, |entity| bus.broker.detachments(entity));
    let target = terminus(attach, 6).ok().flatten();
    let target = target.and_then(|target| target.value(0).text().map(Into::into)).unwrap_or_default();
    Outgoing {
        node,
        target,
        delivery_count: 0,
        credit: 0,
        drain: false,
        is_destructive: *attach.value(3) == Value::Ubyte(1),
        session,
        replies: VecDeque::new(),
        detachments,
    }
}

/// Our attach to the client's.
fn answer(attach: &Fields, source: Value, properties: Value) -> Vec<Value> {
    let is_receiver = *attach.value(2) == Value::Boolean(true);
    let count = if is_receiver { Value::Uint(0) } else { Value::Null };
    let largest = Value::Ulong(u64::try_from(LARGEST).unwrap_or(u64::MAX));
    let same = |at: usize| attach.value(at).clone();
    let [name, handle, sending, receiving, target] = [same(0), same(1), same(3), same(4), same(6)];
    let role = Value::Boolean(!is_receiver);
    let [none, no, offered, desired] = [const { Value::Null }; 4];
    vec![name, handle, role, sending, receiving, source, target, none, no, count, largest, offered, desired, properties]
}

fn terminus(attach: &Fields, at: usize) -> Result<Option<Fields>, AmqpError> {
    match attach.value(at) {
        Value::Null => Ok(None),
        value => Fields::from_value(value.clone()).map(Some),
    }
}

/// The session that a receiver asks for: `Some(None)` is any.
fn wanted_session(attach: &Fields) -> Option<Option<&str>> {
    let source = attach.value(5).plain().items()?;
    let filter = source.get(7)?.get(SESSION_FILTER)?;
    Some(filter.plain().text())
}

/// The source with the session's id as a plain text in its filter, which is where the SDKs for JavaScript and .NET look.
fn with_session(source: &Value, id: &str) -> Value {
    let mut fields = source.plain().items().unwrap_or_default().to_vec();
    if let Some(filter) = fields.get_mut(7) {
        *filter = Value::Map(vec![(Value::symbol(SESSION_FILTER), id.into())]);
    }
    Value::described(0x28, Value::List(fields))
}

/// The hold's end as .NET counts time: in tenths of microseconds since the year 1.
fn ticks(lock: &SessionLock) -> Value {
    Value::Long(lock.locked_until.as_microsecond().saturating_mul(10).saturating_add(621_355_968_000_000_000))
}
