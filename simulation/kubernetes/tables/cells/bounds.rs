//! Pure: the rows of what sets bounds to others.
use super::{none, text};
use crate::kubernetes::kinds::Kind;
use serde_json::{Value, json};

/// The cells of such a kind; `None`: it is another.
pub(super) fn cells(kind: &Kind, object: &Value, name: &str, age: &str) -> Option<Vec<Value>> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let (name, age) = (json!(name), json!(age));
    let count = |list: &Value| json!(list.as_array().map_or(0, Vec::len));
    Some(match kind.kind.as_str() {
        "RoleBinding" | "ClusterRoleBinding" => binding(object, name, age),
        "PodDisruptionBudget" => {
            let bound = |value: &Value| match value {
                Value::Null => json!("N/A"),
                Value::String(text) => json!(text),
                other => json!(other.to_string()),
            };
            let left = json!(status["disruptionsAllowed"].as_u64().unwrap_or(0));
            vec![name, bound(&spec["minAvailable"]), bound(&spec["maxUnavailable"]), left, age]
        }
        "PriorityClass" => {
            let policy = object["preemptionPolicy"].as_str().unwrap_or("PreemptLowerPriority");
            vec![name, object["value"].clone(), json!(object["globalDefault"] == true), age, json!(policy)]
        }
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => {
            vec![name, count(&object["webhooks"]), age]
        }
        "ValidatingAdmissionPolicy" => {
            let kind = &spec["paramKind"];
            let kind = if kind.is_null() {
                "<unset>".into()
            } else {
                format!("{}/{}", text(&kind["apiVersion"]), text(&kind["kind"]))
            };
            vec![name, count(&spec["validations"]), json!(kind), age]
        }
        "ValidatingAdmissionPolicyBinding" => {
            let of = spec["paramRef"]["name"].as_str().unwrap_or("<unset>");
            vec![name, json!(text(&spec["policyName"])), json!(of), age]
        }
        "ResourceQuota" => quota(object, name, age),
        "HorizontalPodAutoscaler" => autoscaler(object, name, age),
        _ => return None,
    })
}

fn binding(object: &Value, name: Value, age: Value) -> Vec<Value> {
    let role = &object["roleRef"];
    let of = |kind: &str| {
        let subjects = object["subjects"].as_array().into_iter().flatten().filter(|one| one["kind"] == kind);
        let names = subjects.map(|one| match one["namespace"].as_str() {
            Some(space) => format!("{space}/{}", text(&one["name"])),
            None => text(&one["name"]),
        });
        json!(names.collect::<Vec<_>>().join(", "))
    };
    let role = format!("{}/{}", text(&role["kind"]), text(&role["name"]));
    vec![name, json!(role), age, of("User"), of("Group"), of("ServiceAccount")]
}

fn quota(object: &Value, name: Value, age: Value) -> Vec<Value> {
    let (hard, used) = (&object["status"]["hard"], &object["status"]["used"]);
    let shown = |limits: bool| {
        let mut keys: Vec<&String> = hard.as_object().into_iter().flatten().map(|(key, _)| key).collect();
        keys.sort();
        let chosen = keys.into_iter().filter(|key| key.starts_with("limits.") == limits);
        let pairs = chosen.map(|key| format!("{key}: {}/{}", text(&used[key.as_str()]), text(&hard[key.as_str()])));
        json!(pairs.collect::<Vec<_>>().join(", "))
    };
    vec![name, shown(false), shown(true), age]
}

fn autoscaler(object: &Value, name: Value, age: Value) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let target = &spec["scaleTargetRef"];
    let least = spec["minReplicas"].as_u64().map_or_else(|| "<unset>".into(), |least| least.to_string());
    let metric = |metric: &Value| {
        let resource = &metric["resource"];
        let aim = &resource["target"];
        match (aim["averageUtilization"].as_u64(), aim["averageValue"].as_str()) {
            (Some(share), _) => format!("{}: <unknown>/{share}%", text(&resource["name"])),
            (None, Some(value)) => format!("{}: <unknown>/{value}", text(&resource["name"])),
            (None, None) => "<unknown>".into(),
        }
    };
    let metrics: Vec<String> = spec["metrics"].as_array().into_iter().flatten().map(metric).collect();
    let metrics = if metrics.is_empty() { none() } else { metrics.join(", ") };
    let reference = format!("{}/{}", text(&target["kind"]), text(&target["name"]));
    let (most, now) = (spec["maxReplicas"].clone(), status["currentReplicas"].as_u64().unwrap_or(0));
    vec![name, json!(reference), json!(metrics), json!(least), most, json!(now), age]
}
