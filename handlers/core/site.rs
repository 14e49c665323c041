//! A site: one Application Gateway with two slots, and everything we must know to replace the cluster behind it.
//!
//! One JSON file a site. [`mistakes`](crate::site::check::mistakes) names every mistake at once.
pub mod agic;
mod capacity;
pub mod check;
mod choices;
mod copied;
pub mod emergency;
mod manifest;
pub mod preset;

pub use capacity::{Capacity, Reconciled};
pub use choices::{FailedCluster, Gate, Leftover, NewVersions, OldCluster, VerifiedOnly};
pub use copied::CopyRoles;
pub use manifest::{Manifest, Tests, is_release};
pub use preset::Preset;

use crate::resources::answers::name_of;
use crate::resources::attached::Attached;
use crate::step::Step;
use crate::workload::singletons::Singleton;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

/// One Application Gateway with two slots (blue, green).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Site {
    /// For editors: where the schema of this file is.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Its name: lower-case letters, digits and hyphens, 1 to 40.
    #[schemars(regex(pattern = r"^[a-z0-9-]{1,40}$"))]
    pub name: String,
    /// Resource id of the Application Gateway. A gateway belongs to one site.
    #[schemars(regex(pattern = r"^(/[^/]+){8}$"))]
    pub gateway: String,
    /// The gateway's backend pools that are ours.
    pub pools: Pools,
    /// The two slots.
    pub slots: Slots,
    /// The shares of traffic on the way to 100 %, each with its watch. The last one is 100.
    #[schemars(length(min = 1, max = 10))]
    pub stages: Vec<Stage>,
    /// How long all traffic must stay healthy on the new cluster before the old one is retired, in minutes.
    #[serde(default = "Site::default_soak")]
    pub soak_minutes: u32,
    /// Points before a step where a person must approve.
    #[serde(default)]
    pub gates: Vec<Gate>,
    /// What only a verified name may say: whose token was proved, not one that somebody with a function key wrote.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("default" = []))]
    pub verified_only: Vec<VerifiedOnly>,
    /// What becomes of the old cluster after the soak.
    #[serde(default)]
    pub old_cluster: OldCluster,
    /// What becomes of a new cluster that was turned back.
    #[serde(default)]
    pub failed_cluster: FailedCluster,
    /// Whether a leftover of ours that serves nothing may be deleted to make room.
    #[serde(default)]
    pub leftover: Leftover,
    /// YAML manifests of the controllers (the ingress controller among them), applied in this order.
    #[serde(default)]
    pub controllers: Vec<Manifest>,
    /// YAML manifests of the workloads, applied in this order.
    #[serde(default)]
    pub workloads: Vec<Manifest>,
    /// `CheckPlan` tries the manifests on the old cluster, whose API server judges them and keeps nothing.
    #[serde(default, skip_serializing_if = "is_false")]
    #[schemars(extend("default" = false))]
    pub dry_run: bool,
    /// What a run's manifests had and a later one's have not is deleted in the new cluster, once all else is ready there. Without
    /// it that stays, and is named. A cluster that a run makes begins empty: it matters where a kept one serves again.
    #[serde(default, skip_serializing_if = "is_false")]
    #[schemars(extend("default" = false))]
    pub prune: bool,
    /// Secrets with their content may lie in the manifests, readable for whoever reads the store. Without it they are refused.
    #[serde(default)]
    pub manifests_hold_secrets: bool,
    /// HTTP checks through the candidate listener, made before any traffic moves.
    #[serde(default)]
    pub smoke_tests: Vec<SmokeTest>,
    /// A JSON merge patch (RFC 7396) laid over the new cluster's body: what should differ from the old cluster. Placeholders
    /// (`${slot.colour}`, `${cluster.name}`) are filled in.
    #[serde(default)]
    pub cluster_changes: Value,
    /// User-assigned identities, each by a name of your own: `${identity.<name>.clientId}` in manifests is its client id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub identities: BTreeMap<String, String>,
    /// Partners who filter by source address know the new cluster's outbound address, or none do.
    #[serde(default)]
    pub partners_know_outbound_address: bool,
    /// Each new cluster gets identities of its own, where the clusters' are not the user's (the system-assigned one, the
    /// kubelets', those of add-ons), and others give them their roles.
    #[serde(default)]
    pub grants_prepared: bool,
    /// A run gives the new cluster's own identities the roles that the old one's have, as far as they are harmless. Without it
    /// nobody does, and `CheckPlan` asks for `grantsPrepared`. Add `{}`. The functions need the right to give these roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_roles: Option<CopyRoles>,
    /// Each new cluster issues the tokens of its pods under a name of its own, and others make the federated credentials
    /// for it before traffic moves.
    #[serde(default, skip_serializing_if = "is_false")]
    #[schemars(extend("default" = false))]
    pub federation_prepared: bool,
    /// Of the site's identities those at which a run makes, for each new cluster's issuer, the federated credentials that they
    /// have for the old one's. Whoever may write them can be the identity: the functions need the right at these alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("default" = []))]
    pub federate: Vec<String>,
    /// What hangs on the clusters, is not carried to a new one, and is made anew by others, or not needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("default" = []))]
    pub not_carried: Vec<Attached>,
    /// What hangs on the slots' subnets (network security groups, route tables, service endpoints, …) differs on purpose.
    #[serde(default, skip_serializing_if = "is_false")]
    #[schemars(extend("default" = false))]
    pub subnets_may_differ: bool,
    /// Internal load balancers that the workloads make in their subnet.
    #[serde(default = "Site::default_load_balancers")]
    pub internal_load_balancers: u32,
    /// Keeps both clusters as large as the load wants while traffic moves. Without it autoscalers shrink what has no traffic,
    /// and a flip meets a small cluster. Add `{}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
    /// What of the manifests may run in one cluster only. It is applied suspended, and handed over by `MoveSingletons`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("default" = []))]
    pub singletons: Vec<Singleton>,
    /// Deadlines of steps in minutes, by the step's name, where they differ from the defaults (the column *within* of the flow
    /// in docs/design.md).
    #[serde(default)]
    pub deadline_minutes: BTreeMap<Step, u32>,
    /// What a new version in the region starts by itself, looked at daily.
    #[serde(default)]
    pub new_versions: NewVersions,
}

