//! What the caller of an HTTP function gets for the outputs of an enveloped reply. Pure.
use super::invocation::Answer;
use axum::body::Body;
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value};

/// The response that this answer makes through the output binding of this name.
pub(super) fn reply(answer: &Answer, output: Option<&str>) -> Response<Body> {
    let Some(output) = output else { return bare(StatusCode::NO_CONTENT) };
    if output == "$return" {
        return match &answer.return_value {
            Value::Null => bare(StatusCode::NO_CONTENT),
            Value::Object(shape) => shaped(shape),
            Value::String(text) => {
                // The real host takes any string for base64 first.
                let bytes = BASE64_STANDARD.decode(text).unwrap_or_else(|_| text.clone().into_bytes());
                Response::new(Body::from(bytes))
            }
            Value::Bool(_) | Value::Number(_) | Value::Array(_) => whole(&answer.return_value),
        };
    }
    let named = answer.outputs.iter().find(|(name, value)| name.eq_ignore_ascii_case(output) && !value.is_null());
    match named {
        Some((_, Value::Object(shape))) => shaped(shape),
        Some(_) => bare(StatusCode::INTERNAL_SERVER_ERROR),
        None if !answer.return_value.is_null() => whole(&answer.return_value),
        None if answer.outputs.is_empty() => bare(StatusCode::NO_CONTENT),
        None => shaped(&Map::from_iter([("body".into(), "{}".into())])),
    }
}

/// An answer without headers and body.
pub(super) fn bare(status: StatusCode) -> Response<Body> {
    let mut reply = Response::new(Body::empty());
    *reply.status_mut() = status;
    reply
}

fn whole(value: &Value) -> Response<Body> {
    let mut reply = Response::new(Body::from(value.to_string()));
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    reply
}

/// `{"statusCode", "headers", "body"}`; `status` is ignored, a body that is no string goes out indented.
fn shaped(shape: &Map<String, Value>) -> Response<Body> {
    let member =
        |wanted: &str| shape.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value);
    let status = match member("statusCode") {
        None | Some(Value::Null) => Some(200),
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_u64().and_then(|status| u16::try_from(status).ok()),
    };
    let Some(status) = status.and_then(|status| StatusCode::from_u16(status).ok()) else {
        return bare(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let body = match member("body") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => serde_json::to_string_pretty(value).unwrap_or_default(),
    };
    let mut reply = Response::new(Body::from(body));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    for (name, value) in member("headers").and_then(Value::as_object).into_iter().flatten() {
        let mut text = value.as_str().map_or_else(|| value.to_string(), Into::into);
        if name.eq_ignore_ascii_case("content-type") && !text.contains("charset") {
            text += "; charset=utf-8";
        }
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(text)) {
            headers.insert(name, value);
        }
    }
    reply
}
