//! Operations on messages: looking, scheduling, locks, deferred ones, settling by lock token. Pure.
use super::{Answer, Failure, Request, body, done};
use crate::service_bus::{
    LockToken, Settlement,
    amqp::{
        bus::Bus,
        codec::{Value, condition},
        outcomes::{changes, dead_letter, lost},
        reading,
        transfers::refused,
        writing,
    },
};

/// One answer shows no more messages, and not many more bytes.
const MOST_PEEKED: u64 = 250;
const MOST_PEEKED_BYTES: usize = 1 << 20;

impl Request<'_> {
    pub(super) fn peek(&self, bus: &Bus<'_>) -> Answer {
        // A negative number is the beginning.
        let from = self.number("from-sequence-number").unwrap_or(0);
        let most = usize::try_from(self.number("message-count")?.min(MOST_PEEKED)).unwrap_or(0);
        let held = bus.broker.peek(self.entity, from, most, self.text("session-id")?, bus.now);
        let mut bytes = 0;
        let shown: Vec<_> = held
            .iter()
            .map(writing::peeked)
            .take_while(|message| {
                let fits = bytes < MOST_PEEKED_BYTES;
                bytes += message.len();
                fits
            })
            .map(|message| Value::Map(vec![("message".into(), Value::Binary(message))]))
            .collect();
        if shown.is_empty() { Ok(None) } else { body("messages", Value::List(shown)) }
    }

    pub(super) fn schedule(&self, bus: &mut Bus<'_>) -> Answer {
        let mut messages = vec![];
        for item in self.items("messages")? {
            let Some(Value::Binary(bytes)) = item.get("message") else {
                return Err(Failure::malformed("each of messages must have its bytes as message"));
            };
            let message = reading::message(bytes.clone()).map_err(|error| Failure { status: 400, error })?;
            if message.scheduled_for.is_none() {
                return Err(Failure::malformed("a message to be scheduled must have x-opt-scheduled-enqueue-time"));
            }
            messages.push(message);
        }
        let sent = bus.broker.send_batch(self.entity, messages, bus.now);
        let numbers = sent.map_err(|refusal| Failure { status: 400, error: refused(&refusal) })?;
        bus.has_changed = true;
        body("sequence-numbers", Value::Array(numbers.into_iter().map(super::super::links::number).collect()))
    }

    pub(super) fn cancel(&self, bus: &mut Bus<'_>) -> Answer {
        for number in self.sequence_numbers()? {
            if !bus.broker.cancel_scheduled(self.entity, number, bus.now) {
                let why = format!("Failed to cancel the scheduled message with the sequence number {number}.");
                return Err(Failure::new(404, condition::MESSAGE_NOT_FOUND, why));
            }
        }
        done()
    }

    pub(super) fn renew_locks(&self, bus: &mut Bus<'_>) -> Answer {
        let mut expirations = vec![];
        for lock in self.lock_tokens()? {
            let renewed = lock.and_then(|lock| bus.broker.renew(self.entity, lock, bus.now).ok());
            let until = renewed.ok_or_else(|| Failure { status: 410, error: lost() })?;
            expirations.push(Value::Timestamp(until.as_millisecond()));
        }
        body("expirations", Value::Array(expirations))
    }

    pub(super) fn receive_deferred(&self, bus: &mut Bus<'_>) -> Answer {
        let numbers = self.sequence_numbers()?;
        let is_destructive = self.body.get("receiver-settle-mode").and_then(Value::whole) == Some(0);
        let received = bus.broker.receive_deferred(self.entity, &numbers, self.text("session-id")?, bus.now);
        let received = received.ok_or_else(|| {
            let why = "Failed to lock one or more specified messages. The message does not exist.";
            Failure::new(404, condition::MESSAGE_NOT_FOUND, why)
        })?;
        let mut messages = vec![];
        for delivery in received {
            if is_destructive {
                let done = bus.broker.complete(self.entity, delivery.lock_token, bus.now);
                done.map_err(|_| Failure { status: 410, error: lost() })?;
            }
            messages.push(Value::Map(vec![
                ("lock-token".into(), Value::Uuid(delivery.lock_token.bytes())),
                ("message".into(), Value::Binary(writing::delivered(&delivery))),
            ]));
        }
        body("messages", Value::List(messages))
    }

    pub(super) fn settle(&self, bus: &mut Bus<'_>) -> Answer {
        let mut changed = changes(self.body.get("properties-to-modify"));
        let settlement = match self.needed_text("disposition-status")? {
            "completed" => Settlement::Complete,
            "abandoned" => Settlement::Abandon(changed),
            "defered" => Settlement::Defer(changed),
            "suspended" => {
                for (name, part) in [
                    ("DeadLetterReason", "deadletter-reason"),
                    ("DeadLetterErrorDescription", "deadletter-description"),
                ] {
                    changed.extend(self.text(part)?.map(|text| (name.into(), text.into())));
                }
                dead_letter(changed)
            }
            other => return Err(Failure::malformed(format!("disposition-status {other:?} is not known"))),
        };
        for lock in self.lock_tokens()? {
            let settled = lock.and_then(|lock| bus.broker.settle(self.entity, lock, settlement.clone(), bus.now).ok());
            settled.ok_or_else(|| Failure { status: 410, error: lost() })?;
            bus.has_changed = true;
        }
        done()
    }

    /// The locks. `None` is a GUID that never was one.
    fn lock_tokens(&self) -> Result<Vec<Option<LockToken>>, Failure> {
        let token = |item: &Value| match item {
            Value::Uuid(bytes) => Some(LockToken::from_bytes(*bytes)),
            _ => None,
        };
        let tokens = self.items("lock-tokens")?.iter().map(token);
        tokens.collect::<Option<_>>().ok_or_else(|| Failure::malformed("lock-tokens must be UUIDs"))
    }
}