/// Whether a site can have this name.
#[must_use]
pub fn is_name(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

impl Site {
    /// The identities at which federated credentials are made, by their names here, with their ids.
    pub fn federated(&self) -> impl Iterator<Item = (&String, &String)> {
        self.federate.iter().filter_map(|name| self.identities.get_key_value(name))
    }

    /// What it installs, in the order in which it is applied.
    pub fn manifests(&self) -> impl Iterator<Item = &Manifest> {
        self.controllers.iter().chain(&self.workloads)
    }

    /// The same, to be filled in.
    pub fn manifests_mut(&mut self) -> impl Iterator<Item = &mut Manifest> {
        self.controllers.iter_mut().chain(&mut self.workloads)
    }

    const fn default_soak() -> u32 {
        60
    }

    const fn default_load_balancers() -> u32 {
        1
    }

    /// The slot of this colour.
    #[must_use]
    pub fn slot(&self, colour: Colour) -> &Slot {
        match colour {
            Colour::Blue => &self.slots.blue,
            Colour::Green => &self.slots.green,
        }
    }

    /// What may run in one cluster only, by the names that it has in the cluster of this colour.
    #[must_use]
    pub fn singletons_in(&self, colour: Colour) -> Vec<Singleton> {
        let cluster = name_of(&self.slot(colour).cluster);
        self.singletons.iter().map(|one| one.in_slot(colour.name(), cluster)).collect()
    }

    /// What should differ from the old cluster in the cluster of this colour: the site's changes, with its slot's over them.
    #[must_use]
    pub fn changes(&self, colour: Colour) -> Value {
        let mut changes = self.cluster_changes.clone();
        let of_slot = &self.slot(colour).cluster_changes;
        if of_slot.is_object() {
            lay_over(&mut changes, of_slot);
        }
        changes
    }

    /// The subscription of the gateway, taken from its resource id.
    #[must_use]
    pub fn subscription(&self) -> &str {
        self.gateway.split('/').nth(2).unwrap_or_default()
    }
}

/// Lays a merge patch over another one: what a `null` removes stays removed.
fn lay_over(patch: &mut Value, later: &Value) {
    match (patch, later) {
        (Value::Object(patch), Value::Object(later)) => {
            for (name, change) in later {
                lay_over(patch.entry(name).or_insert(Value::Null), change);
            }
        }
        (patch, later) => patch.clone_from(later),
    }
}

/// The backend pools of the gateway that we write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Pools {
    /// Names of the pools that users' traffic goes to.
    #[schemars(length(min = 1, max = 100))]
    pub live: Vec<String>,
    /// Name of the pool behind the listener for smoke tests. Empty between upgrades.
    pub candidate: String,
}

