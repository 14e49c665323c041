//! Which versions of Kubernetes' own APIs are gone, and since when.
//! Source: the deprecated API migration guide of kubernetes.io, and the release notes.
use super::Weight;
use crate::resources::answers::text;
use crate::resources::version::Version;
use crate::workload::refusal::is_own;
use crate::workload::spelling::meant;
use serde_json::Value;

/// Kind (`*`: all of them), API version, the minor version that no longer has it, and what takes its place.
const GONE: &[(&str, &str, u16, &str)] = &[
    ("*", "extensions/v1beta1", 22, "apps/v1, networking.k8s.io/v1 or policy/v1"),
    ("*", "apps/v1beta1", 16, "apps/v1"),
    ("*", "apps/v1beta2", 16, "apps/v1"),
    ("*", "admissionregistration.k8s.io/v1beta1", 22, "admissionregistration.k8s.io/v1"),
    ("*", "apiextensions.k8s.io/v1beta1", 22, "apiextensions.k8s.io/v1"),
    ("*", "apiregistration.k8s.io/v1beta1", 22, "apiregistration.k8s.io/v1"),
    ("*", "authentication.k8s.io/v1beta1", 22, "authentication.k8s.io/v1"),
    ("*", "authorization.k8s.io/v1beta1", 22, "authorization.k8s.io/v1"),
    ("*", "certificates.k8s.io/v1beta1", 22, "certificates.k8s.io/v1"),
    ("*", "coordination.k8s.io/v1beta1", 22, "coordination.k8s.io/v1"),
    ("Ingress", "networking.k8s.io/v1beta1", 22, "networking.k8s.io/v1"),
    ("IngressClass", "networking.k8s.io/v1beta1", 22, "networking.k8s.io/v1"),
    ("*", "rbac.authorization.k8s.io/v1beta1", 22, "rbac.authorization.k8s.io/v1"),
    ("*", "rbac.authorization.k8s.io/v1alpha1", 23, "rbac.authorization.k8s.io/v1"),
    ("*", "scheduling.k8s.io/v1beta1", 22, "scheduling.k8s.io/v1"),
    ("CSIDriver", "storage.k8s.io/v1beta1", 22, "storage.k8s.io/v1"),
    ("CSINode", "storage.k8s.io/v1beta1", 22, "storage.k8s.io/v1"),
    ("StorageClass", "storage.k8s.io/v1beta1", 22, "storage.k8s.io/v1"),
    ("VolumeAttachment", "storage.k8s.io/v1beta1", 22, "storage.k8s.io/v1"),
    ("CSIStorageCapacity", "storage.k8s.io/v1beta1", 27, "storage.k8s.io/v1"),
    ("*", "batch/v1beta1", 25, "batch/v1"),
    ("*", "discovery.k8s.io/v1beta1", 25, "discovery.k8s.io/v1"),
    ("*", "events.k8s.io/v1beta1", 25, "events.k8s.io/v1"),
    ("*", "autoscaling/v2beta1", 25, "autoscaling/v2"),
    ("*", "autoscaling/v2beta2", 26, "autoscaling/v2"),
    ("*", "policy/v1beta1", 25, "policy/v1"),
    (
        "PodSecurityPolicy",
        "policy/v1beta1",
        25,
        "pod security admission, by labels of the namespace: it has no successor",
    ),
    ("*", "node.k8s.io/v1beta1", 25, "node.k8s.io/v1"),
    ("*", "flowcontrol.apiserver.k8s.io/v1beta1", 26, "flowcontrol.apiserver.k8s.io/v1"),
    ("*", "flowcontrol.apiserver.k8s.io/v1beta2", 29, "flowcontrol.apiserver.k8s.io/v1"),
    ("*", "flowcontrol.apiserver.k8s.io/v1beta3", 32, "flowcontrol.apiserver.k8s.io/v1"),
    ("ValidatingAdmissionPolicy", "admissionregistration.k8s.io/v1beta1", 34, "admissionregistration.k8s.io/v1"),
    ("ValidatingAdmissionPolicyBinding", "admissionregistration.k8s.io/v1beta1", 34, "admissionregistration.k8s.io/v1"),
    ("VolumeAttributesClass", "storage.k8s.io/v1beta1", 37, "storage.k8s.io/v1"),
    ("*", "auditregistration.k8s.io/v1alpha1", 19, "the settings of the cluster's diagnostics"),
    ("*", "settings.k8s.io/v1alpha1", 20, "a mutating webhook or policy: it has no successor"),
    ("*", "batch/v2alpha1", 21, "batch/v1"),
    ("*", "autoscaling/v2alpha1", 8, "autoscaling/v2"),
    ("*", "apps/v1alpha1", 5, "apps/v1"),
    ("*", "federation/v1beta1", 9, "a site for each cluster: it has no successor"),
    ("*", "componentconfig/v1alpha1", 10, "the body of the cluster: it has no successor"),
    ("*", "policy/v1alpha1", 5, "policy/v1"),
    ("*", "certificates.k8s.io/v1alpha1", 8, "certificates.k8s.io/v1"),
    ("*", "scheduling.k8s.io/v1alpha1", 22, "scheduling.k8s.io/v1"),
    ("RuntimeClass", "node.k8s.io/v1alpha1", 22, "node.k8s.io/v1"),
    ("VolumeAttachment", "storage.k8s.io/v1alpha1", 24, "storage.k8s.io/v1"),
    ("CSIStorageCapacity", "storage.k8s.io/v1alpha1", 24, "storage.k8s.io/v1"),
    ("NetworkPolicy", "networking.k8s.io/v1alpha1", 7, "networking.k8s.io/v1"),
];

