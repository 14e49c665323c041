//! What was asked of the simulated Azure: one line a call.
use bytes::Bytes;
use http::{Method, StatusCode};
use jiff::Timestamp;

/// One call and its answer.
#[derive(Clone, Debug)]
pub struct Call {
    /// When it arrived.
    pub at: Timestamp,
    /// The process that called.
    pub process: String,
    /// Its method.
    pub method: Method,
    /// The host that was asked.
    pub host: String,
    /// Path and query.
    pub path: String,
    /// Its body.
    pub body: Bytes,
    /// The answer's status; `None` when no answer reached the caller.
    pub status: Option<StatusCode>,
    /// The Resource Manager action that the call needs (`Microsoft.Network/applicationGateways/write`), if it is one.
    pub action: Option<String>,
}

impl Call {
    /// Whether it may have changed something: no GET, HEAD or OPTIONS.
    #[must_use]
    pub fn writes(&self) -> bool {
        !matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS)
    }
}
