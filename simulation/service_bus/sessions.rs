//! Sessions: an exclusive hold on all messages of one id, in their order. Pure.
use super::address::address;
use super::{Broker, Delivery, SessionLock, SessionRefusal, queue::Queue};
use bytes::Bytes;
use jiff::Timestamp;
use std::collections::BTreeSet;

impl Broker {
    /// Whether a queue or subscription gives out messages only to holders of a session.
    #[must_use]
    pub fn requires_session(&self, entity: &str) -> bool {
        self.queues.get(&address(entity)).is_some_and(|queue| queue.options.requires_session)
    }

    /// Takes hold of a session: the wanted one, even without messages, or that of the message which has waited
    /// longest. `None`: no message of a free session waits.
    ///
    /// # Errors
    /// When another receiver holds it, or the entity has no sessions.
    pub fn accept_session(
        &mut self,
        entity: &str,
        wanted: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<SessionLock>, SessionRefusal> {
        self.advance(now);
        let holder = self.queues.next_token().0;
        let queue = self.queues.get_mut(&address(entity)).ok_or(SessionRefusal::NotSessionful)?;
        let lock = queue.accept_session(wanted, holder, now)?;
        if let Some(lock) = &lock {
            self.queues.given_out(lock.locked_until);
        }
        Ok(lock)
    }

    /// Whether this hold on a session still stands.
    #[must_use]
    pub fn holds_session(&self, entity: &str, lock: &SessionLock, now: Timestamp) -> bool {
        self.queues.get(&address(entity)).is_some_and(|queue| queue.holds_session(lock, now))
    }

    /// Gives out the session's first message, under a lock that ends with the session's.
    ///
    /// # Errors
    /// When the session is no longer held.
    pub fn receive_in_session(
        &mut self,
        entity: &str,
        lock: &SessionLock,
        now: Timestamp,
    ) -> Result<Option<Delivery>, SessionRefusal> {
        self.advance(now);
        let token = self.queues.next_token();
        let queue = self.queues.get_mut(&address(entity)).ok_or(SessionRefusal::Lost)?;
        let delivery = queue.receive_in_session(lock, token, now)?;
        if let Some(delivery) = &delivery {
            self.queues.given_out(delivery.locked_until);
        }
        Ok(delivery)
    }

    /// Holds the session for another lock duration from now; says until when.
    ///
    /// # Errors
    /// When nobody holds it any longer.
    pub fn renew_session(&mut self, entity: &str, id: &str, now: Timestamp) -> Result<Timestamp, SessionRefusal> {
        self.advance(now);
        self.queues.get_mut(&address(entity)).ok_or(SessionRefusal::Lost)?.renew_session(id, now)
    }

    /// Lets a session go, and gives back the messages that were given out with it. A hold that has ended is let be.
    pub fn release_session(&mut self, entity: &str, lock: &SessionLock, now: Timestamp) {
        self.advance(now);
        if let Some(queue) = self.queues.get_mut(&address(entity)) {
            queue.release_session(lock, now);
            self.queues.stir();
        }
    }

    /// What was left with the session.
    #[must_use]
    pub fn session_state(&self, entity: &str, id: &str) -> Option<Bytes> {
        self.queues.get(&address(entity))?.session_state(id)
    }

    /// Leaves something with the session, or nothing.
    ///
    /// # Errors
    /// When nobody holds it any longer.
    pub fn set_session_state(
        &mut self,
        entity: &str,
        id: &str,
        state: Option<Bytes>,
        now: Timestamp,
    ) -> Result<(), SessionRefusal> {
        self.advance(now);
        self.queues.get_mut(&address(entity)).ok_or(SessionRefusal::Lost)?.set_session_state(id, state, now)
    }

    /// The ids of all sessions that have a message or a state.
    #[must_use]
    pub fn session_ids(&self, entity: &str) -> BTreeSet<String> {
        self.queues.get(&address(entity)).map(Queue::session_ids).unwrap_or_default()
    }
}
