//! Pure: conditions in an object's status, owner references, and other small parts that controllers write.
use super::moments::second;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Sets one condition; its transition time changes only with its status.
pub(super) fn set_condition(status: &mut Value, sort: &str, value: &str, reason: &str, message: &str, now: Timestamp) {
    if !status["conditions"].is_array() {
        status["conditions"] = json!([]);
    }
    let Some(list) = status["conditions"].as_array_mut() else { return };
    let mut condition =
        json!({"type": sort, "status": value, "lastTransitionTime": second(now), "reason": reason, "message": message});
    match list.iter_mut().find(|condition| condition["type"] == sort) {
        Some(found) => {
            if found["status"] == value {
                condition["lastTransitionTime"] = found["lastTransitionTime"].clone();
            }
            *found = condition;
        }
        None => list.push(condition),
    }
}

/// The reference by which an object names its controller.
pub(super) fn owned_by(owner: &Value) -> Value {
    json!([{
        "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"],
        "controller": true, "blockOwnerDeletion": true,
    }])
}

/// Whether `owner` is the controller of `object`.
pub(super) fn is_owned_by(object: &Value, owner: &Value) -> bool {
    let owners = object["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    owners.into_iter().any(|reference| reference["controller"] == true && reference["uid"] == owner["metadata"]["uid"])
}

/// A number or a percentage of `whole`, as rolling updates give it.
pub(super) fn share_of(value: &Value, whole: u64, round_up: bool) -> u64 {
    let percent = value.as_str().and_then(|text| text.trim_end_matches('%').parse::<u64>().ok());
    match percent {
        Some(percent) if round_up => (whole * percent.min(1000)).div_ceil(100),
        Some(percent) => whole * percent.min(1000) / 100,
        None => value.as_u64().unwrap_or(0),
    }
}

/// Whether somebody holds an object back from its end.
pub(super) fn has_finalizers(object: &Value) -> bool {
    object["metadata"]["finalizers"].as_array().is_some_and(|list| !list.is_empty())
}
