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

    /// A path that leads nowhere.
    pub(super) fn no_such_resource() -> Self {
        let mut refusal = Self::new(404, "NotFound", "the server could not find the requested resource");
        refusal.details = value!({});
        refusal
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

    pub(super) fn unsupported_media_type(accepted: &str) -> Self {
        let message =
            format!("the body of the request was in an unknown format - accepted media types include: {accepted}");
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// What a kubelet would have to answer.
    pub(super) fn no_containers() -> Self {
        let message = "no containers run behind the simulated API server: there are no logs, and nothing to exec in, to attach or to forward to";
        Self::new(501, "NotImplemented", message)
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
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
        json(self.code, &self.status())
    }
}
