//! The bodies of calls: JSON, or YAML or protobuf where their type says so. Pure.
use super::{protobuf, refusal::Refusal};
use crate::Ask;
use serde_json::Value;

/// The body as an object.
pub(super) fn body(ask: &Ask) -> Result<Value, Refusal> {
    let value = parse(ask)?;
    if value.is_object() { Ok(value) } else { Err(Refusal::bad_request("the body of the request is not an object")) }
}

/// The body as JSON, or as YAML or protobuf where its type says so.
pub(super) fn parse(ask: &Ask) -> Result<Value, Refusal> {
    let sort = ask.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or("application/json");
    if sort.contains("protobuf") {
        return protobuf::object(ask.body());
    }
    let (json, yaml) = (sort.contains("json"), sort.contains("yaml"));
    if !json && !yaml {
        return Err(Refusal::unsupported_media_type("application/json, application/yaml"));
    }
    let read = serde_json::from_slice(ask.body());
    if json || read.is_ok() {
        return read.map_err(|why| Refusal::bad_request(format!("error decoding the body: {why}")));
    }
    let wrong = |why: String| Refusal::bad_request(format!("error decoding YAML: {why}"));
    let text = std::str::from_utf8(ask.body()).map_err(|why| wrong(why.to_string()))?;
    let value: Value = serde_saphyr::from_str(text).map_err(|why| wrong(why.to_string()))?;
    if is_deeper(&value, 128) { Err(wrong("exceeded the greatest depth".into())) } else { Ok(value) }
}

fn is_deeper(value: &Value, than: usize) -> bool {
    let deeper = |value: &Value| than == 0 || is_deeper(value, than - 1);
    match value {
        Value::Array(items) => items.iter().any(deeper),
        Value::Object(members) => members.values().any(deeper),
        _ => false,
    }
}
