//! One answer of Resource Manager: is it one at all, and is it what was asked for?
use super::arm::ArmError;
use crate::resources::answers::{same_id, shortened};
use crate::run::{Operation, Style};
use azure_core::http::headers::{HeaderName, Headers};
use serde_json::Value;
use std::time::Duration;

/// What Resource Manager answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status: 2xx; all else is an [`ArmError`].
    pub status: u16,
    /// The body; `null` when it is empty, or no JSON.
    pub body: Value,
    /// The beginning of a body that is no JSON: somebody else answered, or the answer was cut off.
    unreadable: Option<String>,
    what: String,
    headers: Headers,
}

impl Answer {
    /// An answer to this attempt, as it came.
    pub(super) fn new(status: u16, headers: Headers, body: &[u8], what: String) -> Self {
        let (body, unreadable) = match serde_json::from_slice(body) {
            Ok(body) => (body, None),
            Err(_) if body.is_empty() => (Value::Null, None),
            Err(_) => (Value::Null, Some(shortened(&String::from_utf8_lossy(body)))),
        };
        Self { status, body, unreadable, what, headers }
    }

    /// What the `Retry-After` header says, in seconds.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.header("retry-after")?.parse().ok().map(Duration::from_secs)
    }

    /// When it was answered, by Resource Manager's clock.
    #[must_use]
    pub fn date(&self) -> Option<jiff::Timestamp> {
        Some(jiff::fmt::rfc2822::parse(&self.header("date")?).ok()?.timestamp())
    }

    /// The operation that was started: `Azure-AsyncOperation` if there is one, `Location` only otherwise.
    /// An answer without either was carried out at once.
    #[must_use]
    pub fn operation(&self) -> Operation {
        let (url, style) = match (self.header("azure-asyncoperation"), self.header("location")) {
            (Some(url), _) => (url, Style::AsyncOperation),
            (None, Some(url)) => (url, Style::Location),
            (None, None) => (String::new(), Style::Finished),
        };
        Operation::at(url, style)
    }

    /// The body, which is this resource.
    pub(super) fn resource(self, id: &str) -> Result<Value, ArmError> {
        match self.body["id"].as_str() {
            Some(found) if same_id(found, id) => Ok(self.body),
            Some(other) => Err(self.no_answer("the resource itself", &shortened(other))),
            None => Err(self.no_answer("a resource as JSON, with its id", &self.came())),
        }
    }

    /// The body, which is one page of a list.
    pub(super) fn page(self) -> Result<Value, ArmError> {
        self.with_list("value")
    }

    /// The body, in which this member is a list.
    ///
    /// # Errors
    /// When there is no such list.
    pub(super) fn with_list(self, member: &str) -> Result<Value, ArmError> {
        if self.body[member].is_array() {
            return Ok(self.body);
        }
        Err(self.no_answer(&format!("a list {member:?} as JSON"), &self.came()))
    }

    /// The body as it came, unless it is neither an object nor empty: then nothing was answered.
    ///
    /// # Errors
    /// When the body is anything else.
    pub(super) fn readable(self) -> Result<Self, ArmError> {
        if self.unreadable.is_none() && (self.body.is_object() || self.body.is_null()) {
            return Ok(self);
        }
        Err(self.no_answer("a JSON object", &self.came()))
    }

    pub(super) fn came(&self) -> String {
        match &self.unreadable {
            Some(text) => format!("{text:?}"),
            None => shortened(&self.body.to_string()),
        }
    }

    /// Whatever came with this status is no answer of Resource Manager: trying again may help.
    pub(super) fn no_answer(&self, expected: &str, came: &str) -> ArmError {
        let message = format!("expected {expected}, came {came}: a proxy may stand between, or the answer was cut off");
        let code = format!("NoAnswer (HTTP {})", self.status);
        ArmError { what: self.what.clone(), status: 0, code, message, retry_after: self.retry_after() }
    }

    fn header(&self, name: &'static str) -> Option<String> {
        self.headers.get_optional_string(&HeaderName::from_static(name))
    }
}
