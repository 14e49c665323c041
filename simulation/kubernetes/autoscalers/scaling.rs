//! What an autoscaler comes to, and how it sizes what it scales.
use crate::kubernetes::{moments::second, objects::Objects, store::Name};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

/// A share of the target by so little off is none.
const TOLERANCE: f64 = 0.1;
/// So many seconds it waits before it scales down, unless it says otherwise.
const STABLE: i64 = 300;
/// The share of a pod's strength that is aimed at, in percent, unless it says otherwise.
const AIM: f64 = 80.0;

/// The object that an autoscaler scales.
pub(crate) fn size_of(objects: &Objects, name: &Name, autoscaler: &Value) -> Option<(&'static str, Arc<Value>)> {
    let target = &autoscaler["spec"]["scaleTargetRef"];
    let resource = match target["kind"].as_str()? {
        "Deployment" => "deployments.apps",
        "StatefulSet" => "statefulsets.apps",
        _ => return None,
    };
    objects.store.get(resource, &name.0, target["name"].as_str()?).map(|found| (resource, Arc::clone(found)))
}

/// The size that an autoscaler wants, of so many pods, of which so many are wholly used. What it has found lately keeps it
/// from scaling down at once.
pub(super) fn wanted(
    spec: &Value,
    current: u64,
    used: Option<f64>,
    found: &mut Vec<(Timestamp, u64)>,
    now: Timestamp,
) -> u64 {
    let (least, most) = (spec["minReplicas"].as_u64().unwrap_or(1), spec["maxReplicas"].as_u64().unwrap_or(1));
    let (Some(used), false) = (used, current < least || current > most) else { return current.clamp(least, most) };
    let aim = spec["metrics"][0]["resource"]["target"]["averageUtilization"].as_f64().unwrap_or(AIM) / 100.0;
    let is_near = (used / (current as f64 * aim) - 1.0).abs() <= TOLERANCE;
    let by_load = if is_near { current } else { (used / aim).ceil() as u64 };
    let window = spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"].as_i64().unwrap_or(STABLE);
    found.push((now, by_load));
    found.retain(|(at, _)| now.duration_since(*at) < SignedDuration::from_secs(window.max(1)));
    let lately = found.iter().map(|(_, size)| *size).max().unwrap_or(by_load);
    // Up at once, twice as many or four more at most; down to the largest that was wanted lately.
    let up = by_load.min((2 * current).max(current + 4));
    let size = if by_load > current { up } else { lately.min(current) };
    size.clamp(least, most)
}

/// Sizes what is scaled, as a write to its `scale` does: the count is the autoscaler's from then on.
pub(crate) fn resize(objects: &mut Objects, resource: &str, target: &Value, replicas: u64, now: Timestamp) {
    let mut object = target.clone();
    object["spec"]["replicas"] = json!(replicas);
    object["metadata"]["generation"] = json!(object["metadata"]["generation"].as_u64().unwrap_or(0) + 1);
    let version = object["apiVersion"].clone();
    if let Value::Array(entries) = &mut object["metadata"]["managedFields"] {
        for entry in entries.iter_mut() {
            if let Some(fields) = entry["fieldsV1"]["f:spec"].as_object_mut() {
                fields.shift_remove("f:replicas");
            }
        }
        entries.retain(|entry| entry["subresource"] != "scale");
        entries.push(json!({
            "manager": "kube-controller-manager", "operation": "Update", "apiVersion": version,
            "time": second(now), "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:replicas": {}}}, "subresource": "scale",
        }));
    }
    let text = |member: &str| target["metadata"][member].as_str().unwrap_or_default().to_owned();
    objects.store.put(resource, &(text("namespace"), text("name")), object);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    #[test]
    fn it_goes_up_at_once_and_down_when_it_was_idle_for_five_minutes() {
        let spec = json!({"minReplicas": 2, "maxReplicas": 20, "metrics": [{"resource": {"target": {"averageUtilization": 50}}}]});
        let mut found = vec![];
        let mut step = |current, used, second| wanted(&spec, current, used, &mut found, at(second));
        assert_eq!(step(2, Some(2.0), 0), 4, "no pod works more than it can");
        assert_eq!(step(4, Some(4.0), 15), 8);
        assert_eq!(step(8, Some(4.2), 30), 8, "near enough");
        assert_eq!(step(8, Some(0.0), 45), 8);
        assert_eq!(step(8, Some(0.0), 329), 8);
        assert_eq!(step(8, Some(0.0), 345), 2, "not below its minimum");
        assert_eq!(step(1, None, 360), 2);
        assert_eq!(step(30, None, 360), 20);
        assert_eq!(step(20, Some(20.0), 375), 20);
    }
}
