//! Pure: ResourceQuotas: what is used of them, and what would be too much.
use super::quantities::{shown, thousandths};
use crate::kubernetes::{kinds::Kind, objects::Objects, refusal::Refusal, store::Store};
use serde_json::{Map, Value, json};

/// Old names of counts.
const COUNTS: &[&str] = &[
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "services",
];

/// Refuses a new object for which a quota of its namespace leaves no room.
pub(super) fn hold(objects: &Objects, kind: &Kind, object: &Value) -> Result<(), Refusal> {
    let metadata = &object["metadata"];
    let (space, name) =
        (metadata["namespace"].as_str().unwrap_or_default(), metadata["name"].as_str().unwrap_or_default());
    for ((_, quota_name), quota) in objects.store.all("resourcequotas").filter(|((own, _), _)| own == space) {
        let (mut requested, mut used, mut limited) = (vec![], vec![], vec![]);
        for (key, hard) in quota["spec"]["hard"].as_object().into_iter().flatten() {
            let Some(amount) = amount_of(key, &kind.resource(), object) else { continue };
            let Some(amount) = amount else {
                let containers = unsaid(key, object).join(",");
                let why = format!("failed quota: {quota_name}: must specify {key} for: {containers}");
                return Err(Refusal::forbidden(kind, name, &why));
            };
            let (before, most) = (usage(&objects.store, space, key), read(hard).unwrap_or(0));
            if amount > 0 && before + amount > most {
                let binary = key.contains("memory") || key.contains("storage");
                requested.push(format!("{key}={}", shown(amount, binary)));
                used.push(format!("{key}={}", shown(before, binary)));
                limited.push(format!("{key}={}", shown(most, binary)));
            }
        }
        if !requested.is_empty() {
            for list in [&mut requested, &mut used, &mut limited] {
                list.sort();
            }
            let why = format!(
                "exceeded quota: {quota_name}, requested: {}, used: {}, limited: {}",
                requested.join(","),
                used.join(","),
                limited.join(",")
            );
            return Err(Refusal::forbidden(kind, name, &why));
        }
    }
    Ok(())
}

/// Writes into each quota what is used of it.
pub(in crate::kubernetes) fn run(objects: &mut Objects) {
    for (name, quota) in objects.store.copy("resourcequotas") {
        let hard = quota["spec"]["hard"].as_object().cloned().unwrap_or_default();
        let used: Map<String, Value> = hard
            .keys()
            .map(|key| {
                let binary = key.contains("memory") || key.contains("storage");
                (key.clone(), json!(shown(usage(&objects.store, &name.0, key), binary)))
            })
            .collect();
        objects.store.put_status("resourcequotas", &name, &quota, json!({"hard": hard, "used": used}));
    }
}

/// How much an object takes: `None`, it has nothing to do with this; `Some(None)`, it does not say.
#[expect(clippy::option_option, reason = "nothing to do with it, and not said, are two things")]
fn amount_of(key: &str, resource: &str, object: &Value) -> Option<Option<i128>> {
    let counts =
        key.strip_prefix("count/").unwrap_or(key) == resource && (key.starts_with("count/") || COUNTS.contains(&key));
    if counts {
        return Some(Some(1000));
    }
    match (key, resource) {
        ("services.loadbalancers", "services") => {
            Some(Some(if object["spec"]["type"] == "LoadBalancer" { 1000 } else { 0 }))
        }
        ("services.nodeports", "services") => {
            let ports = object["spec"]["ports"].as_array().into_iter().flatten();
            i128::try_from(ports.filter(|port| port["nodePort"].is_u64()).count()).ok().map(|count| Some(count * 1000))
        }
        ("requests.storage", "persistentvolumeclaims") => {
            Some(read(&object["spec"]["resources"]["requests"]["storage"]))
        }
        (_, "pods") => {
            let (part, member) = compute(key)?;
            let containers = object["spec"]["containers"].as_array().into_iter().flatten();
            Some(containers.map(|one| read(&one["resources"][part][member])).sum())
        }
        _ => None,
    }
}

/// Where a container says it: `limits.cpu`, and `cpu` for `requests.cpu`.
fn compute(key: &str) -> Option<(&'static str, &str)> {
    let (part, member) = match key.split_once('.') {
        Some(("limits", member)) => ("limits", member),
        Some(("requests", member)) => ("requests", member),
        Some(_) => return None,
        None => ("requests", key),
    };
    matches!(member, "cpu" | "memory").then_some((part, member))
}

fn unsaid(key: &str, pod: &Value) -> Vec<String> {
    let Some((part, member)) = compute(key) else { return vec![] };
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    let silent = containers.filter(|one| one["resources"][part][member].is_null());
    silent.map(|one| one["name"].as_str().unwrap_or_default().to_owned()).collect()
}

/// What all objects of a namespace take together. Pods that have ended take nothing.
fn usage(store: &Store, space: &str, key: &str) -> i128 {
    let resource = match key {
        key if COUNTS.contains(&key) => key,
        key if key.starts_with("services.") => "services",
        "requests.storage" => "persistentvolumeclaims",
        key => key.strip_prefix("count/").unwrap_or("pods"),
    };
    let ended = |object: &Value| {
        resource == "pods" && matches!(object["status"]["phase"].as_str(), Some("Succeeded" | "Failed"))
    };
    let all = store.all(resource).filter(|((own, _), object)| own == space && !ended(object));
    all.filter_map(|(_, object)| amount_of(key, resource, object).flatten()).sum()
}

fn read(value: &Value) -> Option<i128> {
    match value {
        Value::String(text) => thousandths(text),
        Value::Number(number) => thousandths(&number.to_string()),
        _ => None,
    }
}
