//! Pure: what an API server says when it refuses, as a Kubernetes `Status` object.
use super::kinds::Kind;
use crate::{Reply, answer::json};
use serde_json::{Value, json as value};

/// A refused call.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The HTTP status.
    pub code: u16,
    /// The machine-readable reason; empty where the real server gives none.
    pub reason: &'static str,
    /// What a person reads.
    pub message: String,
    /// The `details` member: name, group, kind, causes.
    pub details: Value,
}

impl Refusal {
    pub(super) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: Value::Null }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// Forms of answers of which this server has none.
    pub(super) fn not_acceptable() -> Self {
        let message = "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf";
        Self { details: value!({}), ..Self::new(406, "NotAcceptable", message) }
    }

    /// A path that leads nowhere.
    pub(super) fn no_such_resource() -> Self {
        Self::bare(404, "NotFound", "the server could not find the requested resource")
    }

    pub(super) fn not_found(kind: &Kind, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{} {name:?} not found", kind.resource())).about(kind, name)
    }

    pub(super) fn already_exists(kind: &Kind, name: &str) -> Self {
        Self::new(409, "AlreadyExists", format!("{} {name:?} already exists", kind.resource())).about(kind, name)
    }

    /// A write that is based on an old version.
    pub(super) fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} {name:?}: {why}", kind.resource());
        Self::new(409, "Conflict", message).about(kind, name)
    }

    /// An object that breaks a rule: the field's path and what is wrong with it.
    pub(super) fn invalid(kind: &Kind, name: &str, field: &str, reason: &'static str, wrong: &str) -> Self {
        Self::invalid_for(kind, name, &[(field.into(), reason, wrong.into())])
    }

    /// An object that breaks rules: of each the field's path, the reason, and what is wrong.
    pub(super) fn invalid_for(kind: &Kind, name: &str, causes: &[(String, &'static str, String)]) -> Self {
        Self::invalid_as(&kind.kind, &kind.group, name, causes)
    }

    /// As [`invalid_for`](Self::invalid_for), of a kind in a group.
    pub(super) fn invalid_as(kind: &str, group: &str, name: &str, causes: &[(String, &'static str, String)]) -> Self {
        let full = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let words: Vec<String> = causes.iter().map(|(field, _, wrong)| format!("{field}: {wrong}")).collect();
        let words = if let [only] = words.as_slice() { only.clone() } else { format!("[{}]", words.join(", ")) };
        let mut refusal = Self::new(422, "Invalid", format!("{full} {name:?} is invalid: {words}"));
        let causes = causes
            .iter()
            .map(|(field, reason, wrong)| value!({"reason": reason, "message": wrong, "field": field}))
            .collect::<Vec<_>>();
        refusal.details = value!({"causes": causes});
        for (member, text) in [("name", name), ("group", group), ("kind", kind)] {
            if !text.is_empty() {
                refusal.details[member] = value!(text);
            }
        }
        refusal
    }

    /// What admission does not let in.
    pub(super) fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        Self::new(403, "Forbidden", format!("{} {name:?} is forbidden: {why}", kind.resource())).about(kind, name)
    }

    pub(super) fn unsupported_media_type(accepted: &str) -> Self {
        let message =
            format!("the body of the request was in an unknown format - accepted media types include: {accepted}");
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// A refusal of which the real server says no more than its reason.
    pub(super) fn bare(code: u16, reason: &'static str, message: &str) -> Self {
        let mut refusal = Self::new(code, reason, message);
        refusal.details = value!({});
        refusal
    }

    /// What a kubelet would have to answer.
    pub(super) fn no_containers() -> Self {
        let message = "no containers run behind the simulated API server: there are no logs, and nothing to exec in, to attach or to forward to";
        Self::new(501, "NotImplemented", message)
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::bare(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
    }

    /// A version that has been forgotten.
    pub(super) fn expired(asked: u64, oldest: u64) -> Self {
        Self::new(410, "Expired", format!("too old resource version: {asked} ({oldest})"))
    }

    fn about(mut self, kind: &Kind, name: &str) -> Self {
        self.details = value!({"name": name, "kind": kind.plural});
        if !kind.group.is_empty() {
            self.details["group"] = value!(kind.group);
        }
        self
    }

    /// The `Status` object.
    #[must_use]
    pub fn status(&self) -> Value {
        let mut status = value!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message, "code": self.code,
        });
        if !self.reason.is_empty() {
            status["reason"] = value!(self.reason);
        }
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        status
    }

    /// As an HTTP answer.
    pub(super) fn reply(&self) -> Reply {
        let mut reply = json(self.code, &self.status());
        if let Some(seconds) = self.details["retryAfterSeconds"].as_u64().filter(|seconds| *seconds > 0) {
            reply.headers_mut().insert("retry-after", seconds.into());
        }
        reply
    }
}