/// Both slots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Slots {
    /// The blue slot.
    pub blue: Slot,
    /// The green slot.
    pub green: Slot,
}

/// A slot: its cluster, its subnet, its ingress addresses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Slot {
    /// Resource id that the slot's managed cluster has, or will have.
    #[schemars(regex(pattern = r"^(/[^/]+){8}$"))]
    pub cluster: String,
    /// Resource id of the subnet for the cluster's nodes.
    #[schemars(regex(pattern = r"^(/[^/]+){10}$"))]
    pub subnet: String,
    /// Resource id of the subnet in which the slot's ingress has its addresses, where that is not the nodes'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^(/[^/]+){10}$"))]
    pub ingress_subnet: Option<String>,
    /// Further subnets of the slot's cluster (a second pool's, the pods'), each by a name of your own: what lies in the old
    /// slot's of a name lies in the new slot's of the same name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub subnets: BTreeMap<String, String>,
    /// Name of the resource group for the cluster's nodes, which AKS makes. Without it: `MC_<group>_<cluster>_<region>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 80))]
    pub node_resource_group: Option<String>,
    /// The same as the site's `clusterChanges`, for this slot's cluster alone, laid over it.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub cluster_changes: Value,
    /// Internal addresses at which the slot's ingress answers: the members of the live pools. Several make finer shares.
    #[schemars(length(min = 1, max = 100))]
    pub addresses: Vec<Ipv4Addr>,
}

impl Slot {
    /// Every subnet in which its cluster has something: its own first.
    #[must_use]
    pub fn all_subnets(&self) -> Vec<String> {
        [&self.subnet].into_iter().chain(self.subnets.values()).chain(&self.ingress_subnet).cloned().collect()
    }
}

/// The colour of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Colour {
    /// The blue slot.
    Blue,
    /// The green slot.
    Green,
}

impl Colour {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Blue => Self::Green,
            Self::Green => Self::Blue,
        }
    }

    /// Both.
    pub const ALL: [Self; 2] = [Self::Blue, Self::Green];

    /// The colour of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|colour| colour.name() == name)
    }

    /// `blue` or `green`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::Green => "green",
        }
    }
}

/// One share of traffic on the way from 0 to 100 %.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Stage {
    /// Percent of the traffic for the new cluster, 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    pub share: u8,
    /// How long this share must stay healthy, in minutes.
    #[schemars(range(max = 1440))]
    pub watch_minutes: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_true(value: &bool) -> bool {
    *value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// One HTTP check through the candidate listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct SmokeTest {
    /// The URL to GET.
    #[schemars(regex(pattern = r"^https?://"))]
    pub url: String,
    /// The gateway's own address, with a port where it is not 80: the request goes there, and only its `Host` header
    /// names the URL's host. For an `http` URL whose host is in no DNS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_to: Option<String>,
    /// The status that it must answer.
    #[serde(default = "SmokeTest::ok")]
    #[schemars(range(min = 100, max = 599))]
    pub status: u16,
    /// A text that the body must contain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
}

/// The address and port that a text names: port 80, if it has none. `None` when it names no IP address.
#[must_use]
pub fn address_of(text: &str) -> Option<SocketAddr> {
    text.parse().ok().or_else(|| Some(SocketAddr::new(text.parse().ok()?, 80)))
}

impl SmokeTest {
    const fn ok() -> u16 {
        200
    }
}
