//! The pods that an object makes, whatever its kind.
use crate::resources::answers::list;
use serde_json::Value;

/// Where a template of pods lies.
const TEMPLATES: [&str; 3] = ["/spec/jobTemplate/spec/template", "/spec/template", "/template"];
const CONTAINERS: [&str; 2] = ["/spec/containers", "/spec/initContainers"];

/// A pod, or what is made like one: its `metadata` and its `spec`.
pub(crate) fn pod_of(object: &Value) -> Option<&Value> {
    if object["kind"] == "Pod" {
        return Some(object);
    }
    let mut templates = TEMPLATES.iter().filter_map(|place| object.pointer(place));
    templates.find(|template| template["spec"]["containers"].is_array())
}

/// Its containers, those that run first included.
pub(crate) fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    CONTAINERS.iter().flat_map(|place| list(pod, place))
}

/// Whether one of its containers has a port of this name.
pub(crate) fn has_port(pod: &Value, name: &str) -> bool {
    containers(pod).flat_map(|container| list(container, "/ports")).any(|port| port["name"] == name)
}
