//! Pods: the scheduler gives them a node, their kubelet starts them, and how their images behave.
use super::{
    conditions::{has_finalizers, owned_by, set_condition},
    moments::second,
    names::{hash, letters},
    selectors::contains_labels,
    server::Server,
    store::Name,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

const RUNNING_AFTER: i64 = 10;
const READY_AFTER: i64 = 20;
const SLOWLY_READY_AFTER: i64 = 300;
const FLAPS_EVERY: i64 = 45;
const JOB_TAKES: i64 = 30;
/// A pod that was told to end is gone so many seconds after.
pub(crate) const ENDS_AFTER: i64 = 10;

/// The machine that a DaemonSet's pod is for.
pub(super) fn pinned_to(pod: &Value) -> Option<&str> {
    let terms = &pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    terms["nodeSelectorTerms"][0]["matchFields"][0]["values"][0].as_str()
}

/// How a pod behaves, by the names of its images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behaviour {
    Normal,
    Slow,
    NeverReady,
    Flapping,
}

/// What is not in a pod's object: its place in time.
#[derive(Clone, Debug)]
pub(super) struct PodState {
    behaviour: Behaviour,
    /// It ends by itself, as a Job's pods do.
    finishes: bool,
    node: Option<String>,
    scheduled: Option<Timestamp>,
    ends: Option<Timestamp>,
    address: String,
    /// What the object showed last.
    shown: Option<Stage>,
}

/// What of a pod's state its object shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stage {
    scheduled: bool,
    running: bool,
    ready: bool,
    finished: bool,
}

impl PodState {
    pub fn moments(&mut self) -> impl Iterator<Item = &mut Timestamp> {
        self.scheduled.iter_mut().chain(self.ends.iter_mut())
    }

    fn first_ready(&self) -> Option<Timestamp> {
        let wait = match self.behaviour {
            Behaviour::Normal | Behaviour::Flapping => READY_AFTER,
            Behaviour::Slow => SLOWLY_READY_AFTER,
            Behaviour::NeverReady => return None,
        };
        Some(later(self.scheduled?, wait))
    }

    fn finished_at(&self) -> Option<Timestamp> {
        let fails = self.behaviour == Behaviour::NeverReady;
        self.scheduled.filter(|_| self.finishes && !fails).map(|scheduled| later(scheduled, JOB_TAKES))
    }

    fn finished(&self, now: Timestamp) -> bool {
        self.finished_at().is_some_and(|at| at <= now)
    }

    fn ready(&self, now: Timestamp) -> bool {
        let Some(first) = self.first_ready().filter(|first| *first <= now) else { return false };
        let turns = now.duration_since(first).as_secs() / FLAPS_EVERY;
        self.ends.is_none() && !self.finished(now) && (self.behaviour != Behaviour::Flapping || turns % 2 == 0)
    }

    fn stage(&self, broken: bool, now: Timestamp) -> Stage {
        let (ready, finished) = (self.ready(now) && !broken, self.finished(now));
        let started = self.scheduled.is_some_and(|scheduled| later(scheduled, RUNNING_AFTER) <= now);
        Stage { scheduled: self.scheduled.is_some(), running: started || ready || finished, ready, finished }
    }

    /// The next moment after `now` at which this pod changes by itself.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        if let Some(ends) = self.ends {
            return Some(ends);
        }
        let first = self.first_ready();
        let next = match first {
            Some(first) if first <= now && self.behaviour == Behaviour::Flapping => {
                let turns = now.duration_since(first).as_secs() / FLAPS_EVERY;
                Some(later(first, (turns + 1) * FLAPS_EVERY))
            }
            _ => first,
        };
        let running = self.scheduled.map(|scheduled| later(scheduled, RUNNING_AFTER));
        [next, running, self.finished_at()].into_iter().flatten().filter(|moment| *moment > now).min()
    }
}

