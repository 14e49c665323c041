//! The operations of an entity's `$management` node. Pure.
mod messages;
mod sessions;

use super::{
    bus::Bus,
    codec::{AmqpError, Value, condition},
};

/// A body, or none, or why not.
pub(super) type Answer = Result<Option<Value>, Failure>;

pub(super) struct Failure {
    /// As in HTTP.
    pub status: i32,
    pub error: AmqpError,
}

/// Carries out one request.
pub(super) fn answer(entity: &str, operation: &str, body: &Value, bus: &mut Bus<'_>) -> Answer {
    let request = Request { entity, body };
    match operation.strip_prefix("com.microsoft:").unwrap_or(operation) {
        "cancel-scheduled-message" => request.cancel(bus),
        "get-message-sessions" => request.session_ids(bus),
        "get-session-state" => request.session_state(bus),
        "peek-message" => request.peek(bus),
        "receive-by-sequence-number" => request.receive_deferred(bus),
        "renew-lock" => request.renew_locks(bus),
        "renew-session-lock" => request.renew_session(bus),
        "schedule-message" => request.schedule(bus),
        "set-session-state" => request.set_session_state(bus),
        "update-disposition" => request.settle(bus),
        other => {
            Err(Failure::new(501, condition::NOT_IMPLEMENTED, format!("the operation {other:?} is not simulated")))
        }
    }
}

struct Request<'a> {
    entity: &'a str,
    body: &'a Value,
}

impl Failure {
    fn new(status: i32, condition: &'static str, description: impl Into<String>) -> Self {
        Self { status, error: AmqpError::new(condition, description) }
    }

    /// What is no such request.
    fn malformed(description: impl Into<String>) -> Self {
        Self::new(400, condition::ARGUMENT, description)
    }
}

impl Request<'_> {
    fn text(&self, name: &str) -> Result<Option<&str>, Failure> {
        match self.body.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.text().map(Some).ok_or_else(|| Failure::malformed(format!("{name} must be a string"))),
        }
    }

    fn needed_text(&self, name: &str) -> Result<&str, Failure> {
        self.text(name)?.ok_or_else(|| Failure::malformed(format!("{name} is missing")))
    }

    fn number(&self, name: &str) -> Result<u64, Failure> {
        let number = self.body.get(name).and_then(Value::whole).and_then(|number| u64::try_from(number).ok());
        number.ok_or_else(|| Failure::malformed(format!("{name} must be a number that is not negative")))
    }

    fn items(&self, name: &str) -> Result<&[Value], Failure> {
        let items = self.body.get(name).and_then(Value::items);
        items.ok_or_else(|| Failure::malformed(format!("{name} must be a list")))
    }

    /// The numbers of messages. No message has a negative one.
    fn sequence_numbers(&self) -> Result<Vec<u64>, Failure> {
        let number = |item: &Value| item.whole().map(|number| u64::try_from(number).unwrap_or(u64::MAX));
        let numbers = self.items("sequence-numbers")?.iter().map(number);
        numbers.collect::<Option<_>>().ok_or_else(|| Failure::malformed("sequence-numbers must be whole numbers"))
    }
}

/// A body with one entry.
fn body(name: &str, value: Value) -> Answer {
    Ok(Some(Value::Map(vec![(name.into(), value)])))
}

/// A body that says nothing.
fn done() -> Answer {
    Ok(Some(Value::Map(vec![])))
}
