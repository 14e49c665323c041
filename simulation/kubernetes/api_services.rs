//! APIServices: the groups that the server serves itself, and those for which it would ask somebody else.
use super::{conditions::set_condition, discovery, objects::Objects};
use jiff::Timestamp;
use serde_json::{Value, json};

const SERVICES: &str = "apiservices.apiregistration.k8s.io";

/// One for each group and version that is served from the beginning.
pub(super) fn make_local(objects: &mut Objects, now: Timestamp) {
    let served =
        discovery::served(&objects.kinds).into_iter().map(|(group, version)| (group.to_owned(), version.to_owned()));
    let served: Vec<(String, String)> = [(String::new(), "v1".to_owned())].into_iter().chain(served).collect();
    for (group, version) in served {
        let labels = json!({"kube-aggregator.kubernetes.io/automanaged": "onstart"});
        let mut status = json!({});
        set_condition(&mut status, "Available", "True", "Local", "Local APIServices are always available", now);
        let priority = if group.is_empty() { 18_000 } else { 17_500 };
        let object = json!({
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
            "metadata": {"name": format!("{version}.{group}"), "labels": labels},
            "spec": {"group": group, "version": version, "groupPriorityMinimum": priority, "versionPriority": 15},
            "status": status,
        });
        objects.make(SERVICES, "", object, now);
    }
}

/// Says of each that leads to a Service whether somebody is behind that.
pub(super) fn run(objects: &mut Objects, now: Timestamp) {
    let far = objects.store.all(SERVICES).filter(|(_, object)| object["spec"]["service"].is_object());
    let far: Vec<_> = far.map(|(name, object)| (name.clone(), std::sync::Arc::clone(object))).collect();
    for (name, object) in far {
        let (value, reason, message) = reachable(objects, &object["spec"]["service"]);
        let mut status = object["status"].clone();
        if !status.is_object() {
            status = json!({});
        }
        set_condition(&mut status, "Available", value, reason, &message, now);
        objects.store.put_status(SERVICES, &name, &object, status);
    }
}

fn reachable(objects: &Objects, service: &Value) -> (&'static str, &'static str, String) {
    let text = |member: &str| service[member].as_str().unwrap_or_default();
    let (space, name) = (text("namespace"), text("name"));
    if objects.store.get("services", space, name).is_none() {
        return ("False", "ServiceNotFound", format!("service/{name} in {space:?} is not present"));
    }
    let Some(ends) = objects.store.get("endpoints", space, name) else {
        return ("False", "EndpointsNotFound", format!("cannot find endpoints for service/{name} in {space:?}"));
    };
    let mut subsets = ends["subsets"].as_array().into_iter().flatten();
    if subsets.any(|subset| subset["addresses"].as_array().is_some_and(|list| !list.is_empty())) {
        return ("True", "Passed", "all checks passed".into());
    }
    let message = format!("endpoints for service/{name} in {space:?} have no addresses with port name \"\"");
    ("False", "MissingEndpoints", message)
}
