//! How broker properties, dates and custom properties are written in REST. Pure.
use crate::{
    clock::http_date,
    service_bus::{Delivery, Message, Refusal},
};
use http::HeaderMap;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Headers that never are custom properties.
const OWN: [&str; 16] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "brokerproperties",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "expect",
    "host",
    "transfer-encoding",
    "user-agent",
    "x-ms-retrypolicy",
];

/// A message without payload that has these broker properties. Unknown ones are ignored, as the service does.
pub fn message(properties: &Map<String, Value>) -> Result<Message, Refusal> {
    let text = |name: &str| match properties.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Refusal::Malformed(format!("{name} is no text"))),
    };
    let scheduled_for = match text("ScheduledEnqueueTimeUtc")? {
        Some(date) => Some(
            moment(&date)
                .ok_or_else(|| Refusal::Malformed(format!("ScheduledEnqueueTimeUtc {date:?} is no HTTP date")))?,
        ),
        None => None,
    };
    let time_to_live = match properties.get("TimeToLive") {
        None | Some(Value::Null) => None,
        Some(seconds) => seconds.as_f64().filter(|seconds| *seconds > 0.0).map_or_else(
            || Err(Refusal::Malformed("TimeToLive is no positive number of seconds".into())),
            |seconds| Ok(Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))),
        )?,
    };
    Ok(Message {
        message_id: text("MessageId")?.unwrap_or_default(),
        subject: text("Label")?,
        correlation_id: text("CorrelationId")?,
        session_id: text("SessionId")?,
        reply_to: text("ReplyTo")?,
        reply_to_session_id: text("ReplyToSessionId")?,
        to: text("To")?,
        partition_key: text("PartitionKey")?,
        time_to_live,
        scheduled_for,
        ..Message::default()
    })
}

/// What a receiver is told about a message besides its payload.
pub fn broker_properties(delivery: &Delivery) -> Map<String, Value> {
    let message = &delivery.message;
    let mut properties = Map::new();
    let mut set = |name: &str, value: Value| properties.insert(name.into(), value);
    set("DeliveryCount", json!(delivery.delivery_count));
    set("EnqueuedSequenceNumber", json!(0));
    set("EnqueuedTimeUtc", json!(http_date(delivery.enqueued_at)));
    set("LockToken", json!(delivery.lock_token.to_string()));
    set("LockedUntilUtc", json!(http_date(delivery.locked_until)));
    set("MessageId", json!(message.message_id));
    set("SequenceNumber", json!(delivery.sequence_number));
    set("State", json!("Active"));
    // Without a limit the service shows the largest .NET time span.
    let lives = message.time_to_live.filter(|time| *time < Duration::from_secs(922_337_203_685));
    set("TimeToLive", json!(lives.map_or(922_337_203_685.477_5, |time| time.as_secs_f64())));
    let optional = [
        ("Label", &message.subject),
        ("CorrelationId", &message.correlation_id),
        ("SessionId", &message.session_id),
        ("ReplyTo", &message.reply_to),
        ("ReplyToSessionId", &message.reply_to_session_id),
        ("To", &message.to),
        ("PartitionKey", &message.partition_key),
        ("DeadLetterSource", &delivery.dead_letter_source),
    ];
    for (name, value) in optional {
        value.as_ref().map(|value| set(name, json!(value)));
    }
    properties
}

/// Custom properties of the single format. Their names arrive in lower case; text must be in double quotes, and what
/// is neither that nor a number or truth value is dropped without a word.
pub fn custom_headers(headers: &HeaderMap) -> Map<String, Value> {
    let custom = headers.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
    custom
        .filter_map(|(name, value)| Some((name.to_string(), serde_json::from_slice(value.as_bytes()).ok()?)))
        .filter(|(_, value): &(String, Value)| value.is_string() || value.is_number() || value.is_boolean())
        .collect()
}

/// JSON whose characters all fit into a header.
pub fn ascii(value: &Value) -> String {
    let mut text = String::new();
    for character in value.to_string().chars() {
        if character.is_ascii() {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    text
}

/// A path without percent signs; a broken escape stays as it is.
pub fn decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                plain.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                at += 3;
            }
            (byte, ..) => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// Reads an HTTP date; the form of mails (`+0000` for `GMT`) is accepted too.
fn moment(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()
}
