//! What the Functions host sends and wants back (contract recorded from the real host, docs/decisions).
//!
//! `{"Data": {"<binding>": …}, "Metadata": {…}}`: a binary body arrives as base64, a text body as a string that
//! contains a JSON string. Nothing in `Metadata` is needed.
use super::bodies;
use super::http::{Answer, Headers, HttpCall, query};
use crate::text::{LONGEST_REASON, cut};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A message as it was sent, whatever way it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivered {
    /// Its body, parsed as JSON.
    pub body: Value,
    /// Its MessageId, if the host told it.
    pub message_id: Option<String>,
    /// The trace context of whoever sent it.
    pub traceparent: Option<String>,
    /// Why it was dead-lettered, and where, if it was.
    pub dead_letter: Option<String>,
}

/// A message whose body nobody can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// What was expected, and what came.
    pub why: String,
    /// Its MessageId, if the host told it.
    pub message_id: Option<String>,
    /// Why it was dead-lettered, and where, if it was.
    pub dead_letter: Option<String>,
    /// The beginning of its body.
    pub came: String,
    /// There was no message: the host's own envelope was malformed.
    pub is_no_message: bool,
}

impl Unread {
    /// There was no message, and why.
    #[must_use]
    pub fn nothing(why: String) -> Self {
        Self { why, message_id: None, dead_letter: None, came: String::new(), is_no_message: true }
    }
}

/// Reads a Service Bus message out of the envelope.
///
/// # Errors
/// What was expected, what came, and what is known of the message.
pub fn message(envelope: &[u8]) -> Result<Delivered, Unread> {
    let envelope = parse(envelope).map_err(Unread::nothing)?;
    let data = envelope["Data"].as_object().and_then(|data| data.values().next());
    let text = data
        .and_then(Value::as_str)
        .ok_or_else(|| Unread::nothing("expected Data with one message, as a string".into()))?;
    let metadata = &envelope["Metadata"];
    let (message_id, dead_letter) = (scalar(&metadata["MessageId"]), dead_letter(metadata));
    let body = match bodies::read(text) {
        Ok(body) => body,
        Err(why) => {
            let (why, came) = (format!("expected a JSON object: {why}"), bodies::shown(text));
            return Err(Unread { why, message_id, dead_letter, came, is_no_message: false });
        }
    };
    let traceparent = property(metadata, "traceparent").or_else(|| property(metadata, "Diagnostic-Id"));
    Ok(Delivered { body, message_id, traceparent, dead_letter })
}

/// A property that the sender, or the bus for it, set.
fn property(metadata: &Value, name: &str) -> Option<String> {
    let properties = [&metadata["ApplicationProperties"], &metadata["UserProperties"]];
    let found = properties.iter().find_map(|properties| properties[name].as_str());
    found.map(|text| text.chars().take(2000).collect())
}

/// Where and why it was dead-lettered, and when it was sent: `in upgrade-steps/Subscriptions/Soak, sent …: MaxDeliveryCount…`.
fn dead_letter(metadata: &Value) -> Option<String> {
    let reason = property(metadata, "DeadLetterReason").or_else(|| scalar(&metadata["DeadLetterReason"]));
    let source = scalar(&metadata["DeadLetterSource"]);
    if reason.is_none() && source.is_none() {
        return None;
    }
    let sent = scalar(&metadata["EnqueuedTimeUtc"]).or_else(|| scalar(&metadata["EnqueuedTime"]));
    let described =
        property(metadata, "DeadLetterErrorDescription").or_else(|| scalar(&metadata["DeadLetterErrorDescription"]));
    let said = [
        source.map(|source| format!("in {source}")),
        sent.map(|sent| format!("there since {sent}")),
        Some(reason.unwrap_or_else(|| "no reason was given".into())),
        described,
    ];
    let said: Vec<_> = said.into_iter().flatten().map(|part| cut(&part, LONGEST_REASON)).collect();
    Some(said.join(": "))
}

/// A scalar of `Metadata`: a string that contains JSON, or the text itself.
fn scalar(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    match serde_json::from_str(text) {
        Ok(Value::String(inner)) => Some(inner),
        Ok(Value::Null) => None,
        _ => Some(text.to_owned()),
    }
}

