//! Pure: webhooks that judge or change objects.
use super::{
    findings::{Findings, items},
    texts::subdomain,
};
use serde_json::{Map, Value, json};

const KNOWN: [&str; 2] = ["v1", "v1beta1"];

/// One webhook.
pub(super) fn is_a_webhook(webhook: &Map<String, Value>, findings: &mut Findings) {
    let name = webhook.get("name").and_then(Value::as_str).unwrap_or_default();
    let wrong = subdomain(name);
    if name.is_empty() {
        findings.required("name", "");
    } else if !wrong.is_empty() {
        wrong.iter().for_each(|why| findings.invalid("name", &json!(name), why));
    } else if name.split('.').count() < 3 {
        findings.invalid("name", &json!(name), "should be a domain with at least three segments separated by dots");
    }
    let versions = items(webhook.get("admissionReviewVersions"));
    if !versions.is_empty() && !versions.iter().any(|version| KNOWN.iter().any(|known| version == known)) {
        findings.invalid("admissionReviewVersions", &json!(versions), "must include at least one of v1, v1beta1");
    }
    let timeout = webhook.get("timeoutSeconds").unwrap_or(&Value::Null);
    if timeout.as_i64().is_some_and(|seconds| !(1..=30).contains(&seconds)) {
        findings.invalid("timeoutSeconds", timeout, "the timeout value must be between 1 and 30 seconds");
    }
    let at = webhook.get("clientConfig").unwrap_or(&Value::Null);
    if at["url"].is_null() == at["service"].is_null() {
        findings.required("clientConfig", "exactly one of url or service is required");
    }
}

/// A configuration of webhooks as a whole.
pub(super) fn is_a_configuration(object: &Value, findings: &mut Findings) {
    let webhooks = items(object.get("webhooks"));
    for (at, webhook) in webhooks.iter().enumerate() {
        if webhooks[..at].iter().any(|other| other["name"] == webhook["name"]) {
            findings.duplicate(&format!("webhooks[{at}].name"), &webhook["name"]);
        }
    }
}
