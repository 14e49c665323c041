//! KEDA's operator, as far as bounds go: each ScaledObject has an autoscaler of its own, `keda-hpa-<name>`. What triggers it is
//! the load of its pods, whatever it names.
use super::{autoscalers::AUTOSCALERS, conditions::owned_by, objects::Objects, store::Name};
use jiff::Timestamp;
use serde_json::{Value, json};

const SCALED: &str = "scaledobjects.keda.sh";
const PAUSED: &str = "autoscaling.keda.sh/paused-replicas";

/// Keeps the autoscaler of each ScaledObject as it says; a paused one has none.
pub(super) fn run(objects: &mut Objects, now: Timestamp) {
    for (name, scaled) in objects.store.copy(SCALED) {
        let own: Name = (name.0.clone(), format!("keda-hpa-{}", name.1));
        if scaled["metadata"]["annotations"][PAUSED].is_string() {
            objects.take_out(AUTOSCALERS, &own);
            continue;
        }
        let spec = spec_of(&scaled["spec"]);
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
