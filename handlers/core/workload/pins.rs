//! What keeps workloads large while traffic moves: minima that are raised in both clusters, recorded before, and taken back.
//!
//! ```text
//! scaled ─► planned (what, to how much) ─► recorded in the run ─► placed (a patch, with an annotation) ─► taken back
//! ```
//! Nothing is ever pinned down, and what stands at 0 is never started.
mod held;
mod placed;
mod planned;
mod scaled;
mod shared;

pub use held::{Held, Load, load};
pub use placed::{PINNED, Placed, Undo, marked, patch, undo};
pub use planned::{Planned, Wishes, planned, reconciler_of, reconciles, wishes};
pub use scaled::{Counts, Scaled, counts, unready};
pub use shared::together;

use crate::resources::answers::text;
use crate::resources::object::name;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// So many pins of a cluster are kept in a run; what is more is named, and left.
pub const MOST: usize = 200;

/// Which of the two clusters of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one that serves when it begins.
    Old,
    /// The one that it makes.
    New,
}

impl Side {
    /// For people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Old => "the old cluster",
            Self::New => "the new cluster",
        }
    }
}

/// Whose count is pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Field {
    /// `spec.minReplicas` of an autoscaler.
    HorizontalPodAutoscaler,
    /// `spec.minReplicaCount` of KEDA's object: its autoscaler is KEDA's.
    ScaledObject,
    /// `spec.replicas`, where no autoscaler rules.
    Deployment,
    /// `spec.replicas`, where no autoscaler rules.
    StatefulSet,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::HorizontalPodAutoscaler, Self::ScaledObject, Self::Deployment, Self::StatefulSet];

    /// Its kind.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::HorizontalPodAutoscaler => "HorizontalPodAutoscaler",
            Self::ScaledObject => "ScaledObject",
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
        }
    }

    /// Its `apiVersion`.
    #[must_use]
    pub const fn api_version(self) -> &'static str {
        match self {
            Self::HorizontalPodAutoscaler => "autoscaling/v2",
            Self::ScaledObject => "keda.sh/v1alpha1",
            Self::Deployment | Self::StatefulSet => "apps/v1",
        }
    }

    /// The member of its `spec` that is pinned.
    #[must_use]
    pub const fn member(self) -> &'static str {
        match self {
            Self::HorizontalPodAutoscaler => "minReplicas",
            Self::ScaledObject => "minReplicaCount",
            Self::Deployment | Self::StatefulSet => "replicas",
        }
    }

    /// Whether it is a size, and no bound of one: then nothing else would keep the workload large, and it is not taken back
    /// where it serves.
    #[must_use]
    pub const fn is_size(self) -> bool {
        matches!(self, Self::Deployment | Self::StatefulSet)
    }
}

/// One count that is kept large.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pin {
    /// The kind of what is patched.
    pub kind: Field,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Which object of that name.
    pub uid: String,
    /// The workload that it keeps large: `Deployment web`.
    pub workload: String,
    /// What the count was before; nothing: it was not there.
    pub before: Option<u64>,
    /// What it is raised to.
    pub to: u64,
}

impl Pin {
    /// Enough of the object to find it.
    #[must_use]
    pub fn object(&self) -> Value {
        json!({"apiVersion": self.kind.api_version(), "kind": self.kind.kind(),
            "metadata": {"namespace": self.namespace, "name": self.name}})
    }

    /// Whether it keeps this workload large.
    #[must_use]
    pub fn keeps(&self, workload: &Value) -> bool {
        text(workload, "/metadata/namespace") == self.namespace
            && format!("{} {}", text(workload, "/kind"), name(workload)) == self.workload
    }

    fn is_same(&self, other: &Self) -> bool {
        (self.kind, &self.namespace, &self.name, &self.uid) == (other.kind, &other.namespace, &other.name, &other.uid)
    }
}

impl std::fmt::Display for Pin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}/{} to {}", self.kind.kind(), self.namespace, self.name, self.to)
    }
}

/// What a run keeps large, as it is recorded before the first of it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pins {
    /// In the cluster that served when it began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub old: Vec<Pin>,
    /// In the new cluster.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub new: Vec<Pin>,
    /// Those of the old cluster are taken back, as far as they can be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub old_over: bool,
    /// Those of the new one are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new_over: bool,
}

impl Pins {
    /// Those of a side that are still to be taken back.
    #[must_use]
    pub fn of(&self, side: Side) -> &[Pin] {
        match side {
            Side::Old if !self.old_over => &self.old,
            Side::New if !self.new_over => &self.new,
            Side::Old | Side::New => &[],
        }
    }

    /// Adds what is pinned now: what is known keeps its inverse, and only grows.
    pub fn add(&mut self, more: &Self) {
        for (known, more) in [(&mut self.old, &more.old), (&mut self.new, &more.new)] {
            for pin in more {
                match known.iter_mut().find(|known| known.is_same(pin)) {
                    Some(known) => known.to = known.to.max(pin.to),
                    None => known.push(pin.clone()),
                }
            }
        }
        (self.old_over, self.new_over) = (false, false);
    }

    /// Those of a side are taken back.
    pub fn end(&mut self, side: Side) {
        match side {
            Side::Old => self.old_over = true,
            Side::New => self.new_over = true,
        }
    }
}

#[cfg(test)]
mod tests;
