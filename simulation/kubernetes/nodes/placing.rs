//! Pure: which machines a pod may have: by its selector and its affinity, and by what it bears.
use crate::kubernetes::selectors::{all_hold, contains_labels};
use serde_json::{Map, Value, json};

/// What a machine whose kubelet is not ready is marked with.
pub(super) const NOT_READY: &str = "node.kubernetes.io/not-ready";
/// What a DaemonSet's pods bear, whatever their template says: with the effect, or that of the network of the machine itself.
const DAEMONS_BEAR: &[(&str, &str)] = &[
    (NOT_READY, "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];

/// Whether a DaemonSet has a pod with this specification on a machine.
pub(in crate::kubernetes) fn is_for(spec: &Value, node: &Value) -> bool {
    let taints = node["spec"]["taints"].as_array().into_iter().flatten();
    let mut kept_out = taints.filter(|taint| taint["effect"] != "PreferNoSchedule").filter(|taint| {
        !DAEMONS_BEAR.iter().any(|(key, effect)| taint["key"] == *key && taint["effect"] == *effect)
            && !list(&spec["tolerations"]).any(|toleration| bears(toleration, taint))
    });
    fits(spec, node) && kept_out.next().is_none()
}

/// Whether a pod's selector and its affinity allow a machine.
pub(in crate::kubernetes) fn fits(spec: &Value, node: &Value) -> bool {
    let nothing = Map::new();
    let labels = node["metadata"]["labels"].as_object().unwrap_or(&nothing);
    let selected = spec["nodeSelector"].as_object().is_none_or(|wanted| contains_labels(labels, wanted));
    let required = &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    selected && (required.is_null() || list(&required["nodeSelectorTerms"]).any(|term| is_met(term, node)))
}

fn is_met(term: &Value, node: &Value) -> bool {
    let name = json!({"metadata.name": node["metadata"]["name"]});
    let (by_labels, by_fields) = (&term["matchExpressions"], &term["matchFields"]);
    // A term that says nothing is met by no machine.
    (list(by_labels).next().is_some() || list(by_fields).next().is_some())
        && all_hold(by_labels, &node["metadata"]["labels"])
        && all_hold(by_fields, &name)
}

fn bears(toleration: &Value, taint: &Value) -> bool {
    let says = |member: &str| toleration[member].as_str().unwrap_or_default();
    let text = |member: &str| taint[member].as_str().unwrap_or_default();
    let same_effect = says("effect").is_empty() || says("effect") == text("effect");
    let same_key = says("key").is_empty() && says("operator") == "Exists" || says("key") == text("key");
    same_effect && same_key && (says("operator") == "Exists" || says("value") == text("value"))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(taints: &Value) -> Value {
        let labels = json!({"kubernetes.io/os": "linux", "cores": "4"});
        json!({"metadata": {"name": "one", "labels": labels}, "spec": {"taints": taints}})
    }

    fn affinity(key: &str, operator: &str, values: &[&str]) -> Value {
        let terms = json!([{"matchExpressions": [{"key": key, "operator": operator, "values": values}]}]);
        let required = json!({"nodeSelectorTerms": terms});
        json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}})
    }

    #[test]
    fn selectors_and_affinities_choose_machines() {
        for (spec, expected) in [
            (json!({}), true),
            (json!({"nodeSelector": {"kubernetes.io/os": "linux"}}), true),
            (json!({"nodeSelector": {"kubernetes.io/os": "windows"}}), false),
            (affinity("kubernetes.io/os", "In", &["linux", "windows"]), true),
            (affinity("kubernetes.io/os", "NotIn", &["linux"]), false),
            (affinity("type", "NotIn", &["virtual-kubelet"]), true),
            (affinity("type", "Exists", &[]), false),
            (affinity("type", "DoesNotExist", &[]), true),
            (affinity("cores", "Gt", &["3"]), true),
            (affinity("cores", "Lt", &["4"]), false),
        ] {
            assert_eq!(fits(&spec, &node(&json!([]))), expected, "{spec}");
        }
    }

    #[test]
    fn a_daemon_bears_what_its_template_and_its_controller_say() {
        let new = node(&json!([{"key": NOT_READY, "effect": "NoSchedule"}, {"key": NOT_READY, "effect": "NoExecute"}]));
        assert!(!is_for(&json!({}), &new));
        assert!(is_for(&json!({"tolerations": [{"operator": "Exists"}]}), &new));
        assert!(is_for(
            &json!({"tolerations": [{"key": NOT_READY, "operator": "Exists", "effect": "NoSchedule"}]}),
            &new
        ));
        let apart = node(&json!([{"key": "for", "value": "gpu", "effect": "NoSchedule"}]));
        assert!(!is_for(&json!({"tolerations": [{"key": "for", "value": "cpu"}]}), &apart));
        assert!(is_for(&json!({"tolerations": [{"key": "for", "value": "gpu"}]}), &apart));
        let cordoned = node(&json!([{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]));
        assert!(is_for(&json!({}), &cordoned));
    }
}
