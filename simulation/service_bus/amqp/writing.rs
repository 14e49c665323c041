//! A message of the broker as an AMQP receiver gets it. Pure.
use super::{
    codec::{Value, encode::encode},
    reading::id,
};
use crate::service_bus::{Delivery, Held, LockToken, Message, Native, SequenceNumber, State};
use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use serde_json::Value as Json;

/// The sections of a delivery. The lock token comes as an annotation too: azservicebus for Rust renews by that.
pub(super) fn delivered(delivery: &Delivery) -> Bytes {
    let shown = Shown {
        message: &delivery.message,
        sequence_number: delivery.sequence_number,
        enqueued_sequence_number: delivery.enqueued_sequence_number,
        enqueued_at: delivery.enqueued_at,
        // The count in the header is of those that failed before.
        failures: delivery.delivery_count.saturating_sub(1),
        state: 0,
        lock: Some((delivery.lock_token, delivery.locked_until)),
        source: delivery.dead_letter_source.as_deref(),
    };
    shown.sections()
}

/// The sections of a message that is only looked at.
pub(super) fn peeked(held: &Held) -> Bytes {
    let state = match held.state {
        State::Active | State::Locked(_) => 0,
        State::Deferred => 1,
        State::Scheduled(_) => 2,
    };
    let shown = Shown {
        message: &held.message,
        sequence_number: held.sequence_number,
        enqueued_sequence_number: held.enqueued_sequence_number,
        enqueued_at: held.enqueued_at,
        failures: held.delivery_count,
        state,
        lock: None,
        source: held.dead_letter_source.as_deref(),
    };
    shown.sections()
}

struct Shown<'a> {
    message: &'a Message,
    sequence_number: SequenceNumber,
    enqueued_sequence_number: SequenceNumber,
    enqueued_at: Timestamp,
    failures: u32,
    state: i32,
    lock: Option<(LockToken, Timestamp)>,
    source: Option<&'a str>,
}

impl Shown<'_> {
    fn sections(&self) -> Bytes {
        let message = self.message;
        let none = Native::default();
        let native = message.native.as_deref().unwrap_or(&none);
        let mut out = BytesMut::with_capacity(message.body.len() + 512);
        let mut put = |code: u64, value: Value| encode(&Value::described(code, value), &mut out);
        put(0x70, self.header(native));
        if let Some((token, _)) = self.lock {
            let annotation = (Value::symbol("x-opt-lock-token"), Value::Uuid(token.bytes()));
            put(0x71, Value::Map(vec![annotation]));
        }
        put(0x72, self.annotations(native));
        put(0x73, properties(message, native));
        let application_properties = application_properties(message, native);
        if !application_properties.is_empty() {
            put(0x74, Value::Map(application_properties));
        }
        match &native.body {
            Some(sections) => out.extend_from_slice(sections),
            None => put(0x75, Value::Binary(message.body.clone())),
        }
        if let Some(footer) = &native.footer {
            out.extend_from_slice(footer);
        }
        out.freeze()
    }

    fn header(&self, native: &Native) -> Value {
        let sent = |at: usize| native.header.get(at).cloned().unwrap_or(Value::Null);
        let durable = if sent(0) == Value::Null { Value::Boolean(true) } else { sent(0) };
        let lives = self.message.time_to_live.and_then(|time| u32::try_from(time.as_millis()).ok());
        let lives = lives.map_or(Value::Null, Value::Uint);
        Value::List(vec![durable, sent(1), lives, Value::Boolean(false), Value::Uint(self.failures)])
    }

    fn annotations(&self, native: &Native) -> Value {
        let moment = |moment: Timestamp| Value::Timestamp(moment.as_millisecond());
        let number = |number: SequenceNumber| Value::Long(i64::try_from(number).unwrap_or(i64::MAX));
        let text = |text: &str| Value::String(text.into());
        let own = [
            ("x-opt-enqueued-time", Some(moment(self.enqueued_at))),
            ("x-opt-sequence-number", Some(number(self.sequence_number))),
            ("x-opt-enqueue-sequence-number", Some(number(self.enqueued_sequence_number))),
            ("x-opt-message-state", Some(Value::Int(self.state))),
            ("x-opt-locked-until", self.lock.map(|(_, until)| moment(until))),
            ("x-opt-scheduled-enqueue-time", self.message.scheduled_for.map(moment)),
            ("x-opt-partition-key", self.message.partition_key.as_deref().map(text)),
            ("x-opt-deadletter-source", self.source.map(text)),
        ];
        let own = own.into_iter().filter_map(|(name, value)| Some((Value::symbol(name), value?)));
        Value::Map(own.chain(native.annotations.iter().cloned()).collect())
    }
}

fn properties(message: &Message, native: &Native) -> Value {
    let sent = |at: usize| native.properties.get(at).cloned().unwrap_or(Value::Null);
    // A number or GUID stays one as long as it says the same.
    let named = |at: usize, text: Option<&str>| match (sent(at), text) {
        (value, Some(text)) if id(&value).as_deref() == Some(text) => value,
        (_, Some(text)) => Value::String(text.into()),
        (_, None) => Value::Null,
    };
    let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
    Value::List(vec![
        named(0, Some(&message.message_id)),
        sent(1),
        text(&message.to),
        text(&message.subject),
        text(&message.reply_to),
        named(5, message.correlation_id.as_deref()),
        message.content_type.as_deref().map_or(Value::Null, Value::symbol),
        sent(7),
        sent(8),
        sent(9),
        text(&message.session_id),
        sent(11),
        text(&message.reply_to_session_id),
    ])
}

/// In the order in which they are kept; one whose plain form was changed has no type of its own any more.
fn application_properties(message: &Message, native: &Native) -> Vec<(Value, Value)> {
    let typed =
        |name: &str, json: &Json| native.application_properties.get(name).filter(|value| value.to_json() == *json);
    let properties = message.properties.iter().map(|(name, json)| {
        let value = typed(name, json).cloned().unwrap_or_else(|| Value::from_json(json));
        (name.as_str().into(), value)
    });
    properties.collect()
}