fn parse(envelope: &[u8]) -> Result<Value, String> {
    let value: Value = serde_json::from_slice(envelope)
        .map_err(|error| format!("expected the Functions host's JSON envelope with Data and Metadata: {error}"))?;
    if value["Data"].is_object() { Ok(value) } else { Err("expected an object with a member Data".into()) }
}

/// Reads a caller's request out of the envelope (HTTP mode without forwarding and proxying).
///
/// # Errors
/// A sentence that says what was expected.
pub fn http_call(envelope: &[u8]) -> Result<HttpCall, String> {
    let envelope = parse(envelope)?;
    let request = envelope["Data"].as_object().and_then(|data| data.values().next()).unwrap_or(&Value::Null);
    let url = request["Url"].as_str().ok_or("expected Data with a request that has a Url")?;
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (host, target) = after_scheme.split_at(after_scheme.find('/').unwrap_or(after_scheme.len()));
    let (path, asked) = target.split_once('?').unwrap_or((target, ""));
    let headers = request["Headers"].as_object().into_iter().flatten().flat_map(|(name, values)| {
        let values = values.as_array().map_or(std::slice::from_ref(values), Vec::as_slice);
        values.iter().filter_map(move |value| Some((name.as_str(), value.as_str()?)))
    });
    Ok(HttpCall {
        method: request["Method"].as_str().unwrap_or("GET").to_uppercase(),
        path: if path.is_empty() { "/".into() } else { path.to_owned() },
        query: query(asked),
        // The name under which the caller came is the URL's.
        headers: Headers::of(headers.filter(|(name, _)| !name.eq_ignore_ascii_case("host")).chain([("host", host)])),
        body: match &request["Body"] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        },
    })
}

/// A reply to the host. Never an empty body: the host would wait until its timeout.
#[must_use]
pub fn reply(said: &str) -> Value {
    json!({"Outputs": {}, "Logs": [said], "ReturnValue": null})
}

/// An HTTP answer in the envelope, under the name of the function's out binding.
#[must_use]
pub fn http_reply(answer: &Answer) -> Value {
    let mut headers = BTreeMap::from([("Content-Type", answer.content_type())]);
    headers.extend(answer.headers.iter().map(|(name, value)| (*name, value.as_str())));
    let body = answer.body.clone().unwrap_or_else(|| "".into());
    let res = json!({"statusCode": answer.status, "body": body, "headers": headers});
    json!({"Outputs": {"res": res}, "Logs": [], "ReturnValue": null})
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;

    fn envelope(text: &str) -> Vec<u8> {
        json!({"Data": {"message": text}, "Metadata": {"MessageId": "\"m-1\"",
            "ApplicationProperties": {"traceparent": "00-a"}}})
        .to_string()
        .into_bytes()
    }

    #[test]
    fn a_message_is_read_whatever_way_it_came() {
        let body = r#"{"site":"shop"}"#;
        let doubled = serde_json::to_string(body).unwrap();
        let tripled = serde_json::to_string(&doubled).unwrap();
        for text in [BASE64_STANDARD.encode(body), body.to_owned(), doubled, tripled] {
            let delivered = message(&envelope(&text)).unwrap();
            assert_eq!(delivered.body, json!({"site": "shop"}), "{text}");
            assert_eq!(delivered.message_id.as_deref(), Some("m-1"));
            assert_eq!(delivered.traceparent.as_deref(), Some("00-a"));
        }
    }

    #[test]
    fn nonsense_is_refused_with_what_was_expected() {
        for (bytes, said) in [
            (&b"\xff\xfe"[..], "JSON envelope"),
            (b"[]", "member Data"),
            (b"{\"Data\":{}}", "one message"),
            (b"{\"Data\":{\"message\":5}}", "as a string"),
            (b"{\"Data\":{\"message\":\"hello\"}}", "expected a JSON object: it is no JSON"),
        ] {
            let error = message(bytes).unwrap_err().why;
            assert!(error.contains(said), "{error}");
        }
    }
}
