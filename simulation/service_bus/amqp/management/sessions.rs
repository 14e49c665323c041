//! Operations on sessions: their locks and their states. Pure.
use super::{Answer, Failure, Request, body, done};
use crate::service_bus::{
    SessionRefusal,
    amqp::{
        bus::Bus,
        codec::{Value, condition},
    },
};

impl Request<'_> {
    pub(super) fn renew_session(&self, bus: &mut Bus<'_>) -> Answer {
        let renewed = bus.broker.renew_session(self.entity, self.needed_text("session-id")?, bus.now);
        let until = renewed.map_err(lost)?;
        body("expiration", Value::Timestamp(until.as_millisecond()))
    }

    pub(super) fn session_state(&self, bus: &Bus<'_>) -> Answer {
        let state = bus.broker.session_state(self.entity, self.needed_text("session-id")?);
        body("session-state", state.map_or(Value::Null, Value::Binary))
    }

    pub(super) fn set_session_state(&self, bus: &mut Bus<'_>) -> Answer {
        let state = match self.body.get("session-state") {
            None | Some(Value::Null) => None,
            Some(Value::Binary(state)) => Some(state.clone()),
            Some(_) => return Err(Failure::malformed("session-state must be a binary")),
        };
        bus.broker.set_session_state(self.entity, self.needed_text("session-id")?, state, bus.now).map_err(lost)?;
        done()
    }

    /// One page of the ids of sessions with messages or state.
    pub(super) fn session_ids(&self, bus: &Bus<'_>) -> Answer {
        let page = |name| self.number(name).ok().and_then(|number| usize::try_from(number).ok());
        let (skip, top) = (page("skip").unwrap_or(0), page("top").unwrap_or(100).min(100));
        let ids = bus.broker.session_ids(self.entity);
        let ids: Vec<_> = ids.into_iter().skip(skip).take(top).map(Value::String).collect();
        if ids.is_empty() {
            return Ok(None);
        }
        let next = i32::try_from(skip + ids.len()).unwrap_or(i32::MAX);
        Ok(Some(Value::Map(vec![("skip".into(), Value::Int(next)), ("sessions-ids".into(), Value::Array(ids))])))
    }
}

fn lost(refusal: SessionRefusal) -> Failure {
    Failure::new(410, condition::SESSION_LOCK_LOST, refusal.to_string())
}
