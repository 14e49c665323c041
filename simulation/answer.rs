//! What every service is asked, and what it answers with: JSON, or nothing at all.
use axum::body::Body;
use bytes::Bytes;

/// What a simulated service answers. The body is a stream only where the protocol streams (a Kubernetes watch).
pub type Reply = http::Response<Body>;
/// What a simulated service is asked: the whole body is in memory.
pub type Ask = http::Request<Bytes>;

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
