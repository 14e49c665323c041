//! The steps of an upgrade: their names, and the flow as one table.
mod table;

pub use table::{Ending, Follows, Otherwise, Row, TABLE, Then, Traffic};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing to make true. Its name is the same everywhere: function folder, route, subscription, span, log field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Step {
    /// Everything that the plan needs holds.
    CheckPlan,
    /// The new slot holds a provisioned cluster that carries our run id.
    CreateCluster,
    /// The controllers are applied and ready.
    InstallControllers,
    /// The new cluster runs what the old one runs.
    SyncWorkloads,
    /// Nodes, workloads, smoke tests and the gateway's own probe of the new cluster pass.
    ValidateHealth,
    /// The gateway sends the present stage's share to the new cluster.
    ShiftTraffic,
    /// That share stayed healthy for the stage's watch time.
    ConfirmTraffic,
    /// What may run in one cluster only runs in the new one.
    MoveSingletons,
    /// All traffic stayed healthy for the soak time.
    Soak,
    /// The old cluster is kept, scaled down, stopped or deleted, as the plan says.
    RetireOldCluster,
    /// All traffic is on the old cluster and the candidate pool is empty.
    RestoreTraffic,
    /// The new cluster, if it is ours, is gone.
    DeleteNewCluster,
}

impl Step {
    /// All of them, in the order of the flow's table.
    pub const ALL: [Self; 12] = [
        Self::CheckPlan,
        Self::CreateCluster,
        Self::InstallControllers,
        Self::SyncWorkloads,
        Self::ValidateHealth,
        Self::ShiftTraffic,
        Self::ConfirmTraffic,
        Self::MoveSingletons,
        Self::Soak,
        Self::RetireOldCluster,
        Self::RestoreTraffic,
        Self::DeleteNewCluster,
    ];

    /// Its one name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CheckPlan => "CheckPlan",
            Self::CreateCluster => "CreateCluster",
            Self::InstallControllers => "InstallControllers",
            Self::SyncWorkloads => "SyncWorkloads",
            Self::ValidateHealth => "ValidateHealth",
            Self::ShiftTraffic => "ShiftTraffic",
            Self::ConfirmTraffic => "ConfirmTraffic",
            Self::MoveSingletons => "MoveSingletons",
            Self::Soak => "Soak",
            Self::RetireOldCluster => "RetireOldCluster",
            Self::RestoreTraffic => "RestoreTraffic",
            Self::DeleteNewCluster => "DeleteNewCluster",
        }
    }

    /// What it makes true, for people.
    #[must_use]
    pub const fn goal(self) -> &'static str {
        match self {
            Self::CheckPlan => {
                "everything the plan needs holds: version offered in this region, idle slot free (a leftover of ours that \
                 serves nothing counts as gone if the plan lists it), addresses and quota suffice, gateway healthy and its \
                 writers known, blue healthy, the manifests need nothing that the target version lacks"
            }
            Self::CreateCluster => {
                "the new slot holds a provisioned cluster that carries our run id and equals the old one except where the \
                 plan says so (a leftover that the plan lists is deleted first, and what `CheckPlan` found must hold once \
                 more; kind `return`: the kept cluster named in the plan is tagged, started, and as big as it was before \
                 it was reduced)"
            }
            Self::InstallControllers => "the pinned controllers are applied and ready",
            Self::SyncWorkloads => "the new cluster runs what the old one runs",
            Self::ValidateHealth => {
                "nodes, workloads, smoke tests, and the gateway's own probe of the new cluster (its addresses in the \
                 *candidate* pool) all pass"
            }
            Self::ShiftTraffic => "the gateway sends the current stage's share to the new cluster",
            Self::ConfirmTraffic => "that share stayed healthy for the stage's watch time",
            Self::MoveSingletons => {
                "what may run in one cluster only (`singletons` of the site; a run without any does not come here) is stopped in \
                 the old cluster, seen stopped, and started in the new one"
            }
            Self::Soak => "all traffic stayed healthy for the soak time, and rollback stayed ready",
            Self::RetireOldCluster => "the old cluster is kept, scaled down, stopped or deleted, as the plan says",
            Self::RestoreTraffic => "all traffic is on the old cluster, and the candidate pool is empty",
            Self::DeleteNewCluster => {
                "no pool holds the new cluster's addresses, and the new cluster, if it is ours, is gone (or kept for \
                 diagnosis; kind `return`: put back as it was found)"
            }
        }
    }

    /// The step of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }
}

impl std::str::FromStr for Step {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::name).join(", ");
        Self::named(name).ok_or_else(|| format!("{name:?} is no step: expected one of {}", names()))
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}
