//! The resource providers and the versions of their interfaces. Pure.
use super::place::spelt;
use serde_json::{Value, json};

/// The resource providers, each with its types and the newest versions of their interface.
pub(crate) const PROVIDERS: &[(&str, &[&str], &[&str])] = &[
    ("Microsoft.Compute", &[], &[]),
    ("Microsoft.ContainerService", &["managedClusters"], &["2026-08-01", "2026-06-01", "2026-05-01"]),
    ("Microsoft.ManagedIdentity", &["userAssignedIdentities"], &["2024-11-30"]),
    ("Microsoft.Network", &["applicationGateways", "virtualNetworks"], &["2026-03-01", "2025-09-01", "2025-07-01"]),
];

/// A resource provider and the newest versions of its interface.
pub(crate) fn shown(namespace: &str, id: &str) -> Value {
    let known = PROVIDERS.iter().find(|(name, ..)| name.eq_ignore_ascii_case(namespace));
    let types: Vec<_> = known
        .into_iter()
        .flat_map(|(_, types, versions)| {
            types.iter().map(move |name| json!({"resourceType": name, "apiVersions": versions}))
        })
        .collect();
    json!({"id": id, "namespace": spelt(namespace), "registrationState": "Registered", "resourceTypes": types})
}
