//! Pure: names, labels, annotations, owners and finalizers.
use super::Whose;
use super::{
    findings::{Findings, items},
    texts::{Wrong, label, label_value, path_segment, qualified, subdomain},
};
use serde_json::{Map, Value, json};

/// Bytes that the annotations of an object may have in all.
const MOST_ANNOTATIONS: usize = 256 * 1024;
const FINALIZERS: &[&str] = &["foregroundDeletion", "kubernetes", "orphan"];

/// Looks at an object's metadata.
pub(super) fn check(kind: Whose<'_>, object: &Value, findings: &mut Findings) {
    let metadata = &object["metadata"];
    findings.within("metadata", |findings| {
        match metadata["name"].as_str().unwrap_or_default() {
            "" => findings.required("name", "name or generateName is required"),
            name => name_of(kind, name).iter().for_each(|why| findings.invalid("name", &json!(name), why)),
        }
        owners(&metadata["ownerReferences"], findings);
        labels(&metadata["labels"], "labels", findings);
        annotations(&metadata["annotations"], findings);
        for (at, finalizer) in items(metadata.get("finalizers")).iter().enumerate() {
            let (name, field) = (finalizer.as_str().unwrap_or_default(), format!("finalizers[{at}]"));
            let wrong = qualified(name);
            wrong.iter().for_each(|why| findings.invalid(&field, finalizer, why));
            if wrong.is_empty() && kind.is_own && !name.contains('/') && !FINALIZERS.contains(&name) {
                let why = "name is neither a standard finalizer name nor is it fully qualified";
                findings.invalid(&field, finalizer, why);
            }
        }
    });
}

fn name_of(kind: Whose<'_>, name: &str) -> Wrong {
    match (kind.group, kind.kind) {
        ("rbac.authorization.k8s.io", _) => path_segment(name),
        ("", "Namespace" | "Service") => label(name),
        ("batch", "CronJob") if name.len() > 52 => vec!["must be no more than 52 characters".into()],
        _ => subdomain(name),
    }
}

fn owners(references: &Value, findings: &mut Findings) {
    for reference in items(Some(references)) {
        let version = reference["apiVersion"].as_str().unwrap_or_default();
        findings.within("ownerReferences", |findings| {
            if version.rsplit('/').next().is_none_or(str::is_empty) {
                findings.invalid("apiVersion", &json!(version), "version must not be empty");
            }
            for member in ["kind", "name", "uid"] {
                if reference[member].as_str().is_none_or(str::is_empty) {
                    findings.invalid(member, &json!(""), "must not be empty");
                }
            }
        });
    }
}

pub(super) fn labels(labels: &Value, field: &str, findings: &mut Findings) {
    for (key, value) in labels.as_object().into_iter().flatten() {
        qualified(key).iter().for_each(|why| findings.invalid(field, &json!(key), why));
        label_value(value.as_str().unwrap_or_default()).iter().for_each(|why| findings.invalid(field, value, why));
    }
}

fn annotations(annotations: &Value, findings: &mut Findings) {
    let mut size = 0;
    for (key, value) in annotations.as_object().into_iter().flatten() {
        size += key.len() + value.as_str().map_or(0, str::len);
        let wrong = if key.bytes().any(|byte| byte.is_ascii_uppercase()) {
            qualified(&key.to_ascii_lowercase())
        } else {
            qualified(key)
        };
        wrong.iter().for_each(|why| findings.invalid("annotations", &json!(key), why));
    }
    if size > MOST_ANNOTATIONS {
        findings.too_long("annotations", MOST_ANNOTATIONS);
    }
}

/// A pod template's labels and annotations.
pub(super) fn of_template(template: &Map<String, Value>, findings: &mut Findings) {
    let metadata = template.get("metadata").unwrap_or(&Value::Null);
    labels(&metadata["labels"], "labels", findings);
    annotations(&metadata["annotations"], findings);
}

/// A selector of labels.
pub(super) fn is_a_selector(selector: &Map<String, Value>, findings: &mut Findings) {
    labels(selector.get("matchLabels").unwrap_or(&Value::Null), "matchLabels", findings);
    for (at, expression) in items(selector.get("matchExpressions")).iter().enumerate() {
        findings.within(&format!("matchExpressions[{at}]"), |findings| {
            let is_empty = items(expression.get("values")).is_empty();
            match expression["operator"].as_str().unwrap_or_default() {
                "In" | "NotIn" if is_empty => {
                    findings.required("values", "must be specified when `operator` is 'In' or 'NotIn'");
                }
                "Exists" | "DoesNotExist" if !is_empty => {
                    findings.forbidden("values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                }
                "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
                _ => findings.invalid("operator", &expression["operator"], "not a valid selector operator"),
            }
            let key = expression["key"].as_str().unwrap_or_default();
            qualified(key).iter().for_each(|why| findings.invalid("key", &json!(key), why));
        });
    }
}

/// Whether a selector of labels matches these labels. An empty one matches nothing here.
#[must_use]
pub fn selects(selector: &Value, labels: &Value) -> bool {
    let wanted = selector["matchLabels"].as_object();
    let expressions = items(selector.get("matchExpressions"));
    if wanted.is_none_or(Map::is_empty) && expressions.is_empty() {
        return false;
    }
    let hold = expressions.iter().all(|expression| {
        let found = labels.get(expression["key"].as_str().unwrap_or_default());
        let is_listed = found.is_some_and(|found| items(expression.get("values")).contains(found));
        match expression["operator"].as_str() {
            Some("In") => is_listed,
            Some("NotIn") => !is_listed,
            Some("Exists") => found.is_some(),
            Some("DoesNotExist") => found.is_none(),
            _ => false,
        }
    });
    hold && wanted.into_iter().flatten().all(|(key, value)| labels.get(key) == Some(value))
}
