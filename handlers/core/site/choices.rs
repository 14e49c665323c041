//! What is decided once for a site: where a person is asked, and what becomes of clusters.
use crate::step::Step;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A point before a step where a person must approve.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Gate {
    /// The step that waits for the approval.
    pub before: Step,
    /// Before `ShiftTraffic`: of which stage, from 0.
    #[serde(default)]
    pub stage: usize,
}

/// What only a verified name may say. A token verifies a name, also that of the account with which the operators' tool comes
/// to the store; a function key does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum VerifiedOnly {
    /// The approval that opens a gate.
    Gates,
    /// An order with `force`.
    Force,
}

/// What becomes of the old cluster after the soak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OldCluster {
    /// It runs on as it is.
    #[default]
    Keep,
    /// Its user pools go to no nodes, its system pools to one each.
    ScaleDown,
    /// It is stopped.
    Stop,
    /// It is deleted.
    Delete,
}

/// What becomes of a new cluster that was turned back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FailedCluster {
    /// It is deleted.
    #[default]
    Delete,
    /// It is kept for diagnosis.
    Keep,
}

/// Whether a leftover in the idle slot may be deleted to make room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Leftover {
    /// The plan is refused while something is in the idle slot.
    #[default]
    Refuse,
    /// It is deleted, if it carries our tags and serves nothing.
    Delete,
}

/// What a new version in the region starts by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NewVersions {
    /// Nothing: people start upgrades.
    #[default]
    Ignore,
    /// An upgrade to the newest patch of the cluster's minor version.
    LatestPatch,
    /// An upgrade to the newest patch of the minor version before the newest.
    LatestStable,
}
