//! Pure: the rows of kinds that neither run nor lead anywhere nor set bounds.
use super::super::ages::age as since;
use super::{none, size, text};
use crate::kubernetes::kinds::Kind;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The cells of such a kind; `None`: it is another.
pub(super) fn cells(kind: &Kind, object: &Value, name: &str, age: &str, now: Timestamp) -> Option<Vec<Value>> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let (name, age) = (json!(name), json!(age));
    Some(match kind.kind.as_str() {
        "ConfigMap" => vec![name, json!(size(&object["data"]) + size(&object["binaryData"])), age],
        "Secret" => vec![name, json!(text(&object["type"])), json!(size(&object["data"])), age],
        "Event" => event(object, name, now),
        "Lease" => vec![name, json!(text(&spec["holderIdentity"])), age],
        "ControllerRevision" => {
            let owner = &object["metadata"]["ownerReferences"][0];
            let owner = if owner.is_null() {
                none()
            } else {
                format!("{}/{}", text(&owner["kind"]).to_lowercase(), text(&owner["name"]))
            };
            vec![name, json!(owner), object["revision"].clone(), age]
        }
        "RuntimeClass" => vec![name, json!(text(&object["handler"])), age],
        "CertificateSigningRequest" => {
            let conditions = status["conditions"].as_array().into_iter().flatten().map(|one| text(&one["type"]));
            let state = conditions.collect::<Vec<_>>().join(",");
            let state = if state.is_empty() { "Pending".into() } else { state };
            let (signer, who) = (text(&spec["signerName"]), text(&spec["username"]));
            vec![name, age, json!(signer), json!(who), json!(none()), json!(state)]
        }
        _ => return None,
    })
}

fn event(object: &Value, name: Value, now: Timestamp) -> Vec<Value> {
    let about = &object["involvedObject"];
    let seen = |moment: &Value| if moment.is_null() { "<unknown>".into() } else { since(moment, now) };
    let first = if object["firstTimestamp"].is_null() { &object["eventTime"] } else { &object["firstTimestamp"] };
    let last = if object["lastTimestamp"].is_null() { first } else { &object["lastTimestamp"] };
    let source = object["source"]["component"].as_str().or_else(|| object["reportingComponent"].as_str());
    let host = object["source"]["host"].as_str().map(|host| format!(", {host}")).unwrap_or_default();
    let what = format!("{}/{}", text(&about["kind"]).to_lowercase(), text(&about["name"]));
    vec![
        json!(seen(last)),
        json!(text(&object["type"])),
        json!(text(&object["reason"])),
        json!(what),
        json!(text(&about["fieldPath"])),
        json!(format!("{}{host}", source.unwrap_or_default())),
        json!(text(&object["message"]).trim()),
        json!(seen(first)),
        json!(object["count"].as_u64().unwrap_or(1)),
        name,
    ]
}
