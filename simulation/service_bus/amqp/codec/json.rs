//! How AMQP values look where only JSON is known: in REST, and to the Functions host. Pure.
use super::Value;
use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

impl Value {
    /// The value as JSON. Moments and GUIDs become text, bytes Base64; what has no form at all is null.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::Null | Self::Decimal32(_) | Self::Decimal64(_) | Self::Decimal128(_) => Json::Null,
            Self::Boolean(truth) => (*truth).into(),
            Self::Ulong(number) => (*number).into(),
            Self::Float(number) => f64::from(*number).into(),
            Self::Double(number) => (*number).into(),
            Self::Char(character) => character.to_string().into(),
            Self::Timestamp(milliseconds) => {
                Timestamp::from_millisecond(*milliseconds).map_or(Json::Null, |moment| moment.to_string().into())
            }
            Self::Uuid(bytes) => guid(bytes).into(),
            Self::Binary(bytes) => BASE64_STANDARD.encode(bytes).into(),
            Self::String(text) | Self::Symbol(text) => text.as_str().into(),
            Self::List(items) | Self::Array(items) => items.iter().map(Self::to_json).collect(),
            Self::Map(entries) => Json::Object(entries.iter().map(entry).collect::<Map<_, _>>()),
            Self::Described(both) => both.1.to_json(),
            number => number.whole().map_or(Json::Null, Json::from),
        }
    }

    /// A JSON value as AMQP has it: whole numbers are longs, others doubles.
    #[must_use]
    pub fn from_json(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(truth) => Self::Boolean(*truth),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Self::Long(whole),
                None => Self::Double(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Self::String(text.clone()),
            Json::Array(items) => Self::List(items.iter().map(Self::from_json).collect()),
            Json::Object(entries) => {
                Self::Map(entries.iter().map(|(key, value)| (key.as_str().into(), Self::from_json(value))).collect())
            }
        }
    }
}

/// A GUID as it is printed.
fn guid(bytes: &[u8; 16]) -> String {
    let number = format!("{:032x}", u128::from_be_bytes(*bytes));
    [&number[..8], &number[8..12], &number[12..16], &number[16..20], &number[20..]].join("-")
}

fn entry((key, value): &(Value, Value)) -> (String, Json) {
    let name = key.text().map_or_else(|| key.to_json().to_string(), Into::into);
    (name, value.to_json())
}