/// Betas that a server does not serve unless it is told to, kind by kind, and what to use: such are off since 1.24, and AKS
/// switches none on.
const OFF: [(&str, &str, &str); 10] = [
    ("*", "resource.k8s.io/v1beta1", "resource.k8s.io/v1, which comes with 1.34"),
    ("*", "resource.k8s.io/v1beta2", "resource.k8s.io/v1, which comes with 1.34"),
    ("MutatingAdmissionPolicy", "admissionregistration.k8s.io/v1beta1", "a webhook"),
    ("MutatingAdmissionPolicyBinding", "admissionregistration.k8s.io/v1beta1", "a webhook"),
    ("ClusterTrustBundle", "certificates.k8s.io/v1beta1", "a ConfigMap"),
    ("PodCertificateRequest", "certificates.k8s.io/v1beta1", "a CertificateSigningRequest"),
    ("LeaseCandidate", "coordination.k8s.io/v1beta1", "a Lease"),
    ("IPAddress", "networking.k8s.io/v1beta1", "networking.k8s.io/v1, which comes with 1.33"),
    ("ServiceCIDR", "networking.k8s.io/v1beta1", "networking.k8s.io/v1, which comes with 1.33"),
    ("*", "storagemigration.k8s.io/v1beta1", "what migrates by itself"),
];

/// Groups of files that tools and parts of a cluster read for themselves: no server has them.
const OF_TOOLS: [&str; 12] = [
    "abac.authorization.kubernetes.io",
    "admission.k8s.io",
    "apiserver.config.k8s.io",
    "apiserver.k8s.io",
    "audit.k8s.io",
    "client.authentication.k8s.io",
    "imagepolicy.k8s.io",
    "kubeadm.k8s.io",
    "kubelet.config.k8s.io",
    "kubeproxy.config.k8s.io",
    "kubescheduler.config.k8s.io",
    "kustomize.config.k8s.io",
];

/// Groups of Kubernetes' own without a dot; no definition can bring another one.
const WITHOUT_A_DOT: [&str; 5] = ["", "apps", "autoscaling", "batch", "policy"];

/// API versions that came with a minor version, and are not there before.
const NEW: &[(&str, &str, u16)] = &[
    ("*", "autoscaling/v2", 23),
    ("*", "policy/v1", 21),
    ("*", "flowcontrol.apiserver.k8s.io/v1", 29),
    ("ValidatingAdmissionPolicy", "admissionregistration.k8s.io/v1", 30),
    ("ValidatingAdmissionPolicyBinding", "admissionregistration.k8s.io/v1", 30),
    ("IPAddress", "networking.k8s.io/v1", 33),
    ("ServiceCIDR", "networking.k8s.io/v1", 33),
    ("*", "resource.k8s.io/v1", 34),
    ("VolumeAttributesClass", "storage.k8s.io/v1", 34),
];

