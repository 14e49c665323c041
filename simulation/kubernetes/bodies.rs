//! The bodies of calls: JSON, or YAML or protobuf where their type says so. Pure.
mod go;

use super::{
    kinds::Kind,
    protobuf,
    reading::{Strictness, doubles::doubles},
    refusal::Refusal,
};
use crate::Ask;
use serde_json::{Value, error::Category};
use serde_saphyr::{DeserializeError, options::DuplicateKeyPolicy};

/// So many bytes of a body are shown to whom it is refused.
const SHOWN: usize = 30;
/// What Go reads an object's kind with.
const TYPE_META: &str =
    r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;

/// The body as an object.
pub(super) fn body(ask: &Ask) -> Result<Value, Refusal> {
    let value = parse(ask)?;
    if value.is_object() { Ok(value) } else { Err(Refusal::bad_request("the body of the request is not an object")) }
}

/// The body as an object of a kind, and what to warn of: members that are there twice.
pub(super) fn object(ask: &Ask, kind: &Kind, strictness: Strictness) -> Result<(Value, Vec<String>), Refusal> {
    let body = ask.body().as_ref();
    let unrecognized = |why: &str| {
        Refusal::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): couldn't get version/kind; json parse error: {why} ({})",
            kind.kind,
            summary(body)
        ))
    };
    let value = match serde_json::from_slice::<Value>(body) {
        Err(why) if is_json(ask) => return Err(unrecognized(&in_words(body, &why))),
        Ok(value) if is_json(ask) => value,
        _ => parse(ask)?,
    };
    if !value.is_object() {
        let sort = if value.is_array() { "array" } else { "string" };
        return Err(unrecognized(&format!("json: cannot unmarshal {sort} into Go value of type {TYPE_META}")));
    }
    if strictness == Strictness::Ignore {
        return Ok((value, vec![]));
    }
    let doubles = doubles(body);
    if strictness == Strictness::Strict && !doubles.is_empty() {
        let (version, kind, doubles) = (&kind.version, &kind.kind, doubles.join(", "));
        let message =
            format!("{kind} in version {version:?} cannot be handled as a {kind}: strict decoding error: {doubles}");
        return Err(Refusal::bad_request(message));
    }
    Ok((value, doubles))
}

/// The body of a patch, which must have a certain shape: what Go reads it into.
pub(super) fn patch(ask: &Ask, is_right: impl Fn(&Value) -> bool, go_type: &str) -> Result<Value, Refusal> {
    let wrong = |why: &str| Refusal::bad_request(format!("error decoding patch: {why}"));
    let value: Value = serde_json::from_slice(ask.body()).map_err(|why| wrong(&in_words(ask.body().as_ref(), &why)))?;
    if is_right(&value) {
        return Ok(value);
    }
    let sort = match &value {
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::String(_) => "string",
        Value::Number(_) => "number",
        Value::Bool(_) | Value::Null => "bool",
    };
    Err(wrong(&format!("json: cannot unmarshal {sort} into Go value of type {go_type}")))
}

/// The body of an apply, and what to warn of.
pub(super) fn applied(ask: &Ask, strictness: Strictness) -> Result<(Value, Vec<String>), Refusal> {
    let again =
        |value: Value| if value.is_object() { Ok((value, vec![])) } else { body(ask).map(|value| (value, vec![])) };
    if let Ok(value) = serde_json::from_slice::<Value>(ask.body()) {
        return again(value);
    }
    let text = String::from_utf8_lossy(ask.body());
    let words = match serde_saphyr::from_str::<Value>(&text).as_ref().map_err(DeserializeError::without_snippet) {
        Err(DeserializeError::DuplicateMappingKey { key, location }) => {
            let key = key.as_deref().unwrap_or_default();
            format!("line {}: key {key:?} already set in map", location.line())
        }
        _ => return again(parse(ask)?),
    };
    if strictness == Strictness::Strict {
        let message =
            format!("error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  {words}");
        return Err(Refusal::bad_request(message));
    }
    let options = serde_saphyr::options! { duplicate_keys: DuplicateKeyPolicy::LastWins };
    let value: Value = serde_saphyr::from_str_with_options(&text, options).map_err(|why| not_yaml(&why))?;
    let (value, _) = again(value)?;
    Ok((value, if strictness == Strictness::Ignore { vec![] } else { vec![words] }))
}

