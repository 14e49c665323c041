//! KEDA's operator, as far as bounds go: each ScaledObject has an autoscaler of its own, `keda-hpa-<name>`. What triggers it is
//! the load of its pods, whatever it names. An autoscaler starts nothing that stands at 0: the operator does.
//!
//! <https://keda.sh/docs/latest/concepts/scaling-deployments/#pausing-autoscaling>
use super::{
    autoscalers::{AUTOSCALERS, resize, size_of},
    conditions::owned_by,
    objects::Objects,
    store::Name,
};
use jiff::Timestamp;
use serde_json::{Value, json};

const SCALED: &str = "scaledobjects.keda.sh";
const PAUSED_AT: &str = "autoscaling.keda.sh/paused-replicas";
const PAUSED: &str = "autoscaling.keda.sh/paused";

/// Keeps the autoscaler of each ScaledObject as it says; a paused one has none, and a size if it says so.
pub(super) fn run(objects: &mut Objects, now: Timestamp) {
    for (name, scaled) in objects.store.copy(SCALED) {
        let own: Name = (name.0.clone(), format!("keda-hpa-{}", name.1));
        let annotations = &scaled["metadata"]["annotations"];
        let paused_at = annotations[PAUSED_AT].as_str();
        if paused_at.is_some() || annotations[PAUSED] == "true" {
            objects.take_out(AUTOSCALERS, &own);
            if let Some(replicas) = paused_at.and_then(|count| count.parse().ok()) {
                size(objects, &name, &spec_of(&scaled["spec"]), |_| replicas, now);
            }
            continue;
        }
        let spec = spec_of(&scaled["spec"]);
        let least = scaled["spec"]["minReplicaCount"].as_u64().unwrap_or(0);
        size(objects, &name, &spec, |current| if current == 0 { least } else { current }, now);
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
