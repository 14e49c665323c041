//! Pure: Jobs and CronJobs.
use super::{cron, findings::Findings, zones};
use serde_json::{Map, Value, json};

/// A Job's specification.
pub(super) fn is_a_job(spec: &Map<String, Value>, findings: &mut Findings) {
    let template = spec.get("template").unwrap_or(&Value::Null);
    if !matches!(template["spec"]["restartPolicy"].as_str(), Some("Never" | "OnFailure")) {
        findings.required("template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\"");
    }
}

/// A CronJob as a whole.
pub(super) fn is_a_cron_job(object: &Value, findings: &mut Findings) {
    let schedule = &object["spec"]["schedule"];
    match schedule.as_str().unwrap_or_default() {
        "" => findings.required("spec.schedule", ""),
        text if text.contains("TZ") => {
            let why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
            findings.invalid("spec.schedule", schedule, why);
        }
        text => {
            if let Err(why) = cron::check(text) {
                findings.invalid("spec.schedule", schedule, &why);
            }
        }
    }
    let zone = &object["spec"]["timeZone"];
    if let Some(text) = zone.as_str()
        && let Err(why) = zones::check(text)
    {
        findings.invalid("spec.timeZone", zone, &why);
    }
}

/// A Job as a whole: its name becomes a label of its pods.
pub(super) fn is_a_whole_job(object: &Value, findings: &mut Findings) {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    if name.len() > 63 {
        findings.invalid("spec.template.labels", &json!(name), "must be no more than 63 bytes");
    }
}
