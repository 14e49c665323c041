//! Pure: Jobs and CronJobs.
use super::{
    cron,
    findings::{Findings, items},
    registered::is_a_path_of_a_domain,
    zones,
};
use serde_json::{Map, Value, json};

/// A Job's specification.
pub(super) fn is_a_job(spec: &Map<String, Value>, findings: &mut Findings) {
    let template = spec.get("template").unwrap_or(&Value::Null);
    if !matches!(template["spec"]["restartPolicy"].as_str(), Some("Never" | "OnFailure")) {
        findings.required("template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\"");
    }
    if spec.get("podFailurePolicy").is_some_and(Value::is_object) {
        if template["spec"]["restartPolicy"] == "OnFailure" {
            let why = "only \"Never\" is supported when podFailurePolicy is specified";
            findings.invalid("template.spec.restartPolicy", &template["spec"]["restartPolicy"], why);
        }
        if spec.get("podReplacementPolicy").is_some_and(|policy| policy == "TerminatingOrFailed") {
            findings.unsupported("podReplacementPolicy", &spec["podReplacementPolicy"], &["Failed"]);
        }
    }
    of_indexes(spec, findings);
}

/// What several members of a Job's specification have to do with each other.
fn of_indexes(spec: &Map<String, Value>, findings: &mut Findings) {
    let (is_indexed, value) = (spec.get("completionMode").is_some_and(|mode| mode == "Indexed"), |name: &str| {
        spec.get(name).unwrap_or(&Value::Null)
    });
    for member in ["backoffLimitPerIndex", "maxFailedIndexes"] {
        if !is_indexed && !value(member).is_null() {
            findings.invalid(member, value(member), "requires indexed completion mode");
        }
    }
    if !is_indexed && value("successPolicy").is_object() {
        findings.invalid("successPolicy", value("successPolicy"), "requires indexed completion mode");
    }
    if is_indexed && value("completions").is_null() {
        findings.required("completions", "when completion mode is Indexed");
    }
    if !value("maxFailedIndexes").is_null() && value("backoffLimitPerIndex").is_null() {
        findings.required("backoffLimitPerIndex", "when maxFailedIndexes is specified");
    }
    is_a_path_of_a_domain("managedBy", value("managedBy"), findings);
}

/// When a Job fails at once.
pub(super) fn is_a_policy_of_failure(policy: &Map<String, Value>, findings: &mut Findings) {
    for (at, rule) in items(policy.get("rules")).iter().enumerate() {
        findings.within(&format!("rules[{at}]"), |findings| {
            let (codes, conditions) = (&rule["onExitCodes"], items(rule.get("onPodConditions")));
            let known = ["Count", "FailIndex", "FailJob", "Ignore"];
            match rule["action"].as_str().unwrap_or_default() {
                "" => findings.required("action", &format!("valid values: {known:?}")),
                action if !known.contains(&action) => findings.unsupported("action", &rule["action"], &known),
                _ => {}
            }
            match (codes.is_object(), conditions.is_empty()) {
                (true, false) => {
                    let why = "specifying both OnExitCodes and OnPodConditions is not supported";
                    findings.invalid("", &json!(""), why);
                }
                (false, true) => {
                    let wrong = "Invalid value: specifying one of OnExitCodes and OnPodConditions is required";
                    findings.note("", "FieldValueInvalid", wrong.into());
                }
                _ => {}
            }
            if codes.is_object() {
                findings.within("onExitCodes", |findings| exit_codes(codes, findings));
            }
        });
    }
}

fn exit_codes(codes: &Value, findings: &mut Findings) {
    let (operator, values) = (codes["operator"].as_str().unwrap_or_default(), items(codes.get("values")));
    if !matches!(operator, "In" | "NotIn") {
        findings.unsupported("operator", &codes["operator"], &["In", "NotIn"]);
    }
    for (at, value) in values.iter().enumerate().filter(|(_, value)| operator == "In" && **value == 0) {
        findings.invalid(&format!("values[{at}]"), value, "must not be 0 for the In operator");
    }
    if values.is_empty() {
        findings.invalid("values", &json!(values), "at least one value is required");
    } else if !values.is_sorted_by_key(Value::as_i64) {
        findings.invalid("values", &json!(values), "must be ordered");
    }
}

/// A selector that a server makes itself, unless the Job says that it does not.
fn of_a_selector(object: &Value, findings: &mut Findings) {
    let (spec, mark) = (&object["spec"], ["batch.kubernetes.io/controller-uid", "controller-uid"]);
    let is_made = mark.iter().any(|mark| spec["selector"]["matchLabels"].get(mark).is_some());
    if spec["manualSelector"] == true {
        if spec["selector"].is_null() {
            findings.required("spec.selector", "");
        }
    } else if spec["selector"].is_object() && !is_made {
        findings.invalid("spec.selector", &spec["selector"], "`selector` not auto-generated");
    }
}

/// A CronJob as a whole.
pub(super) fn is_a_cron_job(object: &Value, findings: &mut Findings) {
    let job = &object["spec"]["jobTemplate"]["spec"];
    if job["selector"].is_object() {
        findings.invalid("spec.jobTemplate.spec.selector", &job["selector"], "`selector` will be auto-generated");
    }
    if job["manualSelector"] == true {
        findings.unsupported("spec.jobTemplate.spec.manualSelector", &json!(true), &["nil", "false"]);
    }
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
    of_a_selector(object, findings);
    if name.len() > 63 {
        findings.invalid("spec.template.labels", &json!(name), "must be no more than 63 bytes");
    }
}
