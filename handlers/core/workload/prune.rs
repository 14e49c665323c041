//! What of a cluster's objects no manifest of the site has any more, and which of it may be deleted: what we alone applied, of
//! kinds that hold nothing which would be lost, here or outside the cluster.
mod outside;

use super::apply_set::{GroupKind, PART_OF};
use super::pins::reconciles;
use super::refusal::{is_made_by_aks, is_own};
use super::seen::MANAGER;
use crate::resources::answers::{list, shortened, text};
use serde_json::Value;

/// The annotation by which an object stays, whatever the manifests have.
pub const PRUNE: &str = "aks-bluegreen/prune";

/// Kinds that are never deleted, by group: others hang on them, or what they hold is lost.
const STAY: [(&str, &[&str]); 7] = [
    ("", &["Namespace", "PersistentVolume", "PersistentVolumeClaim"]),
    ("apiextensions.k8s.io", &["CustomResourceDefinition"]),
    ("apiregistration.k8s.io", &["APIService"]),
    ("storage.k8s.io", &["StorageClass", "CSIDriver", "VolumeAttributesClass"]),
    ("snapshot.storage.k8s.io", &["VolumeSnapshot", "VolumeSnapshotClass", "VolumeSnapshotContent"]),
    (
        "groupsnapshot.storage.k8s.io",
        &["VolumeGroupSnapshot", "VolumeGroupSnapshotClass", "VolumeGroupSnapshotContent"],
    ),
    ("scheduling.k8s.io", &["PriorityClass"]),
];

/// Whether objects of a kind are never deleted.
#[must_use]
pub fn stays(kind: &GroupKind) -> bool {
    STAY.iter().any(|(group, kinds)| *group == kind.group && kinds.contains(&kind.kind.as_str()))
}

/// What becomes of a member that no manifest has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It may be deleted.
    Goes,
    /// It is being deleted already.
    Ends,
    /// It stays, for this reason.
    Stays(String),
    /// It only looks like a member: a controller copied the label, or somebody else wrote it.
    IsNone,
}

