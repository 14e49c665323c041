//! Pure: objects as protobuf (`application/vnd.kubernetes.protobuf`), which Go's clients send for Kubernetes' own kinds, as
//! the JSON that everything here works with.
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding>
mod messages;
#[cfg(test)]
mod tests;
mod values;
mod wire;

use super::refusal::Refusal;
use messages::{Field, fields, of_kind};
use serde_json::{Map, Value, json};
use wire::{Broken, Fields, Wire};

/// Every body begins with it.
const MAGIC: &[u8] = b"k8s\0";
/// Messages in messages: more deeply nobody writes.
const DEEPEST: usize = 100;

/// The object in a body: an envelope that says what it is, and the object's own bytes.
pub(super) fn object(body: &[u8]) -> Result<Value, Refusal> {
    let no_protobuf = || {
        Refusal::bad_request("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    };
    let envelope = body.strip_prefix(MAGIC).ok_or_else(no_protobuf)?;
    let broken = |_| Refusal::bad_request("error decoding the body: it is no protobuf message");
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for field in Fields(envelope) {
        match field.map_err(broken)? {
            (1, Wire::Bytes(sort)) => {
                for field in Fields(sort) {
                    match field.map_err(broken)? {
                        (1, Wire::Bytes(text)) => api_version = values::text(text).map_err(broken)?,
                        (2, Wire::Bytes(text)) => kind = values::text(text).map_err(broken)?,
                        _ => {}
                    }
                }
            }
            (2, Wire::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let Some(of) = of_kind(&api_version, &kind) else {
        let message = format!("no kind {kind:?} is registered for version {api_version:?} in scheme \"scheme\"");
        return Err(Refusal::bad_request(message));
    };
    let mut object = Map::from_iter([("apiVersion".into(), json!(api_version)), ("kind".into(), json!(kind))]);
    members(&mut object, of, raw, DEEPEST).map_err(broken)?;
    Ok(Value::Object(object))
}

/// Reads a message's fields into an object.
fn members(object: &mut Map<String, Value>, of: &str, bytes: &[u8], deeper: usize) -> Result<(), Broken> {
    let deeper = deeper.checked_sub(1).ok_or(Broken)?;
    let known = fields(of).ok_or(Broken)?;
    for field in Fields(bytes) {
        let (number, wire) = field?;
        // A newer client's field.
        let Some(field) = known.get(&number) else { continue };
        match (field.name, wire) {
            (None, Wire::Bytes(bytes)) => members(object, field.of, bytes, deeper)?,
            (None, _) => return Err(Broken),
            (Some(name), wire) => member(object, field, name, wire, deeper)?,
        }
    }
    Ok(())
}

fn member(object: &mut Map<String, Value>, field: &Field, name: &str, wire: Wire, deeper: usize) -> Result<(), Broken> {
    if let Some(item) = field.of.strip_prefix("[]") {
        let items = object.entry(name).or_insert_with(|| json!([])).as_array_mut().ok_or(Broken)?;
        match (item, wire) {
            // Numbers may lie together.
            ("int", Wire::Bytes(bytes)) => {
                let mut numbers = Fields(bytes);
                while !numbers.0.is_empty() {
                    items.push(values::integer(numbers.number()?));
                }
            }
            _ => items.push(value(item, wire, deeper)?),
        }
    } else if let Some(of) = field.of.strip_prefix("{}") {
        let Wire::Bytes(entry) = wire else { return Err(Broken) };
        let (mut key, mut found) = (String::new(), None);
        for field in Fields(entry) {
            match field? {
                (1, Wire::Bytes(text)) => key = values::text(text)?,
                (2, wire) => found = Some(value(of, wire, deeper)?),
                _ => {}
            }
        }
        let found = found.map_or_else(|| value(of, Wire::Bytes(&[]), deeper), Ok)?;
        object.entry(name).or_insert_with(|| json!({})).as_object_mut().ok_or(Broken)?.insert(key, found);
    } else {
        let value = value(field.of, wire, deeper)?;
        if !(value.is_null() || field.zero_is_nothing && values::is_zero(&value)) {
            object.insert(name.into(), value);
        }
    }
    Ok(())
}

fn value(of: &str, wire: Wire, deeper: usize) -> Result<Value, Broken> {
    match (of, wire) {
        ("int", Wire::Number(number)) => Ok(values::integer(number)),
        ("bool", Wire::Number(number)) => Ok(json!(number != 0)),
        ("double", Wire::Double(number)) => Ok(json!(number)),
        (_, Wire::Number(_) | Wire::Double(_)) => Err(Broken),
        (of, Wire::Bytes(bytes)) if of.starts_with("schema-or-") => values::or_schema(of, bytes, deeper),
        (of, Wire::Bytes(bytes)) if fields(of).is_some() => {
            let mut object = Map::new();
            members(&mut object, of, bytes, deeper)?;
            Ok(Value::Object(object))
        }
        (of, Wire::Bytes(bytes)) => values::of_form(of, bytes),
    }
}
