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
    /// Of so many bytes, which are not kept: what somebody on the way says is nothing for a journal.
    bytes: usize,
    what: String,
    headers: Headers,
}

impl Answer {
    /// An answer to this attempt, as it came.
    pub(super) fn new(status: u16, headers: Headers, body: &[u8], what: String) -> Self {
        let bytes = body.len();
        let body = serde_json::from_slice(body).unwrap_or(Value::Null);
        Self { status, body, bytes, what, headers }
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

    /// The body, which is a JSON object.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn object(self) -> Result<Value, ArmError> {
        if self.body.is_object() { Ok(self.body) } else { Err(self.no_answer("a JSON object", &self.came())) }
    }

    /// What kind of thing came.
    pub(super) fn came(&self) -> String {
        match &self.body {
            Value::Object(_) => "another JSON object".into(),
            Value::Array(_) | Value::String(_) | Value::Number(_) | Value::Bool(_) => "JSON that is no object".into(),
            Value::Null if self.bytes == 0 => "no body".into(),
            Value::Null => {
                let kind = self.header("content-type").unwrap_or_else(|| "an unknown type".into());
                format!("{} bytes of {}", self.bytes, shortened(&kind))
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "/subscriptions/s/resourceGroups/Rg/providers/Microsoft.Network/applicationGateways/gw";

    fn answer(body: &str) -> Answer {
        let mut headers = Headers::new();
        headers.insert("content-type", "text/html");
        Answer::new(200, headers, body.as_bytes(), "failed to GET x".into())
    }

    #[test]
    fn only_the_resource_itself_is_an_answer_about_it() {
        let spelt = ID.replace("resourceGroups/Rg", "resourcegroups/RG").replace("Microsoft.N", "microsoft.n");
        for id in [ID, spelt.as_str()] {
            assert!(answer(&format!(r#"{{"id": "{id}"}}"#)).resource(ID).is_ok(), "{id}");
        }
        for (body, came) in [
            ("<html>blocked</html>", "20 bytes of text/html"),
            (r#"{"id": "/subscriptions/s/resourceGr"#, "35 bytes of text/html"),
            ("", "no body"),
            ("[]", "JSON that is no object"),
            ("{}", "another JSON object"),
            (r#"{"id": "/subscriptions/other"}"#, "/subscriptions/other"),
        ] {
            let error = answer(body).resource(ID).expect_err("it is no answer");
            assert!(error.to_string().contains(&format!(", came {came}")), "{error}");
        }
    }

    #[test]
    fn a_list_has_an_array_of_its_name() {
        assert!(answer(r#"{"value": []}"#).page().is_ok());
        for body in ["", "<html>", "[]", "{}", r#"{"value": {}}"#, r#"{"value": null}"#] {
            assert!(answer(body).page().is_err(), "{body}");
        }
    }

    #[test]
    fn absence_is_said_by_its_code() {
        let said = |status: u16, code: &str| ArmError {
            what: String::new(),
            status,
            code: code.into(),
            message: String::new(),
            retry_after: None,
        };
        let pool = format!("{ID}/agentPools/system");
        for code in ["ResourceNotFound", "resourcenotfound", "ResourceGroupNotFound"] {
            assert!(said(404, code).says_absent(ID) && said(404, code).says_absent(&pool), "{code}");
            assert!(!said(403, code).says_absent(ID), "{code}");
        }
        assert!(said(404, "NotFound").says_absent(&pool) && !said(404, "NotFound").says_absent(ID));
        assert!(!said(404, "SubscriptionNotFound").says_absent(ID));
        assert!(said(404, "OperationNotFound").has_code() && !said(404, "HTTP 404").has_code());
    }
}
