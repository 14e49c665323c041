//! Pure: what makes pods: Deployments and their like, Jobs, CronJobs, and autoscalers.
use super::{
    cron,
    findings::Findings,
    texts::{label_value, qualified},
};
use crate::kubernetes::selectors::label_selector_matches;
use serde_json::{Map, Value, json};

/// The specification of a Deployment, ReplicaSet, StatefulSet or DaemonSet. Says whether to look at its template.
pub(super) fn is_a_workload(of: &str, spec: &Map<String, Value>, findings: &mut Findings) -> bool {
    let (selector, template) = (spec.get("selector").unwrap_or(&Value::Null), &spec.get("template"));
    let template = template.unwrap_or(&Value::Null);
    if selector.is_null() {
        findings.required("selector", "");
    } else if is_empty(selector) {
        let sort = of.rsplit('.').next().unwrap_or_default().trim_end_matches("Spec").to_lowercase();
        findings.invalid("selector", selector, &format!("empty selector is invalid for {sort}"));
    }
    if !is_readable(selector, findings) {
        findings.invalid("selector", selector, "invalid label selector");
        return false;
    }
    let labels = &template["metadata"]["labels"];
    if !is_empty(selector) && !label_selector_matches(selector, labels) {
        let why = "`selector` does not match template `labels`";
        findings.invalid("template.metadata.labels", labels, why);
    }
    let policy = &template["spec"]["restartPolicy"];
    if policy != "Always" && policy.is_string() {
        findings.unsupported("template.spec.restartPolicy", policy, &["Always"]);
    }
    true
}

fn is_empty(selector: &Value) -> bool {
    selector.as_object().is_some_and(|members| members.values().all(|part| *part == json!({}) || *part == json!([])))
}

fn is_readable(selector: &Value, findings: &mut Findings) -> bool {
    let before = findings.causes.len();
    findings.within("selector", |findings| {
        for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
            qualified(key).iter().for_each(|why| findings.invalid("matchLabels", &json!(key), why));
            let text = value.as_str().unwrap_or_default();
            label_value(text).iter().for_each(|why| findings.invalid("matchLabels", value, why));
        }
    });
    findings.causes.len() == before
}

/// How a Deployment's pods are replaced.
pub(super) fn is_a_strategy(strategy: &Map<String, Value>, findings: &mut Findings) {
    let Some(rolling) = strategy.get("rollingUpdate") else { return };
    if strategy.get("type").is_some_and(|sort| sort == "Recreate") {
        findings.forbidden("rollingUpdate", "may not be specified when strategy `type` is 'Recreate'");
        return;
    }
    let is_none = |value: &Value| *value == 0 || *value == "0%";
    if is_none(&rolling["maxUnavailable"]) && is_none(&rolling["maxSurge"]) {
        findings.invalid(
            "rollingUpdate.maxUnavailable",
            &rolling["maxUnavailable"],
            "may not be 0 when `maxSurge` is 0",
        );
    }
}

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
        text => {
            if let Err(why) = cron::check(text) {
                findings.invalid("spec.schedule", schedule, &why);
            }
        }
    }
}

/// An autoscaler's specification.
pub(super) fn is_an_autoscaler(spec: &Map<String, Value>, findings: &mut Findings) {
    let number = |name: &str| spec.get(name).and_then(Value::as_i64);
    let (least, most) = (number("minReplicas"), number("maxReplicas").unwrap_or(0));
    if least.is_some_and(|least| least < 1) {
        findings.invalid("minReplicas", &json!(least), "must be greater than or equal to 1");
    }
    if most < 1 {
        findings.invalid("maxReplicas", &json!(most), "must be greater than 0");
    }
    if least.is_some_and(|least| most < least) {
        findings.invalid("maxReplicas", &json!(most), "must be greater than or equal to `minReplicas`");
    }
    let target = spec.get("scaleTargetRef").unwrap_or(&Value::Null);
    for member in ["kind", "name"] {
        if target[member].as_str().is_none_or(str::is_empty) {
            findings.required(&format!("scaleTargetRef.{member}"), "");
        }
    }
}
