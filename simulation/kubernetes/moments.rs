//! Pure: moments as Kubernetes writes them.
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// A moment as Kubernetes writes it, in whole seconds.
pub(super) fn second(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Moves every moment in an object so far back.
pub(super) fn shift_moments(value: &mut Value, age: SignedDuration) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let timely = name.ends_with("Timestamp") || name.ends_with("Time") || name == "time";
                match value.as_str().filter(|_| timely).and_then(|text| text.parse::<Timestamp>().ok()) {
                    Some(moment) => *value = json!(second(moment.saturating_sub(age).unwrap_or(moment))),
                    None => shift_moments(value, age),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| shift_moments(item, age)),
        _ => {}
    }
}
