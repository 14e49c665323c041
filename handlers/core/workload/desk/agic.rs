//! An ingress controller among the manifests that would start: it replaces the whole gateway.
use super::{Finding, Found, Weight};
use crate::resources::answers::text;
use crate::resources::object::describe;
use crate::workload::agic::{raises, recognised, starts};
use serde_json::Value;

/// What would start, or would be started.
pub(super) fn starting(all: &[Found<'_>]) -> Vec<Finding> {
    let is_setting = |object: &&Value| matches!(text(object, "/kind"), "ConfigMap" | "Secret");
    let settings: Vec<_> = all.iter().map(|found| &found.value).filter(is_setting).collect();
    let judge = |found: &Found<'_>| {
        let by = recognised(&found.value, &settings)?;
        let raised = all.iter().find(|scaler| raises(&scaler.value, &found.value));
        let what = match raised {
            _ if starts(&found.value) => format!("{WRITES} (known by {by}): {}", remedy(&found.value)),
            Some(scaler) => {
                format!("{WRITES} (known by {by}), and {} would start it: leave that out", describe(&scaler.value))
            }
            None => return None,
        };
        Some(found.finding(Weight::Refuses, &what))
    };
    all.iter().filter_map(judge).collect()
}

/// How it does not start.
fn remedy(object: &Value) -> &'static str {
    match text(object, "/kind") {
        "Pod" | "DaemonSet" => "leave it out",
        "Job" | "CronJob" => "suspend it, or leave it out",
        _ => "give it 0 replicas",
    }
}

const WRITES: &str =
    "an AGIC replaces the whole gateway 0.15 s after its start, and empties it without an Ingress of its own";

#[cfg(test)]
mod tests {
    use super::super::in_a_file;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_renamed_one_is_refused_and_one_without_pods_only_where_something_starts_it() {
        let settings = json!({"kind": "ConfigMap", "metadata": {"name": "agic", "namespace": "agic"},
            "data": {"APPGW_RESOURCE_ID": "${gateway.id}", "APPGW_VERBOSITY_LEVEL": "3"}});
        let controller = |replicas: u8| {
            json!({"kind": "Deployment", "metadata": {"name": "edge", "namespace": "agic"}, "spec": {"replicas": replicas,
                "template": {"spec": {"containers": [{"image": "own/edge:1", "envFrom": [{"configMapRef": {"name": "agic"}}]}]}}}})
        };
        let scaler = json!({"kind": "ScaledObject", "metadata": {"name": "edge", "namespace": "agic"},
            "spec": {"scaleTargetRef": {"name": "edge"}}});
        let said = |objects: &[Value]| {
            starting(&in_a_file(objects)).into_iter().map(|finding| finding.what).collect::<Vec<_>>()
        };
        let told = said(&[settings.clone(), controller(1)]);
        assert!(told.len() == 1 && told[0].contains("give it 0 replicas"), "{told:?}");
        assert_eq!(said(&[settings.clone(), controller(0)]), [""; 0]);
        let told = said(&[settings, controller(0), scaler]);
        assert!(told.len() == 1 && told[0].contains("ScaledObject agic/edge would start it"), "{told:?}");
    }
}
