//! What a server refuses of objects whose members it knows: the rules that people break most often (its answer 422).
use crate::resources::answers::{list, text};
use serde_json::Value;
use std::collections::BTreeSet;

/// The rules that this object breaks, in words.
#[must_use]
pub fn broken(object: &Value) -> Vec<String> {
    let mut said = vec![];
    match text(object, "/kind") {
        "Deployment" | "DaemonSet" | "StatefulSet" | "ReplicaSet" => {
            selector(object, &mut said);
            of_pod(&object["spec"]["template"]["spec"], "spec.template.spec", &claims(object), &mut said);
        }
        "Job" => of_job(&object["spec"], "spec", &mut said),
        "CronJob" => {
            schedule(text(object, "/spec/schedule"), &mut said);
            of_job(&object["spec"]["jobTemplate"]["spec"], "spec.jobTemplate.spec", &mut said);
        }
        "Pod" => of_pod(&object["spec"], "spec", &BTreeSet::new(), &mut said),
        "Service" => of_service(object, &mut said),
        "Ingress" => of_ingress(object, &mut said),
        "ConfigMap" | "Secret" => keys(object, &mut said),
        _ => {}
    }
    labels(object, &mut said);
    // What a placeholder stands for is not known yet.
    said.retain(|what| !what.contains("${"));
    said
}

fn selector(object: &Value, said: &mut Vec<String>) {
    let wanted = &object["spec"]["selector"];
    let labels = &object["spec"]["template"]["metadata"]["labels"];
    let matches = wanted["matchLabels"].as_object();
    let is_there = wanted.is_object();
    if is_there && matches.is_none_or(serde_json::Map::is_empty) && list(wanted, "/matchExpressions").is_empty() {
        said.push("spec.selector must name labels of its pods".into());
    }
    for (key, value) in matches.into_iter().flatten().filter(|(key, value)| labels.get(key.as_str()) != Some(value)) {
        said.push(format!("spec.selector wants the label {key}: {value}, which spec.template.metadata.labels has not"));
    }
}

fn of_job(spec: &Value, at: &str, said: &mut Vec<String>) {
    let pod = &spec["template"]["spec"];
    let policy = text(pod, "/restartPolicy");
    if !matches!(policy, "Never" | "OnFailure") {
        said.push(format!("{at}.template.spec.restartPolicy must be Never or OnFailure for a Job, and is {policy:?}"));
    }
    of_pod(pod, &format!("{at}.template.spec"), &BTreeSet::new(), said);
}

fn claims(object: &Value) -> BTreeSet<&str> {
    list(object, "/spec/volumeClaimTemplates").iter().map(|claim| text(claim, "/metadata/name")).collect()
}

fn of_pod<'a>(pod: &'a Value, at: &str, claims: &BTreeSet<&'a str>, said: &mut Vec<String>) {
    let containers = list(pod, "/containers");
    if pod["containers"].is_array() && containers.is_empty() {
        said.push(format!("{at}.containers must have a container at least"));
    }
    let volumes: BTreeSet<_> =
        list(pod, "/volumes").iter().map(|volume| text(volume, "/name")).chain(claims.iter().copied()).collect();
    let mut names = BTreeSet::new();
    for container in containers.iter().chain(list(pod, "/initContainers")) {
        let name = text(container, "/name");
        if !is_label(name) {
            said.push(format!("{at}: a container's name has lower-case letters, digits and - alone, and is {name:?}"));
        }
        if !names.insert(name) {
            said.push(format!("{at}: two containers are called {name}"));
        }
        if text(container, "/image").is_empty() {
            said.push(format!("{at}: the container {name} has no image"));
        }
        let mounts = list(container, "/volumeMounts").iter().map(|mount| text(mount, "/name"));
        for mount in mounts.filter(|mount| !volumes.contains(mount)) {
            said.push(format!("{at}: the container {name} mounts {mount:?}, which is in no volumes"));
        }
        for variable in list(container, "/env").iter().filter(|variable| text(variable, "/name").is_empty()) {
            said.push(format!("{at}: the container {name} has a variable without a name: {variable}"));
        }
        ports(list(container, "/ports"), "containerPort", &format!("{at}: the container {name}"), said);
    }
    for volume in list(pod, "/volumes") {
        for mode in modes(volume).filter(|mode| !(0..=0o777).contains(mode)) {
            said.push(format!(
                "{at}: the volume {} has the mode {mode}, which must lie between 0 and 0777 (511): write it in octal",
                text(volume, "/name")
            ));
        }
    }
}

