//! Pure: the rows of what runs, and of what makes it run.
use super::super::ages::{age as since, span};
use super::{labels, none, or_none, text};
use crate::kubernetes::kinds::Kind;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The cells of a workload; `None`: it is none.
pub(super) fn cells(kind: &Kind, object: &Value, name: &str, age: &str, now: Timestamp) -> Option<Vec<Value>> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let count = |value: &Value| json!(value.as_u64().unwrap_or(0));
    let of = |ready: &Value, wanted: &Value| json!(format!("{}/{}", count(ready), count(wanted)));
    let (containers, images) = containers(&spec["template"]["spec"]);
    let selector = json!(labels(&spec["selector"]["matchLabels"]));
    let (name, age) = (json!(name), json!(age));
    Some(match kind.kind.as_str() {
        "Pod" => pod(object, name, age),
        "Deployment" => {
            let ready = of(&status["readyReplicas"], &spec["replicas"]);
            let (updated, available) = (count(&status["updatedReplicas"]), count(&status["availableReplicas"]));
            vec![name, ready, updated, available, age, containers, images, selector]
        }
        "ReplicaSet" => {
            let counts = [&spec["replicas"], &status["replicas"], &status["readyReplicas"]].map(count);
            [vec![name], counts.to_vec(), vec![age, containers, images, selector]].concat()
        }
        "ReplicationController" => {
            let counts = [&spec["replicas"], &status["replicas"], &status["readyReplicas"]].map(count);
            [vec![name], counts.to_vec(), vec![age, containers, images, json!(labels(&spec["selector"]))]].concat()
        }
        "DaemonSet" => {
            let fields = ["desiredNumberScheduled", "currentNumberScheduled", "numberReady"];
            let counts = fields.into_iter().chain(["updatedNumberScheduled", "numberAvailable"]);
            let counts = counts.map(|field| count(&status[field])).collect();
            let nodes = json!(labels(&spec["template"]["spec"]["nodeSelector"]));
            [vec![name], counts, vec![nodes, age, containers, images, selector]].concat()
        }
        "StatefulSet" => vec![name, of(&status["readyReplicas"], &spec["replicas"]), age, containers, images],
        "Job" => {
            let (state, done) = (state(status, spec), of(&status["succeeded"], &spec["completions"]));
            vec![name, json!(state), done, json!(duration(status, now)), age, containers, images, selector]
        }
        "CronJob" => cron_job(object, name, age, now),
        "PodTemplate" => {
            let (containers, images) = self::containers(&object["template"]["spec"]);
            vec![name, containers, images, json!(labels(&object["template"]["metadata"]["labels"]))]
        }
        _ => return None,
    })
}

fn state(status: &Value, spec: &Value) -> String {
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let holds = |sort: &str| conditions.clone().any(|one| one["status"] == "True" && one["type"] == sort);
    if holds("Complete") {
        "Complete".into()
    } else if holds("Failed") {
        "Failed".into()
    } else if holds("Suspended") || spec["suspend"] == true {
        "Suspended".into()
    } else if holds("FailureTarget") {
        "FailureTarget".into()
    } else {
        "Running".into()
    }
}

/// How long a Job has run, or ran.
fn duration(status: &Value, now: Timestamp) -> String {
    let moment = |value: &Value| value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let Some(began) = moment(&status["startTime"]) else { return String::new() };
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let failed = conditions.into_iter().find(|one| one["type"] == "Failed" && one["status"] == "True");
    let ended = moment(&status["completionTime"]).or_else(|| moment(&failed?["lastTransitionTime"]));
    span(ended.unwrap_or(now).duration_since(began).as_secs().max(0))
}

fn cron_job(object: &Value, name: Value, age: Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let last = &status["lastScheduleTime"];
    let last = if last.is_null() { none() } else { since(last, now) };
    let (containers, images) = containers(&spec["jobTemplate"]["spec"]["template"]["spec"]);
    let suspended = if spec["suspend"] == true { "True" } else { "False" };
    let active = status["active"].as_array().map_or(0, Vec::len);
    let selector = labels(&spec["jobTemplate"]["spec"]["selector"]["matchLabels"]);
    vec![
        name,
        json!(text(&spec["schedule"])),
        json!(or_none(&spec["timeZone"])),
        json!(suspended),
        json!(active),
        json!(last),
        age,
        containers,
        images,
        json!(selector),
    ]
}

fn pod(object: &Value, name: Value, age: Value) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let containers = status["containerStatuses"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ready = containers.iter().filter(|one| one["ready"] == true).count();
    let restarts: u64 = containers.iter().filter_map(|one| one["restartCount"].as_u64()).sum();
    let all = spec["containers"].as_array().map_or(0, Vec::len);
    let reason = containers.iter().rev().find_map(|one| {
        let reason = one["state"]["waiting"]["reason"].as_str().or(one["state"]["terminated"]["reason"].as_str());
        reason.map(ToOwned::to_owned)
    });
    let ending = object["metadata"]["deletionTimestamp"].is_string().then(|| "Terminating".to_owned());
    let state = ending.or(reason).unwrap_or_else(|| text(&status["phase"]));
    let (address, node) = (or_none(&status["podIP"]), or_none(&spec["nodeName"]));
    let texts = [address, node, none(), none()].map(Value::from);
    let first = vec![name, json!(format!("{ready}/{all}")), json!(state), json!(restarts.to_string()), age];
    [first, texts.to_vec()].concat()
}

fn containers(spec: &Value) -> (Value, Value) {
    let all = |field: &str| {
        let found = spec["containers"].as_array().into_iter().flatten().map(|one| text(&one[field]));
        json!(found.collect::<Vec<_>>().join(","))
    };
    (all("name"), all("image"))
}
