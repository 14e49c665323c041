//! An AMQP message as the broker keeps it. Pure.
use super::codec::{AmqpError, Fields, Value, decode::Reader};
use crate::service_bus::{Message, Native};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value as Json;
use std::time::Duration;

/// Annotations that the broker gives, so those of a sender are no news.
const BROKERS_OWN: [&str; 8] = [
    "x-opt-deadletter-source",
    "x-opt-enqueue-sequence-number",
    "x-opt-enqueued-time",
    "x-opt-locked-until",
    "x-opt-message-state",
    "x-opt-partition-key",
    "x-opt-scheduled-enqueue-time",
    "x-opt-sequence-number",
];

/// Reads the sections of a message.
///
/// # Errors
/// `amqp:decode-error` when they are no message.
pub(super) fn message(payload: Bytes) -> Result<Message, AmqpError> {
    let (mut message, mut native) = (Message::default(), Native::default());
    let mut body = vec![];
    let mut reader = Reader::new(payload);
    while !reader.is_empty() {
        let (code, whole, inner) = reader.described()?;
        match code {
            0x70 => header(inner, &mut message, &mut native)?,
            0x71 => {}
            0x72 => annotations(inner, &mut message, &mut native)?,
            0x73 => properties(inner, &mut message, &mut native)?,
            0x74 => application_properties(inner, &mut message, &mut native)?,
            0x75..=0x77 => body.push((code, whole, inner)),
            0x78 => native.footer = Some(whole),
            other => return Err(AmqpError::decode(format!("no section of a message is described by {other:#x}"))),
        }
    }
    match &body[..] {
        [] => {}
        [(0x75, _, inner)] => message.body = data(inner)?,
        several => {
            message.body = readable(several)?;
            native.body = Some(several.iter().flat_map(|(_, whole, _)| whole.clone()).collect());
        }
    }
    message.native = Some(Box::new(native));
    Ok(message)
}

/// Reads the messages of a batch: each is the data of one section.
///
/// # Errors
/// `amqp:decode-error` when one of them is no message.
pub(super) fn batch(payload: Bytes) -> Result<Vec<Message>, AmqpError> {
    let mut reader = Reader::new(payload);
    let mut messages = vec![];
    while !reader.is_empty() {
        if let (0x75, _, inner) = reader.described()? {
            messages.push(message(data(&inner)?)?);
        }
    }
    Ok(messages)
}

fn header(inner: Bytes, message: &mut Message, native: &mut Native) -> Result<(), AmqpError> {
    let fields = list(inner, 0x70)?;
    message.time_to_live = fields.uint(2)?.map(|milliseconds| Duration::from_millis(milliseconds.into()));
    native.header = (0..2).map(|at| fields.value(at).clone()).collect();
    Ok(())
}

fn annotations(inner: Bytes, message: &mut Message, native: &mut Native) -> Result<(), AmqpError> {
    for (name, value) in map(inner)? {
        match (name.text(), &value) {
            (Some("x-opt-scheduled-enqueue-time"), Value::Timestamp(milliseconds)) => {
                message.scheduled_for = Timestamp::from_millisecond(*milliseconds).ok();
            }
            (Some("x-opt-partition-key"), Value::String(key)) => message.partition_key = Some(key.clone()),
            (Some(known), _) if BROKERS_OWN.contains(&known) => {}
            _ => native.annotations.push((name, value)),
        }
    }
    Ok(())
}

fn properties(inner: Bytes, message: &mut Message, native: &mut Native) -> Result<(), AmqpError> {
    let fields = list(inner, 0x73)?;
    let text = |at| fields.text(at).map(|text| text.map(Into::into));
    message.message_id = id(fields.value(0)).unwrap_or_default();
    message.to = text(2)?;
    message.subject = text(3)?;
    message.reply_to = text(4)?;
    message.correlation_id = id(fields.value(5));
    message.content_type = text(6)?;
    message.session_id = text(10)?;
    message.reply_to_session_id = text(12)?;
    // Senders with a life too long for the header's 49 days give the two moments alone.
    if let (None, Value::Timestamp(end), Value::Timestamp(start)) =
        (message.time_to_live, fields.value(8), fields.value(9))
    {
        let lives = end.saturating_sub(*start);
        message.time_to_live = u64::try_from(lives).ok().filter(|lives| *lives > 0).map(Duration::from_millis);
    }
    native.properties = (0..13).map(|at| fields.value(at).clone()).collect();
    Ok(())
}

fn application_properties(inner: Bytes, message: &mut Message, native: &mut Native) -> Result<(), AmqpError> {
    for (name, value) in map(inner)? {
        let Value::String(name) = name else {
            return Err(AmqpError::decode("the name of an application property must be a string"));
        };
        message.properties.insert(name.clone(), value.to_json());
        native.application_properties.insert(name, value);
    }
    Ok(())
}

/// The text of an id, which may be a number or a GUID.
pub(super) fn id(value: &Value) -> Option<String> {
    match value.to_json() {
        Json::Null => None,
        Json::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// The payload that others are shown: bytes and texts as they are, anything else as JSON.
fn readable(sections: &[(u64, Bytes, Bytes)]) -> Result<Bytes, AmqpError> {
    let mut parts = vec![];
    for (code, _, inner) in sections {
        parts.push(match (code, Reader::new(inner.clone()).value()) {
            (0x75, _) => data(inner)?,
            (_, Ok(Value::Binary(bytes))) => bytes,
            (_, Ok(Value::String(text))) => text.into(),
            (_, Ok(Value::Null)) => Bytes::new(),
            (_, Ok(other)) => other.to_json().to_string().into(),
            (_, Err(error)) => return Err(error),
        });
    }
    Ok(parts.concat().into())
}

fn data(inner: &Bytes) -> Result<Bytes, AmqpError> {
    match Reader::new(inner.clone()).value()? {
        Value::Binary(bytes) => Ok(bytes),
        _ => Err(AmqpError::decode("a data section must hold a binary")),
    }
}

fn list(inner: Bytes, code: u64) -> Result<Fields, AmqpError> {
    Fields::from_value(Value::described(code, Reader::new(inner).value()?))
}

fn map(inner: Bytes) -> Result<Vec<(Value, Value)>, AmqpError> {
    match Reader::new(inner).value()? {
        Value::Map(entries) => Ok(entries),
        Value::Null => Ok(vec![]),
        _ => Err(AmqpError::decode("annotations and application properties must be maps")),
    }
}
