//! Resource Manager's answers: bodies, error envelopes, and the headers that every one carries. Pure.
use crate::ids::TENANT;
use crate::{Ask, Reply, answer::json};
use axum::body::Body;
use axum::extract::Query;
use futures::FutureExt;
use http::{HeaderName, HeaderValue};
use http_body_util::{BodyExt, Collected};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A refusal: status, code and message of the error envelope.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub status: u16,
    pub code: String,
    pub message: String,
    pub target: Option<String>,
    /// The value of `WWW-Authenticate`.
    pub challenge: Option<String>,
}

pub(crate) type Answered = Result<Reply, Refusal>;

pub(crate) fn refuse(status: u16, code: &str, message: impl Into<String>) -> Refusal {
    Refusal { status, code: code.into(), message: message.into(), target: None, challenge: None }
}

impl Refusal {
    pub fn about(mut self, target: &str) -> Self {
        self.target = Some(target.into());
        self
    }

    /// Tells where to get a token.
    pub fn challenging(mut self, login: &str) -> Self {
        self.challenge = Some(format!(
            "Bearer authorization_uri=\"{login}/{TENANT}\", error=\"invalid_token\", error_description=\"The authentication failed because of missing 'Authorization' header.\""
        ));
        self
    }

    pub fn not_found(kind: &str, name: &str, group: &str) -> Self {
        refuse(
            404,
            "ResourceNotFound",
            format!(
                "The Resource '{kind}/{name}' under resource group '{group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
            ),
        )
    }

    pub fn method() -> Self {
        refuse(405, "MethodNotAllowed", "The requested resource does not support this http method.")
    }

    pub fn invalid_content(why: &str) -> Self {
        let message = format!("The request content was invalid and could not be deserialized: '{why}'.");
        refuse(400, "InvalidRequestContent", message)
    }

    pub fn into_reply(self) -> Reply {
        let mut error = json!({"code": self.code, "message": self.message});
        if let Some(target) = self.target {
            error["target"] = target.into();
        }
        let reply = json(self.status, &json!({"error": error}));
        match self.challenge {
            Some(challenge) => with(reply, "www-authenticate", &challenge),
            None => reply,
        }
    }
}

/// An answer without a body.
pub(crate) fn empty(status: u16) -> Reply {
    let mut reply = Reply::new(Body::empty());
    *reply.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    reply
}

/// The same answer with one more header. A value that no header can carry is left out.
pub(crate) fn with(mut reply: Reply, name: &'static str, value: &str) -> Reply {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(HeaderName::from_static(name), value);
    }
    reply
}

/// The same answer with `/resourcegroups/` in each id.
pub(crate) fn with_small_groups(reply: Reply) -> Reply {
    let (parts, body) = reply.into_parts();
    // All answers are whole: nothing is waited for.
    let whole = body.collect().now_or_never().and_then(Result::ok).map(Collected::to_bytes).unwrap_or_default();
    let body = match std::str::from_utf8(&whole) {
        Ok(text) => Body::from(text.replace("/resourceGroups/", "/resourcegroups/")),
        Err(_) => Body::from(whole),
    };
    Reply::from_parts(parts, body)
}

/// The headers that every answer carries, so that a call can be found in Azure's own logs.
pub(crate) fn with_ids(reply: Reply, ask: &Ask, request: &str, now: jiff::Timestamp) -> Reply {
    let given = ask.headers().get("x-ms-correlation-request-id").and_then(|value| value.to_str().ok());
    let client = ask.headers().get("x-ms-client-request-id").and_then(|value| value.to_str().ok());
    let correlation = given.unwrap_or(request);
    let route = format!("SIMULATION:{}:{request}", now.strftime("%Y%m%dT%H%M%SZ"));
    let reply = with(reply, "x-ms-request-id", request);
    let reply = with(reply, "x-ms-correlation-request-id", correlation);
    let reply = with(reply, "x-ms-routing-request-id", &route);
    let reply = with(reply, "date", &crate::clock::http_date(now));
    match client {
        Some(client) => with(reply, "x-ms-client-request-id", client),
        None => reply,
    }
}

/// The value of one parameter of the query, case of the name ignored.
pub(crate) fn parameter<'ask>(ask: &'ask Ask, name: &str) -> Option<&'ask str> {
    ask.uri().query()?.split('&').find_map(|pair| {
        let (found, value) = pair.split_once('=')?;
        (found.eq_ignore_ascii_case(name) && !value.is_empty()).then_some(value)
    })
}

/// The decoded filter of the query; empty when there is none.
pub(crate) fn filter(ask: &Ask) -> String {
    let pairs = Query::<BTreeMap<String, String>>::try_from_uri(ask.uri());
    pairs.ok().and_then(|Query(mut pairs)| pairs.remove("$filter")).unwrap_or_default()
}

/// A header's text.
pub(crate) fn header<'ask>(ask: &'ask Ask, name: &str) -> Option<&'ask str> {
    ask.headers().get(name)?.to_str().ok()
}

/// Of a resource, by the limits of Resource Manager.
const MOST_TAGS: usize = 50;

/// The body as JSON object.
pub(crate) fn body_of(ask: &Ask) -> Result<Value, Refusal> {
    let body: Value =
        serde_json::from_slice(ask.body()).map_err(|error| Refusal::invalid_content(&error.to_string()))?;
    let tags = body["tags"].as_object().map_or(0, serde_json::Map::len);
    if tags > MOST_TAGS {
        let message = format!("The resource has {tags} tags. The maximum number of tags on a resource is {MOST_TAGS}.");
        return Err(refuse(400, "InvalidTags", message));
    }
    match body {
        Value::Object(_) => Ok(body),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Refusal::invalid_content("the root of the content is no object"))
        }
    }
}
