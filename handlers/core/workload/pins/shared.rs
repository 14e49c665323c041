//! What the load wants while both clusters serve a part of it: no count of one cluster says that.
use super::{Scaled, Wishes};
use crate::resources::answers::{list, number, text};
use kinds::quantity::amount;
use serde_json::Value;
use std::collections::BTreeMap;

/// A total that exceeds a wish by less is none to be acted on, as an autoscaler itself sees it: in hundredths.
const TOLERANCE: u64 = 110;

/// These wishes, and where both clusters' autoscalers want more pods together than that, so many: as many as one of them needs
/// for all of the load, and no more than the old one's maximum. `renamed`: what has another name in the new cluster.
#[must_use]
pub fn together(wishes: Wishes, old: &Scaled, new: &Scaled, renamed: &BTreeMap<String, String>) -> Wishes {
    let (in_old, in_new) = (demands(old), demands(new));
    let wish = |(key, wish): (String, u64)| {
        let both = in_old.get(&key).zip(in_new.get(renamed.get(&key).unwrap_or(&key)));
        let total = both.map(|(old, new)| (old.pods + new.pods, old.most));
        let wanted = total.filter(|(pods, _)| pods * 100 > wish * THOUSAND * TOLERANCE);
        (key, wanted.map_or(wish, |(pods, most)| pods.div_ceil(THOUSAND).min(most).max(wish)))
    };
    wishes.into_iter().map(wish).collect()
}

const THOUSAND: u64 = 1000;

struct Demand {
    /// In thousandths.
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

/// How many pods, in thousandths, an autoscaler wants for the time of processors that they take, whatever its bounds are. That
/// alone is shared between the clusters as users are: each pod takes its memory wherever users go, and what is measured elsewhere
/// is the same for both.
///
/// <https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/#algorithm-details>
fn pods(autoscaler: &Value) -> Option<u64> {
    let current = i128::from(number(autoscaler, "/status/currentReplicas")? * THOUSAND);
    let by = |wanted: &Value| {
        let measured = list(autoscaler, "/status/currentMetrics").iter().find(|found| is_same(found, wanted))?;
        let (now, target) = (&metric(measured)["current"], &metric(wanted)["target"]);
        let compared = ["averageUtilization", "averageValue"].into_iter().find(|one| !target[one].is_null())?;
        let (now, target) = (amount(&now[compared])?, amount(&target[compared])?);
        u64::try_from(current.checked_mul(now)?.checked_div(target)?).ok()
    };
    list(autoscaler, "/spec/metrics").iter().filter(|wanted| metric(wanted)["name"] == "cpu").filter_map(by).max()
}

/// What a metric says, whichever of its kinds it is.
fn metric(of: &Value) -> &Value {
    let kind = text(of, "/type");
    let member =
        kind.chars().enumerate().map(|(at, letter)| if at == 0 { letter.to_ascii_lowercase() } else { letter });
    &of[member.collect::<String>().as_str()]
}

fn is_same(one: &Value, other: &Value) -> bool {
    let named = |of: &Value| (of["type"].clone(), metric(of)["name"].clone(), metric(of)["container"].clone());
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
        together(Wishes::from([("Deployment shop/web".into(), 8)]), old, new, &BTreeMap::new())["Deployment shop/web"]
    }

    #[test]
    fn what_both_want_together_counts_up_to_the_maximum() {
        let target = json!([cpu("target", &json!(70))]);
        let busy = |percent: u64| scaled(8, &target, &json!([cpu("current", &json!(percent))]));
        assert_eq!(wish(&busy(70), &busy(70)), 16);
        assert_eq!(wish(&busy(35), &busy(36)), 8, "each has half of what it was made for");
        assert_eq!(wish(&busy(150), &busy(140)), 20, "no more than the maximum");
    }

    #[test]
    fn what_does_not_go_where_users_go_is_not_added_up() {
        let memory = |member: &str, percent: u64| json!([{"type": "Resource", "resource": {"name": "memory", member: {"averageUtilization": percent}}}]);
        let full = scaled(8, &memory("target", 70), &memory("current", 69));
        assert_eq!(wish(&full, &full), 8);
        let queue = |member: &str, value: &str| json!([{"type": "External", "external": {"metric": {"name": "queue"}, member: {"averageValue": value}}}]);
        let long = scaled(6, &queue("target", "500m"), &queue("current", "1"));
        assert_eq!(wish(&long, &long), 8);
        let cores = |member: &str, value: &str| {
            json!([{"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "web",
                member: {"averageValue": value}}}])
        };
        let busy = scaled(6, &cores("target", "500m"), &cores("current", "1"));
        assert_eq!(wish(&busy, &busy), 20);
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
