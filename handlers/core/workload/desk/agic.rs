//! An ingress controller among the manifests that would start, by itself or by a reconciler: it replaces the whole gateway.
use super::{Finding, Found, Weight};
use crate::resources::answers::text;
use crate::resources::object::describe;
use crate::workload::agic::{installed, raises, recognised, starts};
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
    let objects: Vec<_> = all.iter().map(|found| &found.value).collect();
    let install = |found: &Found<'_>| {
        let remedy = installed(&found.value, &objects)?;
        let what = format!(
            "{WRITES}, and this would start one (known by the chart ingress-azure, which has no value for its count of pods): \
             {remedy}, or use the preset agic"
        );
        Some(found.finding(Weight::Refuses, &what))
    };
    all.iter().filter_map(|found| judge(found).or_else(|| install(found))).collect()
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

    fn by_chart(objects: &[Value]) -> Vec<String> {
        starting(&in_a_file(objects)).into_iter().map(|finding| finding.what).collect()
    }

    fn release(spec: &Value) -> Value {
        json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "edge", "namespace": "agic"},
            "spec": spec})
    }

    fn application(source: &Value, policy: &Value) -> Value {
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "edge"},
            "spec": {"source": source, "syncPolicy": policy}})
    }

    #[test]
    fn one_that_a_reconciler_would_install_is_refused() {
        let source = json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository",
            "metadata": {"name": "edge", "namespace": "agic"},
            "spec": {"url": "oci://mcr.microsoft.com/azure-application-gateway/charts/ingress-azure"}});
        let made = json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmChart",
            "metadata": {"name": "edge", "namespace": "flux"}, "spec": {"chart": "ingress-azure"}});
        let referring = |kind: &str, space: &str| {
            release(
                &json!({"chartRef": {"kind": kind, "name": "edge", "namespace": space}, "values": {"replicaCount": 0}}),
            )
        };
        let chart = |chart: &str| release(&json!({"chart": {"spec": {"chart": chart, "version": "1.9.8"}}}));
        let automated = json!({"automated": {}});
        let by_name = application(&json!({"chart": "ingress-azure", "repoURL": "x.example"}), &automated);
        let by_address = application(&json!({"repoURL": "oci://x.example/charts/ingress-azure"}), &automated);
        let mut of_many = application(&json!(null), &automated);
        of_many["spec"]["sources"] =
            json!([{"repoURL": "a"}, {"repoURL": "https://git.example/a.git", "path": "charts/ingress-azure"}]);
        let mut set =
            json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"name": "edge"}});
        set["spec"] = json!({"template": {"spec": by_name["spec"]}});
        let cattle = json!({"apiVersion": "helm.cattle.io/v1", "kind": "HelmChart", "metadata": {"name": "edge"},
            "spec": {"chart": "https://x.example/ingress-azure-1.9.8.tgz"}});
        for (objects, words) in [
            (vec![chart("ingress-azure")], "spec.suspend: true"),
            (vec![chart("./charts/ingress-azure/")], "spec.suspend: true"),
            (vec![referring("OCIRepository", "agic"), source.clone()], "spec.suspend: true"),
            (vec![made, referring("HelmChart", "flux")], "spec.suspend: true"),
            (vec![by_name], "syncPolicy.automated"),
            (vec![by_address], "syncPolicy.automated"),
            (vec![of_many], "syncPolicy.automated"),
            (vec![set], "syncPolicy.automated"),
            (vec![cattle], "leave it out"),
        ] {
            let told = by_chart(&objects);
            assert!(told.len() == 1 && told[0].contains(words) && told[0].contains("chart ingress-azure"), "{told:?}");
        }
    }

    #[test]
    fn one_that_is_suspended_or_left_to_people_passes() {
        let suspended = release(&json!({"suspend": true, "chart": {"spec": {"chart": "ingress-azure"}}}));
        let patched = json!({"kustomize": {"patches": [{"patch": "- {op: replace, path: /spec/replicas, value: 0}"}]}});
        let none = release(&json!({"chart": {"spec": {"chart": "ingress-azure"}}, "postRenderers": [patched]}));
        let by_hand = application(&json!({"chart": "ingress-azure"}), &json!({"syncOptions": []}));
        let off = application(&json!({"chart": "ingress-azure"}), &json!({"automated": {"enabled": false}}));
        let other = release(&json!({"chart": {"spec": {"chart": "ingress-azure-docs"}}}));
        let alone = json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository", "metadata": {"name": "edge"},
            "spec": {"url": "oci://x.example/ingress-azure"}});
        let of_another = release(&json!({"chartRef": {"kind": "OCIRepository", "name": "edge", "namespace": "other"}}));
        assert_eq!(by_chart(&[suspended, none, by_hand, off, other, alone, of_another]), [""; 0]);
    }
}