/// The body of a deletion.
pub(super) fn options(ask: &Ask) -> Result<Value, Refusal> {
    let first = |ask: &Ask| ask.body().iter().copied().find(|byte| !byte.is_ascii_whitespace());
    body(ask).map_err(|refusal| match (refusal.code, first(ask)) {
        (400, Some(b'{')) if serde_json::from_slice::<Value>(ask.body()).is_err() => {
            let why = go::why(ask.body()).unwrap_or_else(|| "unexpected end of JSON input".into());
            Refusal::bad_request(format!("couldn't get version/kind; json parse error: {why}"))
        }
        _ => refusal,
    })
}

/// The body as JSON, or as YAML or protobuf where its type says so.
pub(super) fn parse(ask: &Ask) -> Result<Value, Refusal> {
    let sort = sort(ask);
    if sort.contains("protobuf") {
        return protobuf::object(ask.body());
    }
    let (json, yaml) = (sort.contains("json"), sort.contains("yaml"));
    if !json && !yaml {
        let accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
        return Err(Refusal::unsupported_media_type(accepted));
    }
    let read = serde_json::from_slice(ask.body());
    if json || read.is_ok() {
        return read.map_err(|why| Refusal::bad_request(format!("error decoding the body: {why}")));
    }
    let text = std::str::from_utf8(ask.body()).map_err(|why| no_yaml(&why.to_string()))?;
    let value: Value = serde_saphyr::from_str(text).map_err(|why| not_yaml(&why))?;
    if is_deeper(&value, 128) { Err(no_yaml("exceeded the greatest depth")) } else { Ok(value) }
}

fn not_yaml(why: &DeserializeError) -> Refusal {
    let line = why.location().map_or(1, |location| location.line());
    let words = why.without_snippet().to_string();
    no_yaml(&format!("line {line}: {}", words.lines().next().unwrap_or_default()))
}

fn no_yaml(why: &str) -> Refusal {
    Refusal::bad_request(format!("error decoding YAML: error converting YAML to JSON: yaml: {why}"))
}

fn sort(ask: &Ask) -> &str {
    let sort = ask.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if sort.is_empty() { "application/json" } else { sort }
}

fn is_json(ask: &Ask) -> bool {
    sort(ask).contains("json")
}

/// A body as messages show it.
fn summary(body: &[u8]) -> String {
    let (shown, more) = body.get(..SHOWN).map_or((body, ""), |shown| (shown, " ..."));
    match body.first() {
        None => "<empty>".into(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(shown)),
        Some(_) => {
            let hex: String = shown.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{hex}{more}")
        }
    }
}

/// What Go says of a text that is no JSON.
fn in_words(body: &[u8], why: &serde_json::Error) -> String {
    if why.classify() == Category::Eof {
        return "unexpected end of JSON input".into();
    }
    let line = body.split(|byte| *byte == b'\n').nth(why.line().saturating_sub(1)).unwrap_or_default();
    let letter = line.get(why.column().saturating_sub(1)).copied().map_or(' ', char::from);
    let place = match why.to_string() {
        words if words.starts_with("key must be a string") => "looking for beginning of object key string",
        words if words.starts_with("expected `,` or `}`") => "after object key:value pair",
        words if words.starts_with("expected `,` or `]`") => "after array element",
        words if words.starts_with("expected `:`") => "after object key",
        words if words.starts_with("trailing characters") => "after top-level value",
        _ => "looking for beginning of value",
    };
    format!("invalid character '{letter}' {place}")
}

fn is_deeper(value: &Value, than: usize) -> bool {
    let deeper = |value: &Value| than == 0 || is_deeper(value, than - 1);
    match value {
        Value::Array(items) => items.iter().any(deeper),
        Value::Object(members) => members.values().any(deeper),
        _ => false,
    }
}
