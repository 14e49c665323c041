//! Why an invocation may fail, and what a caller of an HTTP function gets then. Pure.
use http::StatusCode;

/// Why an invocation failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nobody listens on the child's port.
    Refused,
    /// The child died, or broke the connection.
    Broken,
    /// `functionTimeout` passed; the child has been killed.
    TimedOut,
    /// The status is not 2xx.
    Status,
    /// The body is not what it must be.
    Invalid,
    /// There is no host at the moment.
    HostStopped,
}

impl Failure {
    /// What a caller of an HTTP function gets.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::HostStopped => StatusCode::SERVICE_UNAVAILABLE,
            Self::Refused | Self::Broken | Self::TimedOut | Self::Status | Self::Invalid => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }
}