fn later(moment: Timestamp, seconds: i64) -> Timestamp {
    moment.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

impl Server {
    /// Makes a pod from its controller's template.
    pub(super) fn make_pod(
        &mut self,
        owner: &Value,
        name: Option<&str>,
        more_labels: &Value,
        node: Option<&str>,
        now: Timestamp,
    ) {
        let template = &owner["spec"]["template"];
        let namespace = owner["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
        let prefix = owner["metadata"]["name"].as_str().unwrap_or_default();
        let name = name.map_or_else(|| format!("{prefix}-{}", letters(self.issue(), 5)), ToOwned::to_owned);
        let mut labels = template["metadata"]["labels"].as_object().cloned().unwrap_or_default();
        labels.extend(more_labels.as_object().cloned().unwrap_or_default());
        let mut object = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "generateName": format!("{prefix}-"), "labels": labels, "ownerReferences": owned_by(owner)},
            "spec": template["spec"], "status": {"phase": "Pending"},
        });
        if template["metadata"]["annotations"].is_object() {
            object["metadata"]["annotations"] = template["metadata"]["annotations"].clone();
        }
        if let Some(node) = node {
            let field = json!([{"key": "metadata.name", "operator": "In", "values": [node]}]);
            let terms = json!({"nodeSelectorTerms": [{"matchFields": field}]});
            let affinity = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}});
            super::merge::merge_patch(&mut object, &json!({"spec": {"affinity": affinity}}));
        }
        self.make("pods", &namespace, object, now);
    }

    pub(super) fn run_pods(&mut self, now: Timestamp) {
        self.pods.retain(|(namespace, name), _| self.store.get("pods", namespace, name).is_some());
        let usable = self.usable_nodes(now);
        let broken = self.is_broken(now);
        for (name, object) in self.store.copy("pods") {
            if !self.pods.contains_key(&name) {
                let state = self.new_pod(&object);
                self.pods.insert(name.clone(), state);
            }
            let Some(state) = self.pods.get_mut(&name) else { continue };
            if object["metadata"]["deletionTimestamp"].is_string() && state.ends.is_none() {
                // What was never scheduled has nothing to end.
                state.ends = Some(if state.scheduled.is_some() { later(now, ENDS_AFTER) } else { now });
            }
            let machine_gone = state.node.as_ref().is_some_and(|node| !self.nodes.contains_key(node));
            let ended = state.ends.is_some_and(|ends| ends <= now) && !has_finalizers(&object);
            if machine_gone || ended {
                self.drop_object("pods", &name);
                continue;
            }
            if state.scheduled.is_none() && state.ends.is_none() {
                let pinned = pinned_to(&object);
                let fits = |labels: &Value| match (labels.as_object(), object["spec"]["nodeSelector"].as_object()) {
                    (Some(labels), Some(wanted)) => contains_labels(labels, wanted),
                    (_, wanted) => wanted.is_none_or(Map::is_empty),
                };
                let candidates: Vec<&String> = usable
                    .iter()
                    .filter(|(node, labels)| pinned.is_none_or(|pinned| pinned == node) && fits(labels))
                    .map(|(node, _)| node)
                    .collect();
                if let Some(node) = candidates.get(hash(name.1.as_bytes()) as usize % candidates.len().max(1)) {
                    state.node = Some((*node).clone());
                    state.scheduled = Some(now);
                }
            }
            let stage = state.stage(broken, now);
            if state.shown.replace(stage) != Some(stage) {
                let updated = show(&object, state, stage, now);
                self.store.put("pods", &name, updated);
            }
        }
    }

    fn new_pod(&mut self, object: &Value) -> PodState {
        let images = object["spec"]["containers"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|container| container["image"].as_str());
        let images: String = images.collect::<Vec<_>>().join(" ");
        let behaviour = match images {
            images if images.contains("never-ready") => Behaviour::NeverReady,
            images if images.contains("flapping") => Behaviour::Flapping,
            images if images.contains("slow") => Behaviour::Slow,
            _ => Behaviour::Normal,
        };
        let finishes = matches!(object["spec"]["restartPolicy"].as_str(), Some("Never" | "OnFailure"));
        let number = self.issue();
        let address = format!("10.244.{}.{}", number % 256, number / 256 % 254 + 1);
        PodState { behaviour, finishes, node: None, scheduled: None, ends: None, address, shown: None }
    }

    /// Whether this pod gets traffic now.
    pub(super) fn is_ready(object: &Value) -> bool {
        let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
        conditions.into_iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
            && object["metadata"]["deletionTimestamp"].is_null()
    }

    /// The pods of a controller: name and object.
    pub(super) fn pods_of(&self, owner: &Value) -> Vec<(Name, std::sync::Arc<Value>)> {
        let mine = self.store.all("pods").filter(|(_, object)| super::conditions::is_owned_by(object, owner));
        mine.map(|(name, object)| (name.clone(), std::sync::Arc::clone(object))).collect()
    }
}

/// The pod's object as it is now.
fn show(object: &Value, state: &PodState, stage: Stage, now: Timestamp) -> Value {
    let mut object = object.clone();
    let (Some(node), Some(scheduled)) = (&state.node, state.scheduled) else {
        let message = "0 nodes are available: no node is ready and matches the pod's node selector.";
        set_condition(&mut object["status"], "PodScheduled", "False", "Unschedulable", message, now);
        object["status"]["phase"] = json!("Pending");
        return object;
    };
    object["spec"]["nodeName"] = json!(node);
    let Stage { running, ready, finished, .. } = stage;
    let status = &mut object["status"];
    status["phase"] = json!(if finished {
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
            let state = if finished {
                json!({"terminated": {"exitCode": 0, "reason": "Completed"}})
            } else if running {
                json!({"running": {"startedAt": second(scheduled)}})
            } else {
                json!({"waiting": {"reason": "ContainerCreating"}})
            };
            json!({"name": container["name"], "image": container["image"], "imageID": "", "ready": ready, "started": running, "restartCount": 0, "state": state})
        })
        .collect();
    object["status"]["containerStatuses"] = json!(containers);
    object
}
