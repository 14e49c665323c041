//! What a pod's object shows of its state. Pure.
use super::state::{PodState, Stage};
use crate::kubernetes::{conditions::set_condition, moments::second};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The pod's object as it is now.
pub(super) fn show(object: &Value, state: &PodState, stage: Stage, now: Timestamp) -> Value {
    let mut object = object.clone();
    let (Some(node), Some(scheduled)) = (&state.node, state.scheduled) else {
        let message = "0 nodes are available: no node is ready and matches the pod's node selector.";
        set_condition(&mut object["status"], "PodScheduled", "False", "Unschedulable", message, now);
        object["status"]["phase"] = json!("Pending");
        return object;
    };
    object["spec"]["nodeName"] = json!(node);
    let Stage { pulls, running, ready, finished, failed, .. } = stage;
    let status = &mut object["status"];
    status["phase"] = json!(if failed {
        "Failed"
    } else if finished {
        "Succeeded"
    } else if running {
        "Running"
    } else {
        "Pending"
    });
    status["podIP"] = json!(state.address);
    status["podIPs"] = json!([{"ip": state.address}]);
    status["startTime"] = json!(second(scheduled));
    set_condition(status, "PodScheduled", "True", "", "", now);
    set_condition(status, "Initialized", "True", if finished { "PodCompleted" } else { "" }, "", now);
    let (value, reason) = match (ready, finished) {
        (true, _) => ("True", ""),
        (false, true) => ("False", "PodCompleted"),
        (false, false) => ("False", "ContainersNotReady"),
    };
    set_condition(status, "ContainersReady", value, reason, "", now);
    set_condition(status, "Ready", value, reason, "", now);
    let containers = object["spec"]["containers"].as_array().into_iter().flatten();
    let containers: Vec<Value> = containers
        .map(|container| {
            let shown = if failed {
                terminated(&state.says)
            } else if finished {
                json!({"terminated": {"exitCode": 0, "reason": "Completed"}})
            } else if running {
                json!({"running": {"startedAt": second(scheduled)}})
            } else if pulls {
                let message = format!("Back-off pulling image {}: ErrImagePull: 401 Unauthorized", container["image"]);
                json!({"waiting": {"reason": "ImagePullBackOff", "message": message}})
            } else {
                json!({"waiting": {"reason": "ContainerCreating"}})
            };
            json!({"name": container["name"], "image": container["image"], "imageID": "", "ready": ready, "started": running, "restartCount": 0, "state": shown})
        })
        .collect();
    object["status"]["containerStatuses"] = json!(containers);
    object
}

/// How a container failed, and what it said.
fn terminated(says: &str) -> Value {
    let mut terminated = json!({"exitCode": 1, "reason": "Error"});
    if !says.is_empty() {
        terminated["message"] = json!(says);
    }
    json!({"terminated": terminated})
}
