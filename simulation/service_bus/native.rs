//! What an AMQP message says beyond what every sender can say: types, body kinds, annotations. Pure.
use super::amqp::codec::Value;
use bytes::Bytes;
use std::collections::BTreeMap;

/// Kept beside a message's plain fields, which count where the two differ: the broker changes only those.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Native {
    /// The header's fields: durable, priority, and what the broker sets itself.
    pub header: Vec<Value>,
    /// Message annotations that are the sender's own.
    pub annotations: Vec<(Value, Value)>,
    /// The fields of the properties section, in which an id need not be text.
    pub properties: Vec<Value>,
    /// Application properties by name, with their types.
    pub application_properties: BTreeMap<String, Value>,
    /// The body's sections as bytes. `None`: it is one data section, the message's payload.
    pub body: Option<Bytes>,
    /// The footer as bytes.
    pub footer: Option<Bytes>,
}