/// The modes of a volume's files, wherever they stand.
fn modes(value: &Value) -> Box<dyn Iterator<Item = i64> + '_> {
    match value {
        Value::Object(members) => Box::new(members.iter().flat_map(|(name, member)| match member.as_i64() {
            Some(mode) if matches!(name.as_str(), "defaultMode" | "mode") => Box::new(std::iter::once(mode)),
            _ => modes(member),
        })),
        Value::Array(items) => Box::new(items.iter().flat_map(modes)),
        _ => Box::new(std::iter::empty()),
    }
}

fn ports(ports: &[Value], member: &str, of: &str, said: &mut Vec<String>) {
    for port in ports {
        if !port[member].as_i64().is_some_and(|port| (1..=65535).contains(&port)) {
            said.push(format!("{of} has the {member} {}, which must lie between 1 and 65535", port[member]));
        }
    }
}

fn of_service(service: &Value, said: &mut Vec<String>) {
    if !is_label(text(service, "/metadata/name")) {
        said.push("the name of a Service has at most 63 lower-case letters, digits and -".into());
    }
    let all = list(service, "/spec/ports");
    if all.is_empty() && text(service, "/spec/type") != "ExternalName" && service["spec"]["clusterIP"] != "None" {
        said.push("spec.ports must have a port at least".into());
    }
    ports(all, "port", "it", said);
    let names: BTreeSet<_> = all.iter().map(|port| text(port, "/name")).collect();
    if all.len() > 1 && (names.len() < all.len() || names.contains("")) {
        said.push("spec.ports: of several ports each needs a name of its own".into());
    }
}

fn of_ingress(ingress: &Value, said: &mut Vec<String>) {
    if text(ingress, "/apiVersion") != "networking.k8s.io/v1" {
        return;
    }
    for path in list(ingress, "/spec/rules").iter().flat_map(|rule| list(rule, "/http/paths")) {
        let kind = text(path, "/pathType");
        if !matches!(kind, "Exact" | "Prefix" | "ImplementationSpecific") {
            said.push(format!("spec.rules: pathType must be Exact, Prefix or ImplementationSpecific, and is {kind:?}"));
        }
        let service = &path["backend"]["service"];
        if !service.is_null() && text(service, "/port/name").is_empty() && !service["port"]["number"].is_number() {
            said.push("spec.rules: a backend's service needs port.number or port.name".into());
        }
    }
}

fn keys(object: &Value, said: &mut Vec<String>) {
    let maps = ["data", "binaryData", "stringData"];
    for key in maps.iter().filter_map(|map| object[*map].as_object()).flat_map(|map| map.keys()) {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if key.is_empty() || key.len() > 253 || !key.chars().all(is_allowed) {
            said.push(format!("a key of its data has letters, digits, -, _ and . alone, and is {key:?}"));
        }
    }
}

fn schedule(schedule: &str, said: &mut Vec<String>) {
    if !schedule.starts_with('@') && schedule.split_whitespace().count() != 5 && !schedule.starts_with("TZ=") {
        said.push(format!("spec.schedule has five fields, as \"0 3 * * *\", and is {schedule:?}"));
    }
}

