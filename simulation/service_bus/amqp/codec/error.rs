//! Why a connection, a session, a link or a delivery ends badly: an AMQP error. Pure.
use super::Value;

/// An AMQP error: its condition and a text for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AmqpError {
    /// What happened, as a symbol: `amqp:decode-error`.
    pub condition: &'static str,
    /// What was expected and what came.
    pub description: String,
}

impl AmqpError {
    /// An error of this condition.
    #[must_use]
    pub fn new(condition: &'static str, description: impl Into<String>) -> Self {
        Self { condition, description: description.into() }
    }

    /// Bytes that are no AMQP, or a field of another type than the specification says.
    #[must_use]
    pub fn decode(description: impl Into<String>) -> Self {
        Self::new(condition::DECODE_ERROR, description)
    }

    /// The described list that closing performatives and rejections carry.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::described(
            0x1d,
            Value::List(vec![Value::symbol(self.condition), Value::String(self.description.clone()), Value::Null]),
        )
    }
}

impl std::fmt::Display for AmqpError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.condition, self.description)
    }
}

impl std::error::Error for AmqpError {}

/// The conditions of the specification and of Service Bus.
pub mod condition {
    #![expect(missing_docs, reason = "each is its own text, explained in the AMQP specification and the service's own")]
    pub const ARGUMENT: &str = "com.microsoft:argument-error";
    pub const CONNECTION_FORCED: &str = "amqp:connection:forced";
    pub const DECODE_ERROR: &str = "amqp:decode-error";
    pub const DETACH_FORCED: &str = "amqp:link:detach-forced";
    pub const FRAMING_ERROR: &str = "amqp:connection:framing-error";
    pub const HANDLE_IN_USE: &str = "amqp:session:handle-in-use";
    pub const ILLEGAL_STATE: &str = "amqp:illegal-state";
    pub const INVALID_FIELD: &str = "amqp:invalid-field";
    pub const LOCK_LOST: &str = "com.microsoft:message-lock-lost";
    pub const MESSAGE_NOT_FOUND: &str = "com.microsoft:message-not-found";
    pub const MESSAGE_SIZE_EXCEEDED: &str = "amqp:link:message-size-exceeded";
    pub const NOT_ALLOWED: &str = "amqp:not-allowed";
    pub const NOT_FOUND: &str = "amqp:not-found";
    pub const NOT_IMPLEMENTED: &str = "amqp:not-implemented";
    pub const RESOURCE_LIMIT: &str = "amqp:resource-limit-exceeded";
    pub const SESSION_CANNOT_BE_LOCKED: &str = "com.microsoft:session-cannot-be-locked";
    pub const SESSION_LOCK_LOST: &str = "com.microsoft:session-lock-lost";
    pub const TIMEOUT: &str = "com.microsoft:timeout";
    pub const TRANSFER_LIMIT: &str = "amqp:link:transfer-limit-exceeded";
    pub const UNATTACHED_HANDLE: &str = "amqp:session:unattached-handle";
    pub const WINDOW_VIOLATION: &str = "amqp:session:window-violation";
}
