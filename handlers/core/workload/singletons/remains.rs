//! Whether something that was stopped still runs: its pods, its Jobs, its workflows.
use super::{SingletonKind, is_off};
use crate::resources::answers::{list, number, text};
use crate::resources::object::{describe, name};
use crate::text::few;
use serde_json::Value;

/// So many are named.
const NAMED: usize = 3;

/// What lies around it, where it may still run.
#[derive(Debug, Default)]
pub struct Around {
    /// What a ScaledObject scales.
    pub target: Option<Value>,
    /// The pods that its selector, or that of what it scales, finds.
    pub pods: Vec<Value>,
    /// The Jobs of its namespace.
    pub jobs: Vec<Value>,
}

/// Why it is not stopped yet.
#[must_use]
pub fn remains(kind: SingletonKind, live: &Value, around: &Around) -> Option<String> {
    if !is_off(kind, live) {
        return Some(format!("{} runs", describe(live)));
    }
    match kind {
        SingletonKind::CronJob | SingletonKind::ScaledJob => jobs(live, &around.jobs),
        SingletonKind::CronWorkflow => {
            let active = list(live, "/status/active").len();
            (active > 0).then(|| format!("{}: {active} workflows still run", describe(live)))
        }
        SingletonKind::Deployment | SingletonKind::StatefulSet => pods(live, &around.pods),
        SingletonKind::ScaledObject => {
            let target = around.target.as_ref()?;
            if number(target, "/spec/replicas") != Some(0) {
                return Some(format!("{} was not scaled to 0 yet", describe(target)));
            }
            pods(target, &around.pods)
        }
    }
}

fn pods(owner: &Value, pods: &[Value]) -> Option<String> {
    let owner_name = describe(owner);
    if number(owner, "/status/observedGeneration") < number(owner, "/metadata/generation") {
        return Some(format!("{owner_name} was not looked at by its controller yet"));
    }
    let has_ended = |pod: &Value| matches!(text(pod, "/status/phase"), "Succeeded" | "Failed");
    let left: Vec<_> = pods.iter().filter(|pod| !has_ended(pod)).map(|pod| name(pod).to_owned()).collect();
    (!left.is_empty()).then(|| format!("{owner_name}: still there are the pods {}", few(&left, NAMED, ", ")))
}

/// Whether an object is another's.
pub(super) fn is_of(object: &Value, owner: &Value) -> bool {
    let uid = text(owner, "/metadata/uid");
    list(object, "/metadata/ownerReferences").iter().any(|one| text(one, "/uid") == uid)
}

fn jobs(owner: &Value, jobs: &[Value]) -> Option<String> {
    let is_its = |job: &&Value| is_of(job, owner);
    let has_ended = |job: &Value| {
        let ends = |one: &Value| matches!(text(one, "/type"), "Complete" | "Failed") && text(one, "/status") == "True";
        list(job, "/status/conditions").iter().any(ends)
    };
    let left: Vec<_> =
        jobs.iter().filter(is_its).filter(|job| !has_ended(job)).map(|job| name(job).to_owned()).collect();
    (!left.is_empty()).then(|| format!("{}: still running are the Jobs {}", describe(owner), few(&left, NAMED, ", ")))
}
