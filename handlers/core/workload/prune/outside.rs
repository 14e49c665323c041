//! What stands for something outside its cluster: the other cluster's object stands for the same, and who deletes one deletes
//! what users use. Pure.
use super::super::refusal::is_own;
use crate::resources::answers::{list, shortened, text};
use crate::resources::object::group;
use serde_json::Value;

/// Groups of kinds that stand for resources of a cloud, by how they end, or for names and clusters outside.
const GROUPS: [&str; 14] = [
    ".azure.com",
    ".azure.io",
    "azure.microsoft.com",
    "crossplane.io",
    ".upbound.io",
    ".services.k8s.aws",
    ".cnrm.cloud.google.com",
    "cluster.x-k8s.io",
    "externaldns.k8s.io",
    "infra.contrib.fluxcd.io",
    "app.terraform.io",
    "pulumi.com",
    "app.k8s.cloudflare.com",
    "mongodb.com",
];
/// Of those what only says how this cluster does something.
const SETTINGS: [&str; 3] = ["alb.networking.azure.io", "kubernetes.azure.com", "karpenter.azure.com"];
/// Kinds that install others, wherever their files say.
const INSTALLERS: [(&str, &[&str]); 5] = [
    ("argoproj.io", &["Application", "ApplicationSet"]),
    ("kustomize.toolkit.fluxcd.io", &["Kustomization"]),
    ("helm.toolkit.fluxcd.io", &["HelmRelease"]),
    ("helm.cattle.io", &["HelmChart"]),
    ("kro.run", &["ResourceGraphDefinition"]),
];
/// Finalizers whose controllers only tidy up within the cluster.
const WITHIN: [&str; 3] =
    ["finalizer.keda.sh", "gateway-exists-finalizer.gateway.networking.k8s.io", "foregroundDeletion"];
/// In the words of other tools, with the value that means it: the object is never deleted.
const KEPT: [(&str, &[&str]); 3] = [
    ("helm.sh/resource-policy", &["keep"]),
    ("kustomize.toolkit.fluxcd.io/prune", &["disabled"]),
    ("argocd.argoproj.io/sync-options", &["Prune=false", "Delete=false"]),
];

/// Why a custom object may stand for something outside its cluster.
pub(super) fn stands_for(object: &Value) -> Option<String> {
    let api_version = text(object, "/apiVersion");
    let (group, kind) = (group(api_version), text(object, "/kind"));
    if INSTALLERS.iter().any(|(installer, kinds)| *installer == group && kinds.contains(&kind)) {
        return Some("what it installs, here or outside the cluster, would go with it".into());
    }
    let is_within = SETTINGS.iter().any(|end| group.ends_with(end)) && kind != "ApplicationLoadBalancer";
    if !is_within && GROUPS.iter().any(|end| group.ends_with(end)) {
        return Some("it stands for something outside the cluster, and the other cluster's for the same".into());
    }
    let finalizers = list(object, "/metadata/finalizers").iter().filter_map(Value::as_str);
    let does_something = |finalizer: &&str| !is_own(api_version) && !WITHIN.contains(finalizer);
    let finalizer = finalizers.into_iter().find(does_something)?;
    Some(format!(
        "its operator takes something apart when it goes ({}), maybe outside the cluster",
        shortened(finalizer)
    ))
}

/// The annotation of another tool by which an object is kept.
pub(super) fn kept_by(object: &Value) -> Option<&'static str> {
    let annotations = &object["metadata"]["annotations"];
    let says = |&&(name, values): &&(&str, &[&str])| {
        let said = annotations[name].as_str().unwrap_or_default().split(',');
        said.into_iter().any(|word| values.iter().any(|value| word.trim().eq_ignore_ascii_case(value)))
    };
    KEPT.iter().find(says).map(|(name, _)| *name)
}
