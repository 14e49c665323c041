//! Pure: the labels and the selector that a server gives a Job, so that its pods are its own, and what a mirror must take off.
use serde_json::{Value, json};

const UID: [&str; 2] = ["batch.kubernetes.io/controller-uid", "controller-uid"];
const NAME: [&str; 2] = ["batch.kubernetes.io/job-name", "job-name"];

/// Gives a new Job its selector and labels; later ones keep them. The answer says what is wrong with those that it brought along.
pub(super) fn select(before: Option<&Value>, job: &mut Value) -> Vec<(String, &'static str, String)> {
    let spec = &mut job["spec"];
    if before.is_none() && spec["manualSelector"] != true {
        let uid = job["metadata"]["uid"].clone();
        let name = job["metadata"]["name"].clone();
        let spec = &mut job["spec"];
        let labels = &mut spec["template"]["metadata"]["labels"];
        for (keys, value) in [(NAME, &name), (UID, &uid)] {
            if labels[keys[1]].is_null() {
                keys.iter().for_each(|key| labels[*key] = value.clone());
            }
        }
        let selector = &mut spec["selector"]["matchLabels"];
        if selector[UID[0]].is_null() {
            selector[UID[0]] = uid.clone();
        }
        let mut causes = vec![];
        let labels = &spec["template"]["metadata"]["labels"];
        for (keys, value) in [(UID, &uid), (NAME, &name)] {
            for key in keys.iter().filter(|key| labels[**key] != *value) {
                let wrong = format!("Invalid value: {labels}: must be '{}'", value.as_str().unwrap_or_default());
                causes.push((format!("spec.template.metadata.labels[{key}]"), "FieldValueInvalid", wrong));
            }
        }
        if spec["selector"]["matchLabels"][UID[0]] != uid {
            let wrong = format!("Invalid value: {}: `selector` not auto-generated", spec["selector"]);
            causes.push(("spec.selector".into(), "FieldValueInvalid", wrong));
        }
        if !causes.is_empty() {
            return causes;
        }
    }
    if job["metadata"]["labels"].as_object().is_none_or(serde_json::Map::is_empty) {
        let labels = job["spec"]["template"]["metadata"]["labels"].clone();
        job["metadata"]["labels"] = if labels.is_object() { labels } else { json!({}) };
    }
    vec![]
}
