//! What receivers decide about deliveries, and the answers. Pure.
use super::{
    bus::Bus,
    codec::{AmqpError, Fields, Value, condition, frame},
    engine::Engine,
    links::{Link, Node},
    session::Session,
};
use crate::service_bus::{LockLost, LockToken, SessionRefusal, Settlement};

impl Engine {
    pub(super) fn disposition(
        &mut self,
        channel: u16,
        disposition: &Fields,
        bus: &mut Bus<'_>,
    ) -> Result<(), AmqpError> {
        let first = disposition.needed_uint(1)?;
        let last = disposition.uint(2)?.unwrap_or(first);
        let is_settled = disposition.boolean(3)?;
        // What a sender says about its own messages was settled when they came.
        if !disposition.boolean(0)? || last < first {
            return Ok(());
        }
        let state = disposition.value(4);
        if matches!(state.code(), Some(0x23) | None) && !is_settled {
            return Ok(());
        }
        let settlement = settlement(state);
        let Some(session) = self.sessions.get_mut(&channel) else { return Ok(()) };
        let concerned: Vec<_> = session
            .unsettled
            .range(first..=last)
            .map(|(delivery, (handle, lock))| (*delivery, *handle, *lock))
            .collect();
        let mut answers: Vec<(u32, u32, Value)> = vec![];
        for (delivery, handle, lock) in concerned {
            session.unsettled.remove(&delivery);
            let settled = match &settlement {
                Ok(settlement) => settle(session, handle, lock, settlement.clone(), bus),
                Err(error) => Err(error.clone()),
            };
            let answer = match settled {
                // Python from 7.15 on takes a rejection with an error for a failure.
                Ok(()) if state.code() == Some(0x25) => Value::described(0x25, Value::List(vec![])),
                Ok(()) => state.clone(),
                Err(error) => Value::described(0x25, Value::List(vec![error.to_value()])),
            };
            match answers.last_mut() {
                Some((_, end, same)) if *same == answer && *end + 1 == delivery => *end = delivery,
                _ => answers.push((delivery, delivery, answer)),
            }
        }
        for (start, end, answer) in answers.into_iter().filter(|_| !is_settled) {
            let fields =
                vec![Value::Boolean(false), Value::Uint(start), Value::Uint(end), Value::Boolean(true), answer];
            frame::put(&mut self.out, frame::AMQP, channel, 0x15, fields, &[]);
        }
        Ok(())
    }
}

fn settle(
    session: &Session,
    handle: u32,
    lock: LockToken,
    settlement: Settlement,
    bus: &mut Bus<'_>,
) -> Result<(), AmqpError> {
    let Some(Link::Out(link)) = session.links.get(&handle) else { return Err(lost()) };
    let Node::Entity(entity) = &link.node else { return Err(lost()) };
    bus.has_changed |= settlement != Settlement::Complete || link.session.is_some();
    bus.broker.settle(entity, lock, settlement, bus.now).map_err(|LockLost| match &link.session {
        Some(held) if !bus.broker.holds_session(entity, held, bus.now) => {
            AmqpError::new(condition::SESSION_LOCK_LOST, SessionRefusal::Lost.to_string())
        }
        _ => lost(),
    })
}

/// The lock on a message is held no longer.
pub(super) fn lost() -> AmqpError {
    AmqpError::new(condition::LOCK_LOST, LockLost.to_string())
}

/// What an outcome means to the broker. Settled without an outcome is completed: nothing says that it failed.
fn settlement(state: &Value) -> Result<Settlement, AmqpError> {
    let fields = state.plain().items().unwrap_or_default();
    match state.code() {
        None | Some(0x24) => Ok(Settlement::Complete),
        Some(0x25) => {
            let info = fields.first().and_then(|error| error.plain().items()).and_then(|error| error.get(2));
            Ok(dead_letter(changes(info)))
        }
        Some(0x26) => Ok(Settlement::Release),
        Some(0x27) => {
            let changes = changes(fields.get(2));
            let is_deferred = fields.get(1) == Some(&Value::Boolean(true));
            Ok(if is_deferred { Settlement::Defer(changes) } else { Settlement::Abandon(changes) })
        }
        Some(other) => {
            Err(AmqpError::new(condition::NOT_IMPLEMENTED, format!("the outcome {other:#x} is not simulated")))
        }
    }
}

/// The properties that a map sets.
pub(super) fn changes(map: Option<&Value>) -> Vec<(String, Value)> {
    let Some(Value::Map(entries)) = map else { return vec![] };
    entries.iter().filter_map(|(name, value)| Some((name.text()?.to_owned(), value.clone()))).collect()
}

/// A dead letter whose reason and description are among the properties.
pub(super) fn dead_letter(mut changes: Vec<(String, Value)>) -> Settlement {
    let mut taken = |wanted: &str| {
        let at = changes.iter().position(|(name, value)| name == wanted && value.text().is_some())?;
        changes.remove(at).1.text().map(Into::into)
    };
    let (reason, description) = (taken("DeadLetterReason"), taken("DeadLetterErrorDescription"));
    Settlement::DeadLetter { reason, description, changes }
}
