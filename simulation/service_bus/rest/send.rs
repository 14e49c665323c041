//! Sending by REST: one message in headers and body, or a batch as JSON. Pure.
use super::{empty, refused, wire};
use crate::{
    Ask, Reply,
    service_bus::{Broker, LARGEST, Message, Refusal},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// Only this very text makes a batch; with anything behind it the body is one message's payload.
const BATCH: &str = "application/vnd.microsoft.servicebus.json";

impl Broker {
    pub(super) fn take_in(&mut self, ask: &Ask, entity: &str, now: Timestamp) -> Reply {
        match read(ask).and_then(|messages| self.send_batch(entity, messages, now)) {
            Ok(_) => empty(StatusCode::CREATED),
            Err(refusal) => refused(&refusal),
        }
    }
}

fn read(ask: &Ask) -> Result<Vec<Message>, Refusal> {
    if ask.body().len() > LARGEST {
        return Err(Refusal::TooLarge(ask.body().len()));
    }
    let content_type = ask.headers().get("content-type").and_then(|value| value.to_str().ok());
    if content_type == Some(BATCH) {
        let batch: Vec<Map<String, Value>> = serde_json::from_slice(ask.body())
            .map_err(|error| malformed(&format!("the batch is not readable: {error}")))?;
        if batch.is_empty() {
            return Err(malformed("the batch has no message"));
        }
        return batch.iter().map(element).collect();
    }
    let broker_properties = match ask.headers().get("brokerproperties") {
        Some(text) => {
            serde_json::from_slice(text.as_bytes()).map_err(|_| malformed("BrokerProperties is no JSON object"))?
        }
        None => Map::new(),
    };
    let mut message = wire::message(&broker_properties)?;
    message.body = ask.body().clone();
    message.content_type = content_type.map(Into::into);
    message.properties = wire::custom_headers(ask.headers());
    Ok(vec![message])
}

fn element(element: &Map<String, Value>) -> Result<Message, Refusal> {
    let none = Map::new();
    let object = |name: &str| match element.get(name) {
        None | Some(Value::Null) => Ok(&none),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(malformed(&format!("{name} is no object"))),
    };
    let body = match element.get("Body") {
        None | Some(Value::Null) => "",
        Some(Value::String(text)) => text,
        Some(_) => return Err(malformed("Body is no string")),
    };
    let is_base64 = match element.get("IsBodyBase64") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(is_base64)) => *is_base64,
        Some(_) => return Err(malformed("IsBodyBase64 is neither true nor false")),
    };
    let mut message = wire::message(object("BrokerProperties")?)?;
    message.body = if is_base64 {
        BASE64_STANDARD.decode(body).map_err(|_| malformed("Body is no base64"))?.into()
    } else {
        Bytes::copy_from_slice(body.as_bytes())
    };
    message.properties = object("UserProperties")?.clone();
    if message.properties.values().any(|value| value.is_object() || value.is_array()) {
        return Err(malformed("a user property is neither text, number nor truth value"));
    }
    message.properties.retain(|_, value| !value.is_null());
    Ok(message)
}

fn malformed(why: &str) -> Refusal {
    Refusal::Malformed(why.into())
}