/// Why a cluster of one of these versions (none: of a newer one) does not have the API of an object; `None`: each has it, as
/// far as is known.
pub fn gone(object: &Value, versions: &[Version]) -> Option<(Weight, String)> {
    let (kind, api) = (text(object, "/kind"), text(object, "/apiVersion"));
    if api.contains("${") {
        return None;
    }
    if let Some(why) = never(api, kind) {
        return Some((Weight::Refuses, why));
    }
    let is = |of: &str, version: &str| (of == "*" || of == kind) && version == api;
    // The rule for a kind of its own comes after the one for all.
    if let Some((.., minor, instead)) = GONE.iter().rev().find(|(of, version, ..)| is(of, version)) {
        if versions.is_empty() {
            return Some((Weight::Warns, format!("{api} is gone since Kubernetes 1.{minor}: use {instead}")));
        }
        let first = versions.iter().find(|version| version.minor >= *minor)?;
        let what = format!("{api} is gone since Kubernetes 1.{minor}, and {first} is to run it: use {instead}");
        return Some((Weight::Refuses, what));
    }
    let (.., minor) = NEW.iter().find(|(of, version, _)| is(of, version))?;
    let first = versions.iter().find(|version| version.minor < *minor)?;
    Some((Weight::Refuses, format!("{api} {kind} comes with Kubernetes 1.{minor}, and {first} is to run it")))
}

/// Whether something is known of a version of an API that is not stable.
pub(super) fn is_known(api: &str) -> bool {
    GONE.iter().any(|(_, known, ..)| *known == api) || OFF.iter().any(|(_, known, _)| *known == api)
}

