//! How much of a region's quota is used: `…/locations/{location}/usages`. Pure.
use super::place::{Place, squeezed};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Usages that a test has set, by provider and location. Everything else has room.
#[derive(Default)]
pub(crate) struct Quota {
    set: BTreeMap<(String, String), BTreeMap<String, (u64, u64)>>,
}

const ROOMY: &[(&str, &str, u64, u64)] = &[
    ("microsoft.compute", "cores", 12, 200),
    ("microsoft.compute", "standardDSv5Family", 12, 200),
    ("microsoft.compute", "virtualMachines", 3, 25_000),
    ("microsoft.network", "VirtualNetworks", 1, 1_000),
    ("microsoft.network", "PublicIPAddresses", 2, 1_000),
    ("microsoft.network", "LoadBalancers", 2, 1_000),
    ("microsoft.containerservice", "ManagedClusters", 1, 5_000),
];

impl Quota {
    pub fn set(&mut self, provider: &str, location: &str, name: &str, used: u64, limit: u64) {
        let table = self.set.entry((provider.to_lowercase(), squeezed(location))).or_default();
        table.insert(name.into(), (used, limit));
    }

    pub fn list(&self, place: &Place) -> Value {
        let provider = place.namespace.as_deref().unwrap_or_default().to_lowercase();
        let mut usages: BTreeMap<&str, (u64, u64)> =
            ROOMY.iter().filter(|row| row.0 == provider).map(|row| (row.1, (row.2, row.3))).collect();
        if let Some(set) = self.set.get(&(provider, place.location().unwrap_or_default())) {
            usages.extend(set.iter().map(|(name, usage)| (name.as_str(), *usage)));
        }
        let shown = |(name, (used, limit)): (&str, (u64, u64))| {
            json!({
                "unit": "Count", "currentValue": used, "limit": limit,
                "id": format!("{}/{name}", place.id()),
                "name": {"value": name, "localizedValue": spoken(name)},
            })
        };
        json!({"value": usages.into_iter().map(shown).collect::<Vec<_>>()})
    }
}

fn spoken(name: &str) -> String {
    match name {
        "cores" => "Total Regional vCPUs".into(),
        "standardDSv5Family" => "Standard DSv5 Family vCPUs".into(),
        other => other.into(),
    }
}