/// What becomes of an object with a set's label that no manifest has. That we applied it says `managedFields`, which nobody
/// can copy: controllers copy a Service's labels to its `EndpointSlices`, a Gateway's to its Deployment.
#[must_use]
pub fn fate(object: &Value) -> Fate {
    let managers = list(object, "/metadata/managedFields");
    let is_ours = |entry: &&Value| text(entry, "/manager") == MANAGER && text(entry, "/operation") == "Apply";
    let owns_label = |entry: &Value| entry["fieldsV1"]["f:metadata"]["f:labels"].get(format!("f:{PART_OF}")).is_some();
    if !managers.iter().find(is_ours).is_some_and(owns_label) || !list(object, "/metadata/ownerReferences").is_empty() {
        return Fate::IsNone;
    }
    if object["metadata"]["deletionTimestamp"].is_string() {
        return Fate::Ends;
    }
    if object["metadata"]["annotations"].get(PRUNE).is_some() {
        return Fate::Stays(format!("it has the annotation {PRUNE}"));
    }
    if let Some(annotation) = outside::kept_by(object) {
        return Fate::Stays(format!("it has the annotation {annotation}"));
    }
    if stays(&GroupKind::of(object)) {
        return Fate::Stays("nothing of its kind is pruned".into());
    }
    if let Some(why) = outside::stands_for(object) {
        return Fate::Stays(why);
    }
    if is_made_by_aks(object) {
        return Fate::Stays("AKS has it, too".into());
    }
    if let Some(other) = managers.iter().find(|entry| applies(entry)) {
        return Fate::Stays(format!("{} applies it, too", shortened(text(other, "/manager"))));
    }
    if object["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Delete" {
        return Fate::Stays("its claims, and what is on them, would go with it".into());
    }
    Fate::Goes
}

/// Whether somebody else applies the object: by a server-side apply, as a reconciler, a release of Helm, or by `kubectl apply`.
fn applies(entry: &Value) -> bool {
    let manager = text(entry, "/manager");
    let is_apply = text(entry, "/operation") == "Apply" && text(entry, "/subresource").is_empty();
    let by_name = reconciles(manager) || manager.starts_with("helm") || manager == "kubectl-client-side-apply";
    manager != MANAGER && (is_apply || by_name)
}

/// Whether an object goes before the others: a webhook would refuse what is deleted behind its pods, and a custom object may
/// need the operator that goes with it to be taken apart.
#[must_use]
pub fn goes_first(object: &Value) -> bool {
    text(object, "/kind").ends_with("WebhookConfiguration") || !is_own(text(object, "/apiVersion"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn member(api_version: &str, kind: &str) -> Value {
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "namespace": "shop", "managedFields": [
            {"manager": MANAGER, "operation": "Apply",
             "fieldsV1": {"f:metadata": {"f:labels": {format!("f:{PART_OF}"): {}}}}},
            {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status", "fieldsV1": {}}]}})
    }

    fn with(pointer: &str, value: Value) -> Value {
        let mut object = member("apps/v1", "StatefulSet");
        let (place, name) = pointer.rsplit_once('/').unwrap();
        if object.pointer(place).is_none() {
            object["spec"] = json!({"persistentVolumeClaimRetentionPolicy": {}});
        }
        object.pointer_mut(place).unwrap()[name] = value;
        object
    }

    #[test]
    fn what_we_alone_applied_goes() {
        assert_eq!(fate(&member("apps/v1", "StatefulSet")), Fate::Goes);
        assert_eq!(fate(&member("v1", "ConfigMap")), Fate::Goes);
        let edited = json!({"manager": "kubectl-edit", "operation": "Update"});
        let mut object = member("v1", "ConfigMap");
        object["metadata"]["managedFields"].as_array_mut().unwrap().push(edited);
        assert_eq!(fate(&object), Fate::Goes, "who edited it once does not bring it");
    }

    #[test]
    fn what_holds_something_or_is_anothers_stays() {
        for (api_version, kind) in [
            ("v1", "Namespace"),
            ("v1", "PersistentVolumeClaim"),
            ("storage.k8s.io/v1", "StorageClass"),
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
            ("snapshot.storage.k8s.io/v1", "VolumeSnapshotContent"),
        ] {
            assert_eq!(fate(&member(api_version, kind)), Fate::Stays("nothing of its kind is pruned".into()), "{kind}");
        }
        let kept = with("/metadata/annotations", json!({PRUNE: "ignore"}));
        assert!(matches!(fate(&kept), Fate::Stays(why) if why.contains(PRUNE)));
        let claims = with("/spec/persistentVolumeClaimRetentionPolicy/whenDeleted", json!("Delete"));
        assert!(matches!(fate(&claims), Fate::Stays(why) if why.contains("claims")));
        let aks = with("/metadata/labels", json!({"kubernetes.azure.com/managedby": "aks"}));
        assert!(matches!(fate(&aks), Fate::Stays(why) if why.contains("AKS")));
        for (manager, operation) in [
            ("kustomize-controller", "Apply"),
            ("helm", "Update"),
            ("argocd-controller", "Update"),
            ("kubectl", "Apply"),
        ] {
            let mut object = member("v1", "ConfigMap");
            let entry = json!({"manager": manager, "operation": operation});
            object["metadata"]["managedFields"].as_array_mut().unwrap().push(entry);
            assert_eq!(fate(&object), Fate::Stays(format!("{manager} applies it, too")));
        }
        assert_eq!(fate(&with("/metadata/deletionTimestamp", json!("2026-01-01T00:00:00Z"))), Fate::Ends);
    }

    #[test]
    fn what_stands_for_something_outside_the_cluster_stays() {
        for (api_version, kind) in [
            ("storage.azure.com/v1api20230101", "StorageAccount"),
            ("azure.microsoft.com/v1alpha1", "RedisCache"),
            ("pkg.crossplane.io/v1", "Provider"),
            ("sql.azure.upbound.io/v1beta1", "MSSQLServer"),
            ("s3.services.k8s.aws/v1alpha1", "Bucket"),
            ("argoproj.io/v1alpha1", "Application"),
            ("argoproj.io/v1alpha1", "ApplicationSet"),
            ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
            ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
            ("externaldns.k8s.io/v1alpha1", "DNSEndpoint"),
        ] {
            let fate = fate(&member(api_version, kind));
            assert!(matches!(&fate, Fate::Stays(why) if why.contains("outside the cluster")), "{kind}: {fate:?}");
        }
        let mut database = member("acid.example.com/v1", "Database");
        assert_eq!(fate(&database), Fate::Goes, "nobody wants to do something when it ends");
        database["metadata"]["finalizers"] = json!(["database.example.com/drop"]);
        assert!(matches!(fate(&database), Fate::Stays(why) if why.contains("database.example.com/drop")));
        let mut service = member("v1", "Service");
        service["metadata"]["finalizers"] = json!(["service.kubernetes.io/load-balancer-cleanup"]);
        assert_eq!(fate(&service), Fate::Goes);
        let mut scaled = member("keda.sh/v1alpha1", "ScaledObject");
        scaled["metadata"]["finalizers"] = json!(["finalizer.keda.sh"]);
        assert_eq!(fate(&scaled), Fate::Goes, "it stands for nothing but pods");
    }

    #[test]
    fn whoever_says_in_another_tools_words_that_it_is_kept_is_heard() {
        for (annotation, value) in [
            ("helm.sh/resource-policy", "keep"),
            ("helm.sh/resource-policy", " Keep "),
            ("kustomize.toolkit.fluxcd.io/prune", "disabled"),
            ("argocd.argoproj.io/sync-options", "ServerSideApply=true, Prune=false"),
        ] {
            let kept = with("/metadata/annotations", json!({annotation: value}));
            assert!(matches!(fate(&kept), Fate::Stays(why) if why.contains(annotation)), "{annotation}");
        }
        for (annotation, value) in [("helm.sh/resource-policy", ""), ("kustomize.toolkit.fluxcd.io/prune", "enabled")] {
            assert_eq!(fate(&with("/metadata/annotations", json!({annotation: value}))), Fate::Goes, "{annotation}");
        }
    }

    #[test]
    fn a_copied_label_makes_no_member() {
        let owned = with("/metadata/ownerReferences", json!([{"kind": "Service", "name": "web", "uid": "1"}]));
        assert_eq!(fate(&owned), Fate::IsNone);
        let mut copied = member("v1", "Endpoints");
        copied["metadata"]["managedFields"][0]["operation"] = "Update".into();
        assert_eq!(fate(&copied), Fate::IsNone);
        let mut taken = member("v1", "ConfigMap");
        taken["metadata"]["managedFields"][0]["fieldsV1"] = json!({"f:data": {}});
        assert_eq!(fate(&taken), Fate::IsNone, "somebody else owns the label");
    }

    #[test]
    fn webhooks_and_custom_objects_go_first() {
        assert!(goes_first(&member("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration")));
        assert!(goes_first(&member("example.com/v1", "Database")) && !goes_first(&member("apps/v1", "Deployment")));
    }
}
