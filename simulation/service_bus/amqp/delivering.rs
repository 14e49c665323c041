//! What clients receive: whatever the broker, the credit and the windows allow now. Pure.
use super::{
    bus::{Bus, Wake},
    codec::{AmqpError, condition},
    engine::Engine,
    links::{Link, Node, Outgoing, swapped},
    writing,
};
use crate::service_bus::{Delivery, SessionRefusal};
use std::time::Duration;

/// A sender's link that is not used for so long is detached. Real time: it is about the client's process.
const IDLE_LINK: Duration = Duration::from_secs(600);

impl Engine {
    /// Sends what may be sent until `most` bytes are waiting for the wire, and finds out when to look again.
    pub fn deliver(&mut self, bus: &mut Bus<'_>, most: usize) {
        self.wake = Wake::default();
        if self.is_closed {
            return;
        }
        let links = self
            .sessions
            .iter()
            .flat_map(|(channel, session)| session.links.keys().map(|handle| (*channel, *handle)).collect::<Vec<_>>());
        let mut awaits_messages = false;
        for (channel, handle) in links.collect::<Vec<_>>() {
            self.serve_link(channel, handle, bus, most);
            let link = self.sessions.get(&channel).and_then(|session| session.links.get(&handle));
            let real = match link {
                Some(Link::Waiting(waiting)) => {
                    awaits_messages = true;
                    Some(waiting.deadline)
                }
                Some(Link::Out(link)) => {
                    awaits_messages |= link.credit > 0 || link.session.is_some();
                    None
                }
                Some(Link::In(link)) if matches!(link.node, Node::Entity(_)) => Some(link.last_used + IDLE_LINK),
                Some(Link::In(_) | Link::Closing) | None => None,
            };
            self.wake.real = self.wake.real.into_iter().chain(real).min();
        }
        for (channel, session) in &mut self.sessions {
            session.send(*channel, &mut self.out, most);
        }
        if awaits_messages {
            self.wake.world = bus.broker.next_change(bus.now);
        }
    }

    fn serve_link(&mut self, channel: u16, handle: u32, bus: &mut Bus<'_>, most: usize) {
        let Some(session) = self.sessions.get(&channel) else { return };
        match session.links.get(&handle) {
            Some(Link::Waiting(_)) => self.accept_session(channel, handle, bus),
            Some(Link::In(link)) => {
                let Node::Entity(entity) = &link.node else { return };
                let is_idle = bus.instant.saturating_duration_since(link.last_used) >= IDLE_LINK;
                if is_idle || bus.broker.detachments(entity) > link.detachments {
                    self.detach_idle(channel, handle, "AmqpMessagePublisher", bus);
                }
            }
            Some(Link::Out(link)) => {
                if let Node::Entity(entity) = &link.node {
                    if bus.broker.detachments(entity) > link.detachments {
                        return self.detach_idle(channel, handle, "AmqpMessageConsumer", bus);
                    }
                    if let Some(lock) = &link.session
                        && !bus.broker.holds_session(entity, lock, bus.now)
                    {
                        let why = SessionRefusal::Lost.to_string();
                        let error = AmqpError::new(condition::SESSION_LOCK_LOST, why);
                        return self.detach(channel, handle, &error, bus);
                    }
                }
                self.feed(channel, handle, bus, most);
            }
            Some(Link::Closing) | None => {}
        }
    }

    /// Sends as many messages on a link as it has credit for.
    fn feed(&mut self, channel: u16, handle: u32, bus: &mut Bus<'_>, most: usize) {
        let peer_frame = self.peer_frame;
        let Some(session) = self.sessions.get_mut(&channel) else { return };
        session.send(channel, &mut self.out, most);
        loop {
            let is_clear = session.is_clear() && self.out.len() < most;
            let Some(Link::Out(link)) = session.links.get_mut(&handle) else { return };
            if link.credit == 0 {
                break;
            }
            if !is_clear {
                return;
            }
            let (payload, tag, lock) = match &link.node {
                Node::Entity(entity) => {
                    let Some(delivery) = receive(link, entity, bus) else { break };
                    let lock = (!link.is_destructive).then_some(delivery.lock_token);
                    (writing::delivered(&delivery), swapped(delivery.lock_token.bytes()), lock)
                }
                Node::Cbs | Node::Management(_) => {
                    let Some(reply) = link.replies.pop_front() else { break };
                    (reply, u128::from(link.delivery_count).to_be_bytes(), None)
                }
            };
            link.credit -= 1;
            link.delivery_count = link.delivery_count.wrapping_add(1);
            session.post(handle, &tag, &payload, lock, peer_frame);
            session.send(channel, &mut self.out, most);
        }
        self.finish_drain(channel, handle);
    }

    /// Answers a drain: nothing more is there, so the rest of the credit is used up.
    fn finish_drain(&mut self, channel: u16, handle: u32) {
        let session = self.sessions.get_mut(&channel).filter(|session| session.is_empty());
        let link = session.and_then(|session| session.links.get_mut(&handle));
        let Some(Link::Out(link)) = link.filter(|link| matches!(link, Link::Out(link) if link.drain)) else { return };
        link.delivery_count = link.delivery_count.wrapping_add(link.credit);
        link.credit = 0;
        self.put_flow(channel, handle);
        let link = self.sessions.get_mut(&channel).and_then(|session| session.links.get_mut(&handle));
        if let Some(Link::Out(link)) = link {
            link.drain = false;
        }
    }

    fn detach_idle(&mut self, channel: u16, handle: u32, who: &str, bus: &mut Bus<'_>) {
        let why = format!(
            "The link 'G{channel}:{handle}' is force detached. Code: publisher. Details: {who}.IdleTimerExpired: Idle \
             timeout: 00:10:00."
        );
        self.detach(channel, handle, &AmqpError::new(condition::DETACH_FORCED, why), bus);
    }
}

fn receive(link: &Outgoing, entity: &str, bus: &mut Bus<'_>) -> Option<Delivery> {
    let delivery = match &link.session {
        // A session that is lost meanwhile is told of when the link is next looked at.
        Some(lock) => bus.broker.receive_in_session(entity, lock, bus.now).ok().flatten()?,
        None => bus.broker.receive(entity, bus.now)?,
    };
    if link.is_destructive {
        bus.broker.complete(entity, delivery.lock_token, bus.now).ok()?;
    }
    Some(delivery)
}
