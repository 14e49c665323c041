//! What the load wants while both clusters serve a part of it: no count of one cluster says that.
use super::{Scaled, Wishes};
use crate::resources::answers::{list, number, text};
use kinds::quantity::amount;
use serde_json::Value;
use std::collections::BTreeMap;

/// These wishes, and where both clusters' autoscalers want more pods together than that, so many: as many as one of them needs
/// for all of the load, and no more than the old one's maximum.
#[must_use]
pub fn together(wishes: Wishes, old: &Scaled, new: &Scaled) -> Wishes {
    let (in_old, in_new) = (demands(old), demands(new));
    let wish = |(key, wish): (String, u64)| {
        let both = in_old.get(&key).zip(in_new.get(&key));
        let wanted = both.map_or(0, |(old, new)| (old.pods + new.pods).min(old.most));
        (key, wish.max(wanted))
    };
    wishes.into_iter().map(wish).collect()
}

struct Demand {
    pods: u64,
    most: u64,
}

/// By `Deployment shop/web`.
fn demands(scaled: &Scaled) -> BTreeMap<String, Demand> {
    let demand = |autoscaler: &Value| {
        let target = &autoscaler["spec"]["scaleTargetRef"];
        let space = text(autoscaler, "/metadata/namespace");
        let key = format!("{} {space}/{}", text(target, "/kind"), text(target, "/name"));
        let most = number(autoscaler, "/spec/maxReplicas").unwrap_or(u64::MAX);
        Some((key, Demand { pods: pods(autoscaler)?, most }))
    };
    scaled.autoscalers.iter().filter_map(demand).collect()
}

/// How many pods an autoscaler wants for what it measures, whatever its bounds are.
///
/// <https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/#algorithm-details>
fn pods(autoscaler: &Value) -> Option<u64> {
    let current = i128::from(number(autoscaler, "/status/currentReplicas")?);
    let by = |wanted: &Value| {
        let measured = list(autoscaler, "/status/currentMetrics").iter().find(|found| is_same(found, wanted))?;
        let (now, target) = (&metric(measured)["current"], &metric(wanted)["target"]);
        let compared =
            ["averageUtilization", "averageValue", "value"].into_iter().find(|one| !target[one].is_null())?;
        let (now, target) = (amount(&now[compared])?, amount(&target[compared])?);
        let pods = current.checked_mul(now)?.checked_add(target - 1)?.checked_div(target)?;
        u64::try_from(pods).ok()
    };
    list(autoscaler, "/spec/metrics").iter().filter_map(by).max()
}

/// What a metric says, whichever of its kinds it is.
fn metric(of: &Value) -> &Value {
    let kind = text(of, "/type");
    let member =
        kind.chars().enumerate().map(|(at, letter)| if at == 0 { letter.to_ascii_lowercase() } else { letter });
    &of[member.collect::<String>().as_str()]
}

fn is_same(one: &Value, other: &Value) -> bool {
    let named = |of: &Value| {
        let metric = metric(of);
        let name = if metric["name"].is_null() { &metric["metric"]["name"] } else { &metric["name"] };
        (of["type"].clone(), name.clone(), metric["container"].clone(), metric["describedObject"].clone())
    };
    named(one) == named(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn scaled(current: u64, metrics: &Value, measured: &Value) -> Scaled {
        let autoscaler = json!({"metadata": {"namespace": "shop", "name": "web"},
            "spec": {"maxReplicas": 20, "metrics": metrics, "scaleTargetRef": {"kind": "Deployment", "name": "web"}},
            "status": {"currentReplicas": current, "currentMetrics": measured}});
        Scaled { autoscalers: vec![autoscaler], ..Scaled::default() }
    }

    fn cpu(member: &str, value: &Value) -> Value {
        json!({"type": "Resource", "resource": {"name": "cpu", member: {"averageUtilization": value}}})
    }

    fn wish(old: &Scaled, new: &Scaled) -> u64 {
        together(Wishes::from([("Deployment shop/web".into(), 8)]), old, new)["Deployment shop/web"]
    }

    #[test]
    fn what_both_want_together_counts_up_to_the_maximum() {
        let target = json!([cpu("target", &json!(70))]);
        let busy = |percent: u64| scaled(8, &target, &json!([cpu("current", &json!(percent))]));
        assert_eq!(wish(&busy(70), &busy(70)), 16);
        assert_eq!(wish(&busy(35), &busy(31)), 8, "each has half of what it was made for");
        assert_eq!(wish(&busy(150), &busy(140)), 20, "no more than the maximum");
    }

    #[test]
    fn each_kind_of_metric_is_compared_by_its_own_target() {
        let each = |target: &Value, current: &Value| {
            let of = |member: &str, value: &Value| json!([{"type": "External", "external": {"metric": {"name": "queue"}, member: value}}]);
            scaled(6, &of("target", target), &of("current", current))
        };
        let one = each(&json!({"type": "AverageValue", "averageValue": "500m"}), &json!({"averageValue": "1"}));
        assert_eq!(wish(&one, &one), 20);
        let one = each(&json!({"type": "Value", "value": "2k"}), &json!({"value": "1500"}));
        assert_eq!(wish(&one, &one), 10);
    }

    #[test]
    fn without_a_measure_of_both_nothing_is_added() {
        let target = json!([cpu("target", &json!(70))]);
        let (busy, dumb) = (scaled(8, &target, &json!([cpu("current", &json!(90))])), scaled(8, &target, &json!(null)));
        assert_eq!(wish(&busy, &dumb), 8);
        let nought = json!([cpu("target", &json!(0))]);
        assert_eq!(wish(&busy, &scaled(8, &nought, &json!([cpu("current", &json!(9))]))), 8);
    }
}
