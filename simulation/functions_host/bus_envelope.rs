//! The envelope of a Service Bus message, with the keys of extension 5.x. Pure.
use super::{
    definition::Function,
    encoding::{date, digits, leak, quoted, set, sys, text},
};
use crate::service_bus::Delivery;
use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// What the child is told about a delivery.
pub(super) fn envelope(
    function: &Function,
    (binary, namespace): (bool, &str),
    delivery: &Delivery,
    now: Timestamp,
    guid: &str,
) -> Value {
    let message = &delivery.message;
    let mut metadata = Map::new();
    for actions in ["MessageReceiver", "MessageSession", "MessageActions", "SessionActions", "ReceiveActions"] {
        metadata.insert(actions.into(), json!({}));
    }
    let identifier = format!("{namespace}-1c3f6d0e-6d0c-4c2e-9a52-0c8a1f0f6a11");
    let client =
        json!({"FullyQualifiedNamespace": namespace, "IsClosed": false, "TransportType": 0, "Identifier": identifier});
    metadata.insert("Client".into(), client);
    metadata.insert("DeliveryCount".into(), digits(delivery.delivery_count.into()));
    metadata.insert("LockToken".into(), quoted(&delivery.lock_token.to_string()));
    for (name, moment) in [("ExpiresAt", delivery.expires_at), ("EnqueuedTime", Some(delivery.enqueued_at))] {
        metadata.insert(format!("{name}Utc"), date(moment).into());
        metadata.insert(name.into(), format!("{}+00:00", date(moment)).into());
    }
    metadata.insert("SequenceNumber".into(), digits(delivery.sequence_number));
    let id = Some(message.message_id.clone());
    let texts = [
        ("MessageId", &id),
        ("DeadLetterSource", &delivery.dead_letter_source),
        ("ContentType", &message.content_type),
        ("ReplyTo", &message.reply_to),
        ("To", &message.to),
        ("Subject", &message.subject),
        ("Label", &message.subject),
        ("CorrelationId", &message.correlation_id),
        ("SessionId", &message.session_id),
        ("ReplyToSessionId", &message.reply_to_session_id),
        ("PartitionKey", &message.partition_key),
    ];
    for (name, value) in texts {
        value.as_ref().map(|value| metadata.insert(name.into(), quoted(value)));
    }
    for name in ["ApplicationProperties", "UserProperties"] {
        metadata.insert(name.into(), Value::Object(message.properties.clone()));
    }
    finish(function, binary, &message.body, metadata, now, guid)
}

/// What the child is told when the function is invoked by hand with this input: almost nothing.
pub(super) fn by_hand(function: &Function, binary: bool, input: &str, now: Timestamp, guid: &str) -> Value {
    let mut metadata = Map::new();
    metadata.insert("LockToken".into(), quoted(""));
    metadata.insert("UserProperties".into(), json!({}));
    set(&mut metadata, &function.binding, quoted(input));
    finish(function, binary, input.as_bytes(), metadata, now, guid)
}

fn finish(
    function: &Function,
    binary: bool,
    body: &[u8],
    mut metadata: Map<String, Value>,
    now: Timestamp,
    guid: &str,
) -> Value {
    metadata.insert("sys".into(), sys(&function.name, now, guid));
    let payload = if binary {
        BASE64_STANDARD.encode(body).into()
    } else {
        let body = text(body);
        leak(&mut metadata, &body);
        quoted(&body)
    };
    let mut values = Map::new();
    values.insert(function.binding.clone(), payload);
    json!({"Data": values, "Metadata": metadata})
}
