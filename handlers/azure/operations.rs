//! Long-running operations of both styles. One look is one request: nobody waits here.
use super::arm::{Arm, ArmError};
use crate::run::{Operation, Style};
use serde_json::Value;
use std::time::Duration;

/// How far an operation is.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// Under way; Azure may say when to look again.
    InProgress(Option<Duration>),
    /// It succeeded, with the body of its last answer.
    Succeeded(Value),
    /// It failed, or was cancelled (a newer write of a gateway cancels the older).
    Failed {
        /// `Failed` or `Canceled`.
        status: String,
        /// Azure's error code.
        code: String,
        /// Azure's message.
        message: String,
    },
    /// Nobody knows it any more.
    Gone,
}

impl Arm {
    /// One look at an operation.
    ///
    /// # Errors
    /// When it cannot be looked at; the operation itself goes on.
    pub async fn look(&self, operation: &Operation) -> Result<Progress, ArmError> {
        if operation.style == Style::Finished {
            return Ok(Progress::Succeeded(Value::Null));
        }
        let answer = match self.read(operation.url.clone()).await {
            Ok(answer) => answer,
            Err(error) if error.status == 404 && error.has_code() => return Ok(Progress::Gone),
            // Location style: the failure itself is the last answer.
            Err(error) if operation.style == Style::Location && matches!(error.status, 400 | 409) => {
                let ArmError { code, message, .. } = error;
                return Ok(Progress::Failed { status: "Failed".into(), code, message });
            }
            Err(error) => return Err(error),
        };
        Ok(match operation.style {
            Style::Location if answer.status == 202 => Progress::InProgress(answer.retry_after()),
            Style::Location if answer.status == 204 => Progress::Succeeded(Value::Null),
            Style::Location | Style::Finished => Progress::Succeeded(answer.object()?),
            Style::AsyncOperation if !answer.body["status"].is_string() => {
                return Err(answer.no_answer("the status of an operation", &answer.came()));
            }
            Style::AsyncOperation => read(&answer.body, answer.retry_after()),
        })
    }
}

fn read(body: &Value, retry_after: Option<Duration>) -> Progress {
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let status = text("/status");
    match status.to_ascii_lowercase().as_str() {
        "succeeded" => Progress::Succeeded(body.clone()),
        "failed" | "canceled" | "cancelled" => {
            let detail = |member: &str| {
                let inner = text(&format!("/error/details/0/{member}"));
                if inner.is_empty() { text(&format!("/error/{member}")) } else { inner }
            };
            Progress::Failed { status, code: detail("code"), message: detail("message") }
        }
        _ => Progress::InProgress(retry_after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_cancelled_write_says_by_whom_it_was_superseded() {
        let body = json!({"status": "Canceled", "error": {"code": "Canceled", "message": "outer",
            "details": [{"code": "CanceledAndSupersededDueToAnotherOperation", "message": "inner"}]}});
        let Progress::Failed { status, code, message } = read(&body, None) else { panic!("{body}") };
        assert_eq!((status.as_str(), message.as_str()), ("Canceled", "inner"));
        assert_eq!(code, "CanceledAndSupersededDueToAnotherOperation");
    }

    #[test]
    fn an_unknown_status_is_still_under_way() {
        assert_eq!(read(&json!({"status": "Upgrading"}), None), Progress::InProgress(None));
    }
}
