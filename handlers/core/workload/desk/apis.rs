//! Which versions of Kubernetes' own APIs are gone, and since when.
//! Source: the deprecated API migration guide of kubernetes.io.
use crate::resources::answers::text;
use crate::resources::version::Version;
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
];

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
pub fn gone(object: &Value, versions: &[Version]) -> Option<String> {
    let (kind, api) = (text(object, "/kind"), text(object, "/apiVersion"));
    let is = |of: &str, version: &str| (of == "*" || of == kind) && version == api;
    // The rule for a kind of its own comes after the one for all.
    if let Some((.., minor, instead)) = GONE.iter().rev().find(|(of, version, ..)| is(of, version)) {
        if versions.is_empty() {
            return Some(format!("{api} is gone since Kubernetes 1.{minor}: use {instead}"));
        }
        let first = versions.iter().find(|version| version.minor >= *minor)?;
        return Some(format!("{api} is gone since Kubernetes 1.{minor}, and {first} is to run it: use {instead}"));
    }
    let (.., minor) = NEW.iter().find(|(of, version, _)| is(of, version))?;
    let first = versions.iter().find(|version| version.minor < *minor)?;
    Some(format!("{api} {kind} comes with Kubernetes 1.{minor}, and {first} is to run it"))
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
        let why = gone(&hpa, &of("1.34.6")).unwrap();
        assert!(why.contains("gone since Kubernetes 1.26, and 1.34.6"), "{why}");
        assert!(gone(&object("extensions/v1beta1", "Ingress"), &of("1.33.5")).is_some());
        assert_eq!(gone(&object("apps/v1", "Deployment"), &of("1.34.6")), None);
        assert_eq!(gone(&object("example.com/v1beta1", "Thing"), &of("1.34.6")), None);
        assert!(gone(&object("resource.k8s.io/v1", "DeviceClass"), &of("1.33.5")).is_some());
        let both = ["1.25.1".parse().unwrap(), "1.29.0".parse().unwrap()];
        let flow = object("flowcontrol.apiserver.k8s.io/v1beta2", "FlowSchema");
        assert!(gone(&flow, &both).unwrap().contains("1.29.0"));
        let policy = object("admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicy");
        assert_eq!(gone(&policy, &of("1.33.5")), None);
    }
}
