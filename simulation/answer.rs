//! What every service answers with: JSON, or nothing at all.
use crate::Reply;
use axum::body::Body;
use bytes::Bytes;

/// The call got no answer: the connection was refused or broke.
#[derive(Debug)]
pub struct NoAnswer(pub &'static str);

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.0)
    }
}

impl std::error::Error for NoAnswer {}

/// A JSON answer.
#[must_use]
pub fn json(status: u16, body: &serde_json::Value) -> Reply {
    json_text(status, body.to_string().into())
}

/// A JSON answer whose body has been written already.
pub(crate) fn json_text(status: u16, body: Bytes) -> Reply {
    http::Response::builder()
        .status(status)
        .header("content-type", "application/json; charset=utf-8")
        .body(Body::from(body))
        .expect("a status and a JSON body always make an answer")
}
