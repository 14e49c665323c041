//! What the placeholders of a manifest stand for, in the cluster of a slot.
use crate::resources::cluster::Cluster;
use crate::run::Run;
use crate::site::{Colour, Site};
use crate::workload::manifests::Placeholders;
use serde_json::Value;

impl Placeholders {
    /// For the new cluster of a run.
    #[must_use]
    pub fn of(run: &Run, cluster: &Cluster) -> Self {
        Self { run_id: run.id.clone(), ..Self::first(&run.plan.site, run.plan.new_colour(), cluster) }
    }

    /// For a cluster that no run of ours made.
    #[must_use]
    pub fn first(site: &Site, colour: Colour, cluster: &Cluster) -> Self {
        let slot = site.slot(colour);
        let issuer = cluster.0.pointer("/properties/oidcIssuerProfile/issuerURL").and_then(Value::as_str);
        Self {
            cluster_name: slot.cluster.rsplit('/').next().unwrap_or_default().to_owned(),
            cluster_version: cluster.version().to_owned(),
            slot_colour: colour.name().to_owned(),
            slot_addresses: slot.addresses.clone(),
            oidc_issuer: issuer.map(str::to_owned),
            run_id: "none".into(),
        }
    }
}
