//! The sessions of one queue or subscription: who holds which, and what state was left with it. Pure.
use super::{Queue, Stored};
use crate::service_bus::{Delivery, LockToken, SessionLock, SessionRefusal};
use bytes::Bytes;
use jiff::Timestamp;
use std::collections::BTreeSet;

#[derive(Default)]
pub(super) struct Session {
    /// The number of the hold, and its end.
    holder: Option<(u64, Timestamp)>,
    state: Option<Bytes>,
}

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
            Some(id) if self.session_end(id, now).is_some() => return Err(SessionRefusal::Held),
            Some(id) => id.to_owned(),
            None => {
                let free = |stored: &Stored| {
                    stored.message.session_id.as_deref().is_some_and(|id| self.session_end(id, now).is_none())
                };
                let first = self.first(now, free).and_then(|place| self.messages.get(&place));
                let Some(id) = first.and_then(|stored| stored.message.session_id.clone()) else { return Ok(None) };
                id
            }
        };
        let locked_until = self.lock_end(now);
        self.sessions.entry(id.clone()).or_default().holder = Some((holder, locked_until));
        self.wake_at(Some(locked_until));
        Ok(Some(SessionLock { session_id: id, locked_until, holder }))
    }

    /// Whether this very hold still stands.
    pub fn holds_session(&self, lock: &SessionLock, now: Timestamp) -> bool {
        let holder = self.sessions.get(&lock.session_id).and_then(|session| session.holder);
        holder.is_some_and(|(holder, until)| holder == lock.holder && now < until)
    }

    /// Gives out the session's first message, locked for as long as the session is.
    pub fn receive_in_session(
        &mut self,
        lock: &SessionLock,
        token: LockToken,
        now: Timestamp,
    ) -> Result<Option<Delivery>, SessionRefusal> {
        if !self.holds_session(lock, now) {
            return Err(SessionRefusal::Lost);
        }
        let until = self.session_end(&lock.session_id, now).ok_or(SessionRefusal::Lost)?;
        let first = self.first(now, |stored| stored.message.session_id.as_ref() == Some(&lock.session_id));
        Ok(first.and_then(|place| self.lock(place, token, until)))
    }

    /// Holds the session, and its messages that were given out, for another lock duration.
    pub fn renew_session(&mut self, id: &str, now: Timestamp) -> Result<Timestamp, SessionRefusal> {
        let until = self.lock_end(now);
        let session = self.sessions.get_mut(id).ok_or(SessionRefusal::Lost)?;
        let (_, end) = session.holder.as_mut().filter(|(_, end)| now < *end).ok_or(SessionRefusal::Lost)?;
        *end = until;
        for stored in self.messages.values_mut().filter(|stored| stored.message.session_id.as_deref() == Some(id)) {
            if let Some((_, end)) = &mut stored.lock {
                *end = until;
            }
        }
        Ok(until)
    }

    /// Lets the session go, and gives back its messages that were given out.
    pub fn release_session(&mut self, lock: &SessionLock, now: Timestamp) {
        if !self.holds_session(lock, now) {
            return;
        }
        if let Some(session) = self.sessions.get_mut(&lock.session_id) {
            session.holder = None;
        }
        let ours = |stored: &&mut Stored| stored.message.session_id.as_ref() == Some(&lock.session_id);
        for stored in self.messages.values_mut().filter(ours) {
            stored.lock = None;
        }
        // What was given out too often, or has expired meanwhile, is for the next sweep.
        self.wake_at(Some(now));
    }

    pub fn session_state(&self, id: &str) -> Option<Bytes> {
        self.sessions.get(id).and_then(|session| session.state.clone())
    }

    pub fn set_session_state(&mut self, id: &str, state: Option<Bytes>, now: Timestamp) -> Result<(), SessionRefusal> {
        let session = self.sessions.get_mut(id).ok_or(SessionRefusal::Lost)?;
        session.holder.filter(|(_, until)| now < *until).ok_or(SessionRefusal::Lost)?;
        session.state = state;
        Ok(())
    }

    /// Those that have a message or a state.
    pub fn session_ids(&self) -> BTreeSet<String> {
        let with_state = self.sessions.iter().filter(|(_, session)| session.state.is_some()).map(|(id, _)| id.clone());
        let with_messages = self.messages.values().filter_map(|stored| stored.message.session_id.clone());
        with_messages.chain(with_state).collect()
    }

    /// Until when somebody holds the session.
    pub(super) fn session_end(&self, id: &str, now: Timestamp) -> Option<Timestamp> {
        self.sessions.get(id)?.holder.map(|(_, until)| until).filter(|until| now < *until)
    }

    /// Ends the holds whose time has come, and says when the next ends.
    pub(super) fn end_sessions(&mut self, now: Timestamp) -> Timestamp {
        for session in self.sessions.values_mut() {
            session.holder = session.holder.filter(|(_, until)| now < *until);
        }
        self.sessions.retain(|_, session| session.holder.is_some() || session.state.is_some());
        let ends = self.sessions.values().filter_map(|session| session.holder.map(|(_, until)| until));
        ends.min().unwrap_or(Timestamp::MAX)
    }
}
