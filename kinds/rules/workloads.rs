//! Pure: what keeps pods: Deployments and their like, and autoscalers.
use super::metadata::selects;
use super::{
    findings::Findings,
    texts::{label_value, qualified},
};
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
    if !is_empty(selector) && !selects(selector, labels) {
        let why = "`selector` does not match template `labels`";
        findings.invalid("template.metadata.labels", labels, why);
    }
    let policy = &template["spec"]["restartPolicy"];
    if policy != "Always" && policy.is_string() {
        findings.unsupported("template.spec.restartPolicy", policy, &["Always"]);
    }
    if !template["spec"]["activeDeadlineSeconds"].is_null() {
        let sort =
            of.rsplit('.').next().unwrap_or_default().trim_end_matches("Spec").replace("Deployment", "ReplicaSet");
        let why = format!("activeDeadlineSeconds in {sort} is not Supported");
        findings.forbidden("template.spec.activeDeadlineSeconds", &why);
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

/// What only a Deployment has.
pub(super) fn is_a_deployment(spec: &Map<String, Value>, findings: &mut Findings) {
    let number = |name: &str| spec.get(name).and_then(Value::as_i64);
    let (deadline, ready) = (number("progressDeadlineSeconds"), number("minReadySeconds").unwrap_or(0));
    if let Some(deadline) = deadline.filter(|deadline| *deadline <= ready) {
        findings.invalid("progressDeadlineSeconds", &json!(deadline), "must be greater than minReadySeconds");
    }
}

/// A count or a share: `1` or `25%`.
pub(super) fn count_or_share(member: &str, value: &Value, is_capped: bool, findings: &mut Findings) {
    match value.as_str() {
        Some(text) => match text.strip_suffix('%').filter(|share| share.bytes().all(|byte| byte.is_ascii_digit())) {
            Some(share) if !share.is_empty() => {
                if is_capped && share.parse::<u32>().is_ok_and(|share| share > 100) {
                    findings.invalid(member, value, "must not be greater than 100%");
                }
            }
            _ => findings.invalid(member, value, "must be an integer or percentage (e.g '5%%')"),
        },
        None if value.as_i64().is_some_and(|number| number < 0) => {
            findings.invalid(member, value, "must be greater than or equal to 0");
        }
        None => {}
    }
}

/// How a DaemonSet's pods are replaced.
pub(super) fn is_a_strategy_of_daemons(strategy: &Map<String, Value>, findings: &mut Findings) {
    let Some(rolling) = strategy.get("rollingUpdate").filter(|rolling| rolling.is_object()) else { return };
    let is_some = |name: &str| !(rolling[name].is_null() || rolling[name] == 0 || rolling[name] == "0%");
    findings.within("rollingUpdate", |findings| {
        count_or_share("maxUnavailable", &rolling["maxUnavailable"], true, findings);
        count_or_share("maxSurge", &rolling["maxSurge"], true, findings);
        match (is_some("maxUnavailable"), is_some("maxSurge")) {
            (true, true) => {
                findings.invalid("maxSurge", &rolling["maxSurge"], "may not be set when maxUnavailable is non-zero");
            }
            (false, false) => findings.required("maxUnavailable", "cannot be 0 when maxSurge is 0"),
            _ => {}
        }
    });
}

/// How a Deployment's pods are replaced.
pub(super) fn is_a_strategy(strategy: &Map<String, Value>, findings: &mut Findings) {
    let Some(rolling) = strategy.get("rollingUpdate") else { return };
    if strategy.get("type").is_some_and(|sort| sort == "Recreate") {
        findings.forbidden("rollingUpdate", "may not be specified when strategy `type` is 'Recreate'");
        return;
    }
    count_or_share("rollingUpdate.maxUnavailable", &rolling["maxUnavailable"], true, findings);
    count_or_share("rollingUpdate.maxSurge", &rolling["maxSurge"], false, findings);
    let is_none = |value: &Value| *value == 0 || *value == "0%";
    if is_none(&rolling["maxUnavailable"]) && is_none(&rolling["maxSurge"]) {
        findings.invalid(
            "rollingUpdate.maxUnavailable",
            &rolling["maxUnavailable"],
            "may not be 0 when `maxSurge` is 0",
        );
    }
}
