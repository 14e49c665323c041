//! How the host writes .NET values into an envelope, and what leaks into its metadata. Pure.
use jiff::{Timestamp, civil::DateTime};
use serde_json::{Map, Number, Value, json};

/// A string: it arrives as a string that contains JSON.
pub(super) fn quoted(text: &str) -> Value {
    Value::String(Value::from(text).to_string())
}

/// A number: it arrives as a string that contains its digits.
pub(super) fn digits(number: u64) -> Value {
    Value::String(number.to_string())
}

/// A `DateTime`: whole seconds, no zone. Without a moment: the largest.
pub(super) fn date(moment: Option<Timestamp>) -> String {
    moment.map_or_else(|| "9999-12-31T23:59:59".into(), |moment| moment.strftime("%Y-%m-%dT%H:%M:%S").to_string())
}

/// The entry that every invocation carries.
pub(super) fn sys(function: &str, now: Timestamp, guid: &str) -> Value {
    let now = now.strftime("%Y-%m-%dT%H:%M:%S%.7f").to_string();
    let now = now.trim_end_matches('0').trim_end_matches('.');
    json!({"MethodName": function, "UtcNow": format!("{now}Z"), "RandGuid": guid})
}

/// A body as .NET reads it into a string: a byte order mark decides, else UTF-8, broken parts replaced.
pub(super) fn text(body: &[u8]) -> String {
    let wide = |body: &[u8], unit: fn([u8; 2]) -> u16| {
        let pairs = body.chunks_exact(2);
        let odd = if pairs.remainder().is_empty() { "" } else { "\u{fffd}" };
        let units: Vec<u16> = pairs.map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units) + odd
    };
    match body {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        body => String::from_utf8_lossy(body).into_owned(),
    }
}

/// Copies the properties of a body that looks like a JSON object over the metadata, names found in any case.
pub(super) fn leak(metadata: &mut Map<String, Value>, body: &str) {
    let Ok(Value::Object(properties)) = serde_json::from_str(body) else { return };
    for (name, value) in properties {
        let value = match value {
            Value::Null | Value::Array(_) => continue,
            Value::Object(object) => Value::Object(object),
            Value::Bool(true) => quoted("True"),
            Value::Bool(false) => quoted("False"),
            Value::Number(number) => quoted(&plain(&number)),
            Value::String(text) => quoted(&as_date(&text).unwrap_or(text)),
        };
        set(metadata, &name, value);
    }
}

/// Sets an entry under the name that it has already, in whatever case. Names that end with `trigger` never appear.
pub(super) fn set(metadata: &mut Map<String, Value>, name: &str, value: Value) {
    if name.to_lowercase().ends_with("trigger") {
        return;
    }
    let present = metadata.keys().find(|key| key.to_lowercase() == name.to_lowercase()).cloned();
    metadata.insert(present.unwrap_or_else(|| name.into()), value);
}

fn plain(number: &Number) -> String {
    match (number.is_f64(), number.as_f64()) {
        (true, Some(fraction)) => fraction.to_string(),
        _ => number.to_string(),
    }
}

/// A date and time as the invariant culture prints it; only ISO 8601 with a time is taken for one.
fn as_date(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if bytes.len() < 19 || bytes[4] != b'-' || bytes[10] != b'T' {
        return None;
    }
    let (moment, zoned): (Option<Timestamp>, Option<DateTime>) = (text.parse().ok(), text.parse().ok());
    let format = "%m/%d/%Y %H:%M:%S";
    moment
        .map(|moment| moment.strftime(format).to_string())
        .or_else(|| zoned.map(|local| local.strftime(format).to_string()))
}
