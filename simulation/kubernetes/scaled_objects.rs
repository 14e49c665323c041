//! KEDA's operator, as far as bounds go: each ScaledObject has an autoscaler of its own, `keda-hpa-<name>`. What triggers it is
//! what is asked of its pods' Services, whatever it names; what looks at processors, at memory or at the clock is always
//! triggered. An autoscaler starts nothing that stands at 0, nor stops anything: the operator does.
//!
//! <https://keda.sh/docs/latest/reference/scaledobject-spec/>
use super::{
    autoscalers::{AUTOSCALERS, resize, size_of},
    conditions::owned_by,
    loads::Loads,
    moments::second,
    objects::Objects,
    reports::report,
    store::Name,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const SCALED: &str = "scaledobjects.keda.sh";
/// Triggers that never let anything go to 0.
const ALWAYS: [&str; 3] = ["cpu", "memory", "cron"];
/// So long it waits before it stops what nothing triggers any more, unless it says otherwise.
const COOLDOWN: i64 = 300;
/// So often it looks whether something triggers.
const POLLS: SignedDuration = SignedDuration::from_secs(30);
const PAUSED_AT: &str = "autoscaling.keda.sh/paused-replicas";
const PAUSED: &str = "autoscaling.keda.sh/paused";

/// Keeps the autoscaler of each ScaledObject as it says; a paused one has none, and a size if it says so.
pub(super) fn run(objects: &mut Objects, loads: &Loads, now: Timestamp) {
    for (name, scaled) in objects.store.copy(SCALED) {
        let own: Name = (name.0.clone(), format!("keda-hpa-{}", name.1));
        let annotations = &scaled["metadata"]["annotations"];
        let paused_at = annotations[PAUSED_AT].as_str();
        if paused_at.is_some() || says_paused(&annotations[PAUSED]) {
            objects.take_out(AUTOSCALERS, &own);
            if let Some(replicas) = paused_at.and_then(|count| count.parse().ok()) {
                size(objects, &name, &spec_of(&scaled["spec"]), |_| replicas, now);
            }
            continue;
        }
        let spec = spec_of(&scaled["spec"]);
        let is_active = is_active(objects, loads, &name, &scaled);
        if is_active {
            note(objects, &name, &scaled, now);
        }
        size(objects, &name, &spec, |current| started_or_stopped(&scaled, is_active, current, now), now);
        match objects.store.get(AUTOSCALERS, &own.0, &own.1).cloned() {
            Some(found) if found["spec"] == spec => {}
            Some(found) => {
                let mut updated = (*found).clone();
                updated["spec"] = spec;
                objects.store.put(AUTOSCALERS, &own, updated);
            }
            None => {
                let object = json!({
                    "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
                    "metadata": {"name": own.1, "ownerReferences": owned_by(&scaled)}, "spec": spec,
                    "status": {"currentMetrics": null, "desiredReplicas": 0},
                });
                objects.make(AUTOSCALERS, &own.0, object, now);
            }
        }
    }
}

/// A word that is neither true nor false counts as true.
fn says_paused(annotation: &Value) -> bool {
    annotation.as_str().is_some_and(|said| !matches!(said, "0" | "f" | "F" | "false" | "FALSE" | "False"))
}

fn is_active(objects: &Objects, loads: &Loads, name: &Name, scaled: &Value) -> bool {
    let triggers = scaled["spec"]["triggers"].as_array().map_or(&[][..], Vec::as_slice);
    let is_always = |trigger: &Value| ALWAYS.iter().any(|known| trigger["type"] == *known);
    if triggers.iter().all(is_always) {
        return true;
    }
    let Some((_, target)) = size_of(objects, name, &json!({"spec": spec_of(&scaled["spec"])})) else { return false };
    let labels = target["spec"]["template"]["metadata"]["labels"].as_object();
    labels.is_some_and(|labels| loads.reaches(&objects.store, &name.0, labels))
}

/// Remembers when something triggered it last.
fn note(objects: &mut Objects, name: &Name, scaled: &Value, now: Timestamp) {
    let is_new = last_active(scaled).is_none_or(|at| now.duration_since(at) >= POLLS);
    if is_new {
        let mut status = scaled["status"].clone();
        status["lastActiveTime"] = json!(second(now));
        report(objects, SCALED, name, scaled, status, now);
    }
}

fn last_active(scaled: &Value) -> Option<Timestamp> {
    scaled["status"]["lastActiveTime"].as_str()?.parse().ok()
}

/// The size that it gives to what has so many pods, beside its autoscaler.
fn started_or_stopped(scaled: &Value, is_active: bool, current: u64, now: Timestamp) -> u64 {
    let count = |member: &str| scaled["spec"][member].as_u64();
    let least = count("minReplicaCount").unwrap_or(0);
    if is_active {
        return if current == 0 { least.max(1) } else { current };
    }
    let Some(rest) = count("idleReplicaCount").or((least == 0).then_some(0)) else {
        return if current == 0 { least } else { current };
    };
    let cooldown = SignedDuration::from_secs(scaled["spec"]["cooldownPeriod"].as_i64().unwrap_or(COOLDOWN));
    let is_over = last_active(scaled).is_none_or(|at| now.duration_since(at) >= cooldown);
    if is_over { current.min(rest) } else { current }
}

/// Gives what is scaled another size, if it has another one.
fn size(objects: &mut Objects, name: &Name, spec: &Value, wanted: impl FnOnce(u64) -> u64, now: Timestamp) {
    let Some((resource, target)) = size_of(objects, name, &json!({"spec": spec})) else { return };
    let current = target["spec"]["replicas"].as_u64().unwrap_or(1);
    let wanted = wanted(current);
    if wanted != current {
        resize(objects, resource, &target, wanted, now);
    }
}

fn spec_of(scaled: &Value) -> Value {
    let mut target = scaled["scaleTargetRef"].clone();
    if target["kind"].is_null() {
        target["kind"] = json!("Deployment");
        target["apiVersion"] = json!("apps/v1");
    }
    json!({
        "scaleTargetRef": target,
        "minReplicas": scaled["minReplicaCount"].as_u64().unwrap_or(0).max(1),
        "maxReplicas": scaled["maxReplicaCount"].as_u64().unwrap_or(100),
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}],
    })
}
