//! What the placeholders of `workload::placeholders` stand for: in the cluster of a slot, and in the body that makes it.
use super::{Plan, Surroundings};
use crate::resources::answers::{group_of, name_of, text};
use crate::resources::cluster::Cluster;
use crate::site::{Colour, Site};
use crate::workload::placeholders::{Placeholders, RUN};
use serde_json::Value;

impl Placeholders {
    /// For the new cluster of the run with this id.
    #[must_use]
    pub fn of(plan: &Plan, run: &str, cluster: &Cluster) -> Self {
        Self::first(&plan.site, plan.new_colour(), cluster, &plan.surroundings).with(RUN, run)
    }

    /// For a cluster that no run of ours made.
    #[must_use]
    pub fn first(site: &Site, colour: Colour, cluster: &Cluster, surroundings: &Surroundings) -> Self {
        let body = &cluster.0;
        let provider = body.pointer("/properties/addonProfiles/azureKeyvaultSecretsProvider/identity/clientId");
        let issuer = body.pointer("/properties/oidcIssuerProfile/issuerURL");
        Self::of_site(site, colour, body, surroundings)
            .with("cluster.version", cluster.version())
            .with("cluster.location", cluster.location())
            .with_or(
                "cluster.nodeResourceGroup",
                Some(text(body, "/properties/nodeResourceGroup")),
                "the cluster says none",
            )
            .with_or(
                "cluster.secretsProvider.clientId",
                provider.and_then(Value::as_str),
                "the cluster has no add-on azureKeyvaultSecretsProvider: enable it",
            )
            .with_or(
                "oidc.issuer",
                issuer.and_then(Value::as_str),
                "the cluster has no issuer: switch oidcIssuerProfile on",
            )
            .with(RUN, "none")
    }

    /// For the body of the cluster that a plan makes from this old one.
    #[must_use]
    pub fn of_body(plan: &Plan, run: &str, old: &Value) -> Self {
        Self::of_site(&plan.site, plan.new_colour(), old, &plan.surroundings)
            .with("cluster.version", plan.version.to_string())
            .with("cluster.location", text(old, "/location"))
            .without_what_a_cluster_says()
            .with(RUN, run)
    }

    /// For manifests of a plan, before there is its cluster: what only that can tell is empty.
    #[must_use]
    pub fn of_plan(plan: &Plan, old: &Value) -> Self {
        let known = Self::of_body(plan, "", old).with_what_a_cluster_will_say();
        // A cluster may tell its directory where the old one does not.
        if tenant(old, &plan.surroundings).is_empty() { known.with("tenant", "") } else { known }
    }

    /// What a site says of one of its slots, whatever cluster is in it.
    fn of_site(site: &Site, colour: Colour, cluster: &Value, surroundings: &Surroundings) -> Self {
        let tenant = tenant(cluster, surroundings);
        let slot = site.slot(colour);
        let (cluster, gateway) = (&slot.cluster, &site.gateway);
        let mut filled = Self::default()
            .with("cluster.name", name_of(cluster))
            .with("cluster.id", cluster)
            .with("cluster.resourceGroup", group_of(cluster))
            .with("slot.colour", colour.name())
            .with("slot.subnet", &slot.subnet)
            .with("gateway.id", gateway)
            .with("gateway.name", name_of(gateway))
            .with("gateway.resourceGroup", group_of(gateway))
            .with("subscription", site.subscription())
            .with_or("tenant", Some(tenant), "neither an identity of the site nor the cluster tells it: write it out")
            .with_or("environment", Some(&surroundings.environment), "the plan was made by an older release");
        for (index, address) in slot.addresses.iter().enumerate() {
            filled = filled.with(&format!("slot.address.{index}"), address.to_string());
        }
        for (name, id) in &site.identities {
            let known = surroundings.identities.get(name);
            let member = |member: &str| format!("identity.{name}.{member}");
            let why = "it was not looked at when the plan was made: request the upgrade again";
            filled = filled
                .with(&member("resourceId"), id)
                .with_or(&member("clientId"), known.map(|known| known.client_id.as_str()), why)
                .with_or(&member("principalId"), known.map(|known| known.principal_id.as_str()), why);
        }
        filled
    }
}

/// The directory, by the site's identities, or by the cluster: only one with an identity of its own, or with Entra's users, tells.
#[must_use]
pub fn tenant<'a>(cluster: &'a Value, surroundings: &'a Surroundings) -> &'a str {
    let known = surroundings.identities.values().map(|identity| identity.tenant_id.as_str());
    let told = ["/identity/tenantId", "/properties/aadProfile/tenantID"].map(|pointer| text(cluster, pointer));
    known.chain(told).find(|tenant| !tenant.is_empty()).unwrap_or_default()
}
