//! A plan: what one upgrade will do. It is made once, from a site and a look at the world, and never changes.
pub mod checks;
pub mod cluster_body;
pub mod federation;
mod placeholders;
pub mod planning;
pub mod policies;
mod pools;
pub mod prepared;
pub mod request;
pub mod roles;
mod surroundings;
pub mod versions;

pub use crate::resources::version::Version;
pub use placeholders::tenant;
pub use pools::PlannedPools;
pub use surroundings::{Identity, Principals, Surroundings};

use crate::resources::size::Size;
use crate::site::{Colour, FailedCluster, Gate, Site, Slot, Stage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// What one upgrade will do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The site as it was when the run began.
    pub site: Site,
    /// What kind of replacement this is.
    pub kind: Kind,
    /// The exact Kubernetes version of the new cluster: `1.34.6`.
    pub version: Version,
    /// The slot that serves now; the new cluster goes into the other.
    pub old: Colour,
    /// The old cluster's `resourceUID`: nothing else may be retired in its name.
    pub old_uid: String,
    /// What lies in the new slot at the beginning, if anything: its `resourceUID`. `return` goes back to it; the
    /// other kinds delete it before they make the new cluster, if the site agrees.
    pub found_uid: Option<String>,
    /// Kind `return`: whether the kept cluster was stopped, so that turning back stops it again.
    #[serde(default)]
    pub found_stopped: bool,
    /// Kind `return`: how big the kept cluster is now, and how big it was before it was reduced, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<KeptSize>,
    /// The mark of an emergency way back that the gateway carried when the plan was made: it is of another day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_glass: Option<String>,
    /// The stages, each with the share that its members really achieve.
    pub stages: Vec<PlannedStage>,
    /// What each of our pools should hold, from the first write to the last. Runs of format 1 have none, and derive it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pools: Option<PlannedPools>,
    /// What placeholders stand for that neither the site nor a cluster tells.
    #[serde(default, skip_serializing_if = "Surroundings::is_unknown")]
    pub surroundings: Surroundings,
}

/// The sizes of a cluster to which a run returns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptSize {
    /// As it was found: so it is left when the return turns back.
    pub found: Size,
    /// Before it was reduced: so it takes the traffic.
    pub before: Size,
}

/// What kind of replacement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// To a newer version.
    #[default]
    Upgrade,
    /// A new cluster at the same version.
    Replace,
    /// Back to the kept cluster, whatever its version.
    Return,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Upgrade, Self::Replace, Self::Return];

    /// Its one name, as in documents and commands.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Upgrade => "upgrade",
            Self::Replace => "replace",
            Self::Return => "return",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A stage with its members worked out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedStage {
    /// Percent asked for.
    pub asked: u8,
    /// Percent that the members give, rounded.
    pub share: u8,
    /// The watch time in minutes.
    pub watch_minutes: u32,
    /// The members of the live pools.
    pub members: Vec<Ipv4Addr>,
}

impl Plan {
    /// The colour of the new cluster's slot.
    #[must_use]
    pub const fn new_colour(&self) -> Colour {
        self.old.other()
    }

    /// The slot that serves when the run begins.
    #[must_use]
    pub fn old_slot(&self) -> &Slot {
        self.site.slot(self.old)
    }

    /// The slot of the new cluster.
    #[must_use]
    pub fn new_slot(&self) -> &Slot {
        self.site.slot(self.new_colour())
    }

    /// Whether a new cluster that was turned back is kept for diagnosis.
    #[must_use]
    pub fn keeps_failed_cluster(&self) -> bool {
        self.site.failed_cluster == FailedCluster::Keep
    }

    /// The gates of the site.
    #[must_use]
    pub fn gates(&self) -> &[Gate] {
        &self.site.gates
    }
}

/// Works out the members for a share: as many old and new addresses as come nearest to it. Round robin over
/// addresses is all that a gateway has (docs/decisions): with one address each, 50 % is the only mixture.
#[must_use]
pub fn planned(stage: &Stage, old: &[Ipv4Addr], new: &[Ipv4Addr]) -> PlannedStage {
    let error = |from_old: usize, from_new: usize| {
        // |new/(new+old) − share| without fractions: both sides times 100 × (new + old).
        let (old, new, share) = (from_old as i64, from_new as i64, i64::from(stage.share));
        ((100 * new - share * (new + old)).abs() * 1000) / (new + old)
    };
    let choices = (0..=old.len()).flat_map(|from_old| (1..=new.len()).map(move |from_new| (from_old, from_new)));
    let fits = |&(from_old, _): &(usize, usize)| (from_old == 0) == (stage.share == 100);
    // The nearest share; of equals the one with the most members, so that each carries less.
    let (from_old, from_new) = choices
        .filter(fits)
        .min_by_key(|&(from_old, from_new)| (error(from_old, from_new), usize::MAX - from_old - from_new))
        .unwrap_or((0, new.len()));
    let members: Vec<_> = old[..from_old].iter().chain(&new[..from_new]).copied().collect();
    let share = (100 * from_new + members.len() / 2) / members.len().max(1);
    PlannedStage { asked: stage.share, share: share as u8, watch_minutes: stage.watch_minutes, members }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(net: u8, count: u8) -> Vec<Ipv4Addr> {
        (1..=count).map(|host| Ipv4Addr::new(10, net, 0, host)).collect()
    }

    fn stage(share: u8) -> Stage {
        Stage { share, watch_minutes: 5 }
    }

    #[test]
    fn a_share_is_made_of_whole_addresses_and_says_what_it_achieves() {
        let (old, new) = (addresses(1, 4), addresses(2, 4));
        for (asked, from_old, from_new, achieved) in
            [(50, 4, 4, 50), (25, 3, 1, 25), (10, 4, 1, 20), (75, 1, 3, 75), (99, 1, 4, 80), (100, 0, 4, 100)]
        {
            let planned = planned(&stage(asked), &old, &new);
            assert_eq!(planned.share, achieved, "asked for {asked}");
            assert_eq!(planned.members.iter().filter(|a| a.octets()[1] == 1).count(), from_old, "asked for {asked}");
            assert_eq!(planned.members.len(), from_old + from_new, "asked for {asked}");
        }
    }
}
