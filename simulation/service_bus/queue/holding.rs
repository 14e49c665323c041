//! A queue whose messages are given out session by session. Pure.
use super::{Queue, Stored};
use crate::service_bus::{Delivery, LockToken, SessionLock, SessionRefusal};
use bytes::Bytes;
use jiff::Timestamp;
use std::collections::BTreeSet;

impl Queue {
    /// Takes hold of the wanted session, or of the one whose message has waited longest. `None`: no message waits.
    pub fn accept_session(
        &mut self,
        wanted: Option<&str>,
        holder: u64,
        now: Timestamp,
    ) -> Result<Option<SessionLock>, SessionRefusal> {
        if !self.options.requires_session {
            return Err(SessionRefusal::NotSessionful);
        }
        let id = match wanted {
            Some(id) if self.sessions.held_until(id, now).is_some() => return Err(SessionRefusal::Held),
            Some(id) => id.to_owned(),
            None => {
                let is_free = |id: &str| self.sessions.held_until(id, now).is_none();
                let free = |stored: &Stored| stored.message.session_id.as_deref().is_some_and(is_free);
                let first = self.first(now, free).and_then(|place| self.messages.get(&place));
                let Some(id) = first.and_then(|stored| stored.message.session_id.clone()) else { return Ok(None) };
                id
            }
        };
        let locked_until = self.lock_end(now);
        self.sessions.give(&id, holder, locked_until);
        self.wake_at(Some(locked_until));
        Ok(Some(SessionLock { session_id: id, locked_until, holder }))
    }

    /// Whether this very hold still stands.
    pub fn holds_session(&self, lock: &SessionLock, now: Timestamp) -> bool {
        self.sessions.holds(lock, now)
    }

    /// Gives out the session's first message, locked for as long as the session is.
    pub fn receive_in_session(
        &mut self,
        lock: &SessionLock,
        token: LockToken,
        now: Timestamp,
    ) -> Result<Option<Delivery>, SessionRefusal> {
        if !self.sessions.holds(lock, now) {
            return Err(SessionRefusal::Lost);
        }
        let until = self.sessions.held_until(&lock.session_id, now).ok_or(SessionRefusal::Lost)?;
        let first = self.first(now, |stored| stored.message.session_id.as_ref() == Some(&lock.session_id));
        Ok(first.and_then(|place| self.lock(place, token, until)))
    }

    /// Holds the session, and its messages that were given out, for another lock duration.
    pub fn renew_session(&mut self, id: &str, now: Timestamp) -> Result<Timestamp, SessionRefusal> {
        let until = self.lock_end(now);
        self.sessions.renew(id, until, now)?;
        for stored in self.messages.values_mut().filter(|stored| stored.message.session_id.as_deref() == Some(id)) {
            if let Some((_, end)) = &mut stored.lock {
                *end = until;
            }
        }
        Ok(until)
    }

    /// Lets the session go, and gives back its messages that were given out.
    pub fn release_session(&mut self, lock: &SessionLock, now: Timestamp) {
        if !self.sessions.holds(lock, now) {
            return;
        }
        self.sessions.release(&lock.session_id);
        let ours = |stored: &&mut Stored| stored.message.session_id.as_ref() == Some(&lock.session_id);
        for stored in self.messages.values_mut().filter(ours) {
            stored.lock = None;
        }
        // What was given out too often, or has expired meanwhile, is for the next sweep.
        self.wake_at(Some(now));
    }

    pub fn session_state(&self, id: &str) -> Option<Bytes> {
        self.sessions.state(id)
    }

    pub fn set_session_state(&mut self, id: &str, state: Option<Bytes>, now: Timestamp) -> Result<(), SessionRefusal> {
        self.sessions.set_state(id, state, now)
    }

    /// Those that have a message or a state.
    pub fn session_ids(&self) -> BTreeSet<String> {
        let with_messages = self.messages.values().filter_map(|stored| stored.message.session_id.clone());
        with_messages.chain(self.sessions.with_state().cloned()).collect()
    }
}
