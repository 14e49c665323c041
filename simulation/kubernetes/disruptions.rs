//! PodDisruptionBudgets: what they allow now, and evictions that they do not.
use super::{
    conditions::{set_condition, share_of},
    objects::Objects,
    pods::is_ready,
    refusal::Refusal,
    store::Name,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

const BUDGETS: &str = "poddisruptionbudgets.policy";

/// Writes into each budget how many of its pods may be disturbed.
pub(super) fn run(objects: &mut Objects, now: Timestamp) {
    for (name, budget) in objects.store.copy(BUDGETS) {
        let allowed = Allowed::of(objects, &name, &budget);
        let mut status = budget["status"].clone();
        if !status.is_object() {
            status = json!({});
        }
        for (member, count) in [
            ("disruptionsAllowed", allowed.disruptions()),
            ("currentHealthy", allowed.healthy),
            ("desiredHealthy", allowed.wanted),
            ("expectedPods", allowed.pods),
        ] {
            status[member] = json!(count);
        }
        status["observedGeneration"] = budget["metadata"]["generation"].clone();
        let (value, reason) =
            if allowed.disruptions() > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
        set_condition(&mut status, "DisruptionAllowed", value, reason, "", now);
        objects.store.put_status(BUDGETS, &name, &budget, status);
    }
}

struct Allowed {
    pods: u64,
    healthy: u64,
    wanted: u64,
}

impl Allowed {
    fn of(objects: &Objects, (space, _): &Name, budget: &Value) -> Self {
        let own = objects.store.all("pods").filter(|((own, _), pod)| own == space && covers(budget, pod));
        let (mut pods, mut healthy) = (0, 0);
        for (_, pod) in own {
            pods += 1;
            healthy += u64::from(is_ready(pod));
        }
        let (least, most) = (&budget["spec"]["minAvailable"], &budget["spec"]["maxUnavailable"]);
        let wanted =
            if most.is_null() { share_of(least, pods, true) } else { pods.saturating_sub(share_of(most, pods, true)) };
        Self { pods, healthy, wanted }
    }

    fn disruptions(&self) -> u64 {
        if self.pods == 0 { 0 } else { self.healthy.saturating_sub(self.wanted) }
    }
}

/// An empty selector means every pod of the namespace.
fn covers(budget: &Value, pod: &Value) -> bool {
    let selector = &budget["spec"]["selector"];
    let is_empty = selector.as_object().is_some_and(Map::is_empty);
    is_empty || ::kinds::rules::selects(selector, &pod["metadata"]["labels"])
}

/// Refuses an eviction for which a budget has no room, and else takes it off the budget. What is not ready yet, or ends
/// anyway, needs none.
pub(super) fn allow(objects: &mut Objects, pod: &Value, dry_run: bool) -> Result<(), Refusal> {
    let space = pod["metadata"]["namespace"].as_str().unwrap_or_default();
    let over = matches!(pod["status"]["phase"].as_str(), Some("Pending" | "Succeeded" | "Failed"));
    if over || pod["metadata"]["deletionTimestamp"].is_string() {
        return Ok(());
    }
    let mine: Vec<_> = objects
        .store
        .all(BUDGETS)
        .filter(|((own, _), budget)| own == space && covers(budget, pod))
        .map(|(name, budget)| (name.clone(), std::sync::Arc::clone(budget)))
        .collect();
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    match mine.as_slice() {
        [] => Ok(()),
        [(name, budget)] => {
            let allowed = Allowed::of(objects, name, budget);
            // What is shown counts: evictions that it knows of are taken off it at once.
            let left = budget["status"]["disruptionsAllowed"].as_u64().unwrap_or(0).min(allowed.disruptions());
            if left > 0 || !is_ready(pod) && allowed.healthy >= allowed.wanted && allowed.wanted > 0 {
                if !dry_run && left > 0 {
                    let mut status = budget["status"].clone();
                    status["disruptionsAllowed"] = json!(left - 1);
                    objects.store.put_status(BUDGETS, name, budget, status);
                }
                return Ok(());
            }
            Err(too_many(&name.1, &allowed))
        }
        _ => Err(Refusal::new(
            500,
            "InternalError",
            format!(
                "Internal error occurred: pod {name:?} has more than one PodDisruptionBudget, which the eviction subresource does not support."
            ),
        )),
    }
}

fn too_many(budget: &str, allowed: &Allowed) -> Refusal {
    let message = "Cannot evict pod as it would violate the pod's disruption budget.";
    let mut refusal = Refusal::new(429, "TooManyRequests", message);
    let (wanted, healthy) = (allowed.wanted, allowed.healthy);
    let why = format!("The disruption budget {budget} needs {wanted} healthy pods and has {healthy} currently");
    refusal.details = json!({"causes": [{"reason": "DisruptionBudget", "message": why}]});
    refusal
}
