//! Which roles of the old cluster's identities the new one's get.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which roles of the old cluster's identities (its own, the kubelets', those of add-ons, where Azure made them) a run gives
/// the new one's. Roles that let a cluster use something are copied: AcrPull, Network Contributor, Key Vault Secrets User,
/// Reader and their like, at resources and resource groups. Others are refused, with the command for a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct CopyRoles {
    /// Guids of further roles that are copied, too: your own, or Contributor at a single resource. Never Owner and the other
    /// roles that give rights.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("default" = []))]
    pub roles: Vec<String>,
    /// Ids of further subscriptions in which the old cluster's identities have roles: that of a shared registry, say. Those of
    /// the clusters, their subnets and the gateway are looked at in any case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("default" = []))]
    pub subscriptions: Vec<String>,
}
