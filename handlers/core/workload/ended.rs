//! How a Job ended that is not there any more, from the events that tell of it.
use crate::resources::answers::text;
use jiff::Timestamp;
use serde_json::Value;

/// Reasons that the Job controller gives when a Job has failed for good.
const FAILED: [&str; 5] =
    ["BackoffLimitExceeded", "DeadlineExceeded", "FailedIndexes", "MaxFailedIndexesExceeded", "PodFailurePolicy"];

/// How the newest of these events since a moment says that the Job ended: well, or why not. `None`: none says so.
#[must_use]
pub fn ended(events: &[Value], since: Timestamp) -> Option<Result<(), String>> {
    let told = events.iter().filter_map(|event| Some((moment(event).filter(|at| *at >= since)?, of(event)?)));
    told.max_by_key(|(at, _)| *at).map(|(_, end)| end)
}

fn of(event: &Value) -> Option<Result<(), String>> {
    match text(event, "/reason") {
        "Completed" => Some(Ok(())),
        reason if FAILED.contains(&reason) => Some(Err(format!("{reason}: {}", text(event, "/message")))),
        _ => None,
    }
}

/// When it was seen last. Which member says so depends on who wrote it.
fn moment(event: &Value) -> Option<Timestamp> {
    let places = ["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
    places.iter().find_map(|place| text(event, place).parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_newest_event_since_the_step_began_counts() {
        let at = |time: &str, reason: &str| json!({"reason": reason, "message": "so", "lastTimestamp": time});
        let since: Timestamp = "2026-11-25T08:00:00Z".parse().unwrap();
        let old = at("2026-11-25T07:59:59Z", "Completed");
        let made = at("2026-11-25T08:00:01Z", "SuccessfulCreate");
        let failed = at("2026-11-25T08:00:02Z", "BackoffLimitExceeded");
        let well = json!({"reason": "Completed", "eventTime": "2026-11-25T08:00:03.000000Z", "lastTimestamp": null});
        assert_eq!(ended(&[], since), None);
        assert_eq!(ended(&[old.clone(), made.clone()], since), None);
        assert_eq!(ended(&[failed.clone(), old], since), Some(Err("BackoffLimitExceeded: so".into())));
        assert_eq!(ended(&[well, failed, made], since), Some(Ok(())));
    }
}
