//! Pure: values whose form in JSON is not that of their message.
use super::members;
use super::wire::{Broken, Fields, Wire};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub(super) fn text(bytes: &[u8]) -> Result<String, Broken> {
    std::str::from_utf8(bytes).map(ToOwned::to_owned).map_err(|_| Broken)
}

/// A negative number lies there as a very large one.
pub(super) fn integer(number: u64) -> Value {
    json!(number.cast_signed())
}

pub(super) fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(is) => !is,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

/// A value by the name of its form in `messages.txt`.
pub(super) fn of_form(form: &str, bytes: &[u8]) -> Result<Value, Broken> {
    Ok(match form {
        "string" => json!(text(bytes)?),
        "bytes" => json!(STANDARD.encode(bytes)),
        "quantity" => first(bytes, 1)?.map_or_else(|| Ok(json!("0")), |text_of| text(text_of).map(Value::from))?,
        "raw" => first(bytes, 1)?.map_or(Ok(Value::Null), serde_json::from_slice).map_err(|_| Broken)?,
        "int-or-string" => int_or_string(bytes)?,
        "time" | "microtime" => moment(bytes, form == "microtime")?,
        "texts" => {
            let mut texts = vec![];
            for field in Fields(bytes) {
                if let (1, Wire::Bytes(bytes)) = field? {
                    texts.push(json!(text(bytes)?));
                }
            }
            Value::Array(texts)
        }
        // A zero in a map lies there as nothing.
        "int" if bytes.is_empty() => json!(0),
        "bool" if bytes.is_empty() => json!(false),
        _ => return Err(Broken),
    })
}

fn first(bytes: &[u8], wanted: u64) -> Result<Option<&[u8]>, Broken> {
    for field in Fields(bytes) {
        match field? {
            (number, Wire::Bytes(bytes)) if number == wanted => return Ok(Some(bytes)),
            _ => {}
        }
    }
    Ok(None)
}

fn int_or_string(bytes: &[u8]) -> Result<Value, Broken> {
    let (mut is_text, mut number, mut string) = (false, json!(0), Value::Null);
    for field in Fields(bytes) {
        match field? {
            (1, Wire::Number(sort)) => is_text = sort == 1,
            (2, Wire::Number(found)) => number = integer(found),
            (3, Wire::Bytes(found)) => string = json!(text(found)?),
            _ => {}
        }
    }
    Ok(if is_text { string } else { number })
}

/// Nothing stands for no moment at all.
fn moment(bytes: &[u8], with_fraction: bool) -> Result<Value, Broken> {
    let (mut seconds, mut nanoseconds) = (0, 0);
    for field in Fields(bytes) {
        match field? {
            (1, Wire::Number(number)) => seconds = number.cast_signed(),
            (2, Wire::Number(number)) => nanoseconds = i32::try_from(number.cast_signed()).map_err(|_| Broken)?,
            _ => {}
        }
    }
    if (seconds, nanoseconds) == (0, 0) {
        return Ok(Value::Null);
    }
    let moment = Timestamp::new(seconds, if with_fraction { nanoseconds } else { 0 }).map_err(|_| Broken)?;
    Ok(json!(if with_fraction { format!("{moment:.6}") } else { format!("{moment:.0}") }))
}

/// A schema, or in its place true or false, a list of schemas, or a list of texts.
pub(super) fn or_schema(of: &str, bytes: &[u8], deeper: usize) -> Result<Value, Broken> {
    let (mut plain, mut schema, mut list) = (Value::Null, None, vec![]);
    let read = |bytes: &[u8]| {
        let mut schema = Map::new();
        members(&mut schema, "apiextensions.v1.JSONSchemaProps", bytes, deeper).map(|()| Value::Object(schema))
    };
    let (is_or_bool, is_or_list) = (of == "schema-or-bool", of == "schema-or-list");
    for field in Fields(bytes) {
        match field? {
            (1, Wire::Number(allowed)) => plain = json!(allowed != 0),
            (2, Wire::Bytes(bytes)) if is_or_bool => schema = Some(read(bytes)?),
            (1, Wire::Bytes(bytes)) => schema = Some(read(bytes)?),
            (2, Wire::Bytes(bytes)) if is_or_list => list.push(read(bytes)?),
            (2, Wire::Bytes(bytes)) => list.push(json!(text(bytes)?)),
            _ => {}
        }
    }
    Ok(match schema {
        Some(schema) => schema,
        None if is_or_bool => plain,
        None => Value::Array(list),
    })
}
