//! The groups whose kinds every API server brings itself.
use crate::resources::object::group;

/// Kubernetes' own groups with a dot; those without a dot are all its own.
const OWN: [&str; 17] = [
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];

/// Whether no definition has to be there for the kinds of this `apiVersion`.
#[must_use]
pub fn is_own(api_version: &str) -> bool {
    let group = group(api_version);
    !group.contains('.') || OWN.contains(&group)
}
