//! The sessions of one queue or subscription: who holds which, and what state was left with it. Pure.
use crate::service_bus::{SessionLock, SessionRefusal};
use bytes::Bytes;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A session that is held or has a state.
#[derive(Default)]
struct Session {
    /// The number of the hold, and its end.
    holder: Option<(u64, Timestamp)>,
    state: Option<Bytes>,
}

/// Those that are held or have a state, by their ids.
#[derive(Default)]
pub(super) struct Sessions(BTreeMap<String, Session>);

impl Sessions {
    /// Until when somebody holds the session.
    pub fn held_until(&self, id: &str, now: Timestamp) -> Option<Timestamp> {
        self.0.get(id)?.holder.map(|(_, until)| until).filter(|until| now < *until)
    }

    /// Whether this very hold still stands.
    pub fn holds(&self, lock: &SessionLock, now: Timestamp) -> bool {
        let holder = self.0.get(&lock.session_id).and_then(|session| session.holder);
        holder.is_some_and(|(holder, until)| holder == lock.holder && now < until)
    }

    /// Gives a session to a holder.
    pub fn give(&mut self, id: &str, holder: u64, until: Timestamp) {
        self.0.entry(id.into()).or_default().holder = Some((holder, until));
    }

    /// Moves the end of a hold that still stands.
    pub fn renew(&mut self, id: &str, until: Timestamp, now: Timestamp) -> Result<(), SessionRefusal> {
        let session = self.0.get_mut(id).ok_or(SessionRefusal::Lost)?;
        let (_, end) = session.holder.as_mut().filter(|(_, end)| now < *end).ok_or(SessionRefusal::Lost)?;
        *end = until;
        Ok(())
    }

    pub fn release(&mut self, id: &str) {
        if let Some(session) = self.0.get_mut(id) {
            session.holder = None;
        }
    }

    pub fn state(&self, id: &str) -> Option<Bytes> {
        self.0.get(id).and_then(|session| session.state.clone())
    }

    pub fn set_state(&mut self, id: &str, state: Option<Bytes>, now: Timestamp) -> Result<(), SessionRefusal> {
        let session = self.0.get_mut(id).ok_or(SessionRefusal::Lost)?;
        session.holder.filter(|(_, until)| now < *until).ok_or(SessionRefusal::Lost)?;
        session.state = state;
        Ok(())
    }

    /// The ids of those that have a state.
    pub fn with_state(&self) -> impl Iterator<Item = &String> {
        self.0.iter().filter(|(_, session)| session.state.is_some()).map(|(id, _)| id)
    }

    /// Ends the holds whose time has come, and says when the next ends.
    pub fn sweep(&mut self, now: Timestamp) -> Timestamp {
        for session in self.0.values_mut() {
            session.holder = session.holder.filter(|(_, until)| now < *until);
        }
        self.0.retain(|_, session| session.holder.is_some() || session.state.is_some());
        let ends = self.0.values().filter_map(|session| session.holder.map(|(_, until)| until));
        ends.min().unwrap_or(Timestamp::MAX)
    }
}