fn labels(object: &Value, said: &mut Vec<String>) {
    for place in ["/metadata/labels", "/spec/template/metadata/labels"] {
        let labels = object.pointer(place).and_then(Value::as_object);
        for (key, value) in labels.into_iter().flatten() {
            let name = key.rsplit('/').next().unwrap_or_default();
            let is_well = value.as_str().is_none_or(|value| value.is_empty() || is_label_value(value));
            if !is_label_value(name) || !is_well {
                said.push(format!(
                    "the label {key}: {value} is none: at most 63 letters, digits, -, _ and ., a letter or digit at its ends"
                ));
            }
        }
    }
}

fn is_label_value(value: &str) -> bool {
    let is_end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    value.len() <= 63 && is_end(value.chars().next()) && is_end(value.chars().last()) && value.chars().all(is_allowed)
}

fn is_label(name: &str) -> bool {
    name.contains("${") || (is_label_value(name) && !name.contains(['_', '.', ' ']) && name.to_lowercase() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_server_would_refuse_is_said() {
        let labels = json!({"app": "web"});
        let well = json!({"kind": "Deployment", "metadata": {"name": "web", "labels": {"app.kubernetes.io/name": "web"}}, "spec": {
            "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {
                "containers": [{"name": "web", "image": "w", "ports": [{"containerPort": 80}], "volumeMounts": [{"name": "a"}]}],
                "volumes": [{"name": "a", "secret": {"secretName": "a", "defaultMode": 256}}]}}}});
        assert_eq!(broken(&well), Vec::<String>::new());
        let said = |change: fn(&mut Value)| {
            let mut object = well.clone();
            change(&mut object);
            broken(&object).join("\n")
        };
        for (said, words) in [
            (said(|it| it["spec"]["selector"]["matchLabels"]["app"] = json!("wbe")), "wants the label app: \"wbe\""),
            (said(|it| it["spec"]["selector"] = json!({})), "must name labels"),
            (said(|it| it["spec"]["template"]["spec"]["containers"] = json!([])), "a container at least"),
            (said(|it| it["spec"]["template"]["spec"]["containers"][0]["image"] = json!("")), "has no image"),
            (said(|it| it["spec"]["template"]["spec"]["volumes"][0]["name"] = json!("b")), "in no volumes"),
            (
                said(|it| it["spec"]["template"]["spec"]["volumes"][0]["secret"]["defaultMode"] = json!(755)),
                "the mode 755, which must lie between",
            ),
            (
                said(|it| it["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerPort"] = json!(70000)),
                "between 1 and 65535",
            ),
            (said(|it| it["metadata"]["labels"]["x"] = json!("not a label")), "the label x"),
        ] {
            assert!(said.contains(words), "{words}: {said}");
        }
    }

    #[test]
    fn the_rules_of_other_kinds_are_known_too() {
        let pod = json!({"spec": {"containers": [{"name": "a", "image": "a"}]}});
        for (object, words) in [
            (json!({"kind": "Job", "spec": {"template": pod}}), "must be Never or OnFailure"),
            (
                json!({"kind": "CronJob", "spec": {"schedule": "hourly", "jobTemplate": {"spec": {"template": pod}}}}),
                "five fields",
            ),
            (
                json!({"kind": "Service", "metadata": {"name": "a.b"}, "spec": {"ports": [{"port": 80}]}}),
                "name of a Service",
            ),
            (
                json!({"kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}, {"port": 81}]}}),
                "needs a name of its own",
            ),
            (
                json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "spec": {"rules": [{"http": {"paths": [
                    {"path": "/", "backend": {"service": {"name": "web"}}}]}}]}}),
                "pathType must be",
            ),
            (json!({"kind": "ConfigMap", "data": {"a b": "c"}}), "a key of its data"),
        ] {
            let said = broken(&object).join("\n");
            assert!(said.contains(words), "{words}: {said}");
        }
        let templated =
            json!({"kind": "Service", "metadata": {"name": "a-${slot.colour}"}, "spec": {"ports": [{"port": 80}]}});
        assert_eq!(broken(&templated), Vec::<String>::new());
    }
}