/// Why no cluster of any version that AKS still offers has an API.
fn never(api: &str, kind: &str) -> Option<String> {
    let (group, version) = api.rsplit_once('/').unwrap_or(("", api));
    if OF_TOOLS.contains(&group) {
        return Some(format!("{api} is read by tools and parts of a cluster, from their own files: no server has it"));
    }
    if let Some((.., instead)) = OFF.iter().find(|(of, off, _)| *off == api && (*of == "*" || *of == kind)) {
        return Some(format!("{api} {kind} is a beta that AKS does not switch on: use {instead}"));
    }
    let gone = GONE.iter().rev().find(|(of, version, ..)| *version == api && (*of == "*" || *of == kind));
    if (is_own(api) || gone.is_some()) && version.contains("alpha") {
        let instead =
            gone.map_or_else(|| "a later version of it, or nothing".into(), |(.., instead)| (*instead).to_owned());
        return Some(format!("{api} is an alpha version, and AKS serves none: use {instead}"));
    }
    if !group.contains('.') && !WITHOUT_A_DOT.contains(&group) && gone.is_none() {
        let known = kinds::roots().into_iter();
        let near = meant(group, known.map(|(api, _)| api.rsplit_once('/').map_or("", |(group, _)| group)));
        let hint = near.map_or_else(
            || "a group of somebody's own has a dot".to_owned(),
            |near| format!("is {near}/{version} meant?"),
        );
        return Some(format!("there is no API {api}: {hint}"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_gone_is_said_for_the_versions_that_are_meant() {
        let object = |api: &str, kind: &str| json!({"apiVersion": api, "kind": kind});
        let of = |version: &str| vec![version.parse::<Version>().unwrap()];
        let hpa = object("autoscaling/v2beta2", "HorizontalPodAutoscaler");
        assert_eq!(gone(&hpa, &of("1.25.6")), None);
        assert!(gone(&hpa, &[]).is_some());
        let (_, why) = gone(&hpa, &of("1.34.6")).unwrap();
        assert!(why.contains("gone since Kubernetes 1.26, and 1.34.6"), "{why}");
        assert!(gone(&object("extensions/v1beta1", "Ingress"), &of("1.33.5")).is_some());
        assert_eq!(gone(&object("apps/v1", "Deployment"), &of("1.34.6")), None);
        assert_eq!(gone(&object("example.com/v1beta1", "Thing"), &of("1.34.6")), None);
        assert!(gone(&object("resource.k8s.io/v1", "DeviceClass"), &of("1.33.5")).is_some());
        let both = ["1.25.1".parse().unwrap(), "1.29.0".parse().unwrap()];
        let flow = object("flowcontrol.apiserver.k8s.io/v1beta2", "FlowSchema");
        assert!(gone(&flow, &both).unwrap().1.contains("1.29.0"));
        let policy = object("admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicy");
        assert_eq!(gone(&policy, &of("1.33.5")), None);
    }
    #[test]
    fn what_aks_never_serves_is_refused_for_every_version() {
        for (api, kind, words) in [
            ("batch/v2alpha1", "CronJob", "use batch/v1"),
            ("apps/v1alpha1", "PetSet", "use apps/v1"),
            ("scheduling.k8s.io/v1alpha1", "PriorityClass", "use scheduling.k8s.io/v1"),
            ("node.k8s.io/v1alpha1", "RuntimeClass", "use node.k8s.io/v1"),
            ("storage.k8s.io/v1alpha1", "VolumeAttachment", "use storage.k8s.io/v1"),
            ("networking.k8s.io/v1alpha1", "ClusterCIDR", "alpha version"),
            ("admissionregistration.k8s.io/v1alpha1", "MutatingAdmissionPolicy", "alpha version"),
            ("settings.k8s.io/v1alpha1", "PodPreset", "no successor"),
            ("auditregistration.k8s.io/v1alpha1", "AuditSink", "diagnostics"),
            ("resource.k8s.io/v1alpha1", "ResourceClaim", "alpha version"),
            ("resource.k8s.io/v1alpha2", "ResourceClaim", "alpha version"),
            ("resource.k8s.io/v1alpha3", "DeviceTaintRule", "alpha version"),
            ("resource.k8s.io/v1beta1", "DeviceClass", "use resource.k8s.io/v1"),
            ("resource.k8s.io/v1beta2", "DeviceClass", "use resource.k8s.io/v1"),
            ("internal.apiserver.k8s.io/v1alpha1", "StorageVersion", "alpha version"),
            ("kustomize.config.k8s.io/v1beta1", "Kustomization", "tools"),
            ("kubeadm.k8s.io/v1beta4", "ClusterConfiguration", "tools"),
            ("app/v1", "Deployment", "is apps/v1 meant?"),
            ("batchs/v1", "Job", "is batch/v1 meant?"),
            ("things/v1", "Thing", "has a dot"),
        ] {
            let object = json!({"apiVersion": api, "kind": kind});
            for versions in [vec![], vec!["1.33.5".parse::<Version>().unwrap()], vec!["1.99.0".parse().unwrap()]] {
                let (weight, why) = gone(&object, &versions).unwrap_or_else(|| panic!("{api} {kind} passes"));
                assert!(weight == Weight::Refuses && why.contains(words), "{api} {kind}: {why}");
            }
        }
        for (api, minor) in [("extensions/v1beta1", 16), ("federation/v1beta1", 9)] {
            let why = gone(&json!({"apiVersion": api, "kind": "Ingress"}), &["1.34.6".parse().unwrap()]);
            assert!(why.is_some_and(|(weight, _)| weight == Weight::Refuses), "{api} {minor}");
        }
    }

    #[test]
    fn what_is_served_or_of_somebody_elses_passes() {
        for (api, kind) in [
            ("example.com/v1alpha1", "Thing"),
            ("gateway.networking.k8s.io/v1alpha2", "TCPRoute"),
            ("snapshot.storage.k8s.io/v1beta1", "VolumeSnapshot"),
            ("externaldns.k8s.io/v1alpha1", "DNSEndpoint"),
            ("${group}/v1", "Thing"),
            ("v1", "ConfigMap"),
            ("batch/v1", "Job"),
            ("networking.k8s.io/v1", "Ingress"),
        ] {
            assert_eq!(gone(&json!({"apiVersion": api, "kind": kind}), &["1.34.6".parse().unwrap()]), None, "{api}");
        }
    }
}
