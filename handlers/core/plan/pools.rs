//! What each of our pools should hold on the way of an upgrade: written into the plan once, and never derived anew.
use super::PlannedStage;
use crate::resources::gateway::Members;
use crate::site::{Colour, Site};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// The members of our pools, at every place where the gateway is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedPools {
    /// All traffic on the old cluster, and nothing in the candidate pool: how it was, and how it is after the way back.
    pub before: PoolMembers,
    /// The new cluster in the candidate pool; all traffic is still with the old one.
    pub offered: PoolMembers,
    /// What each stage writes. With the last one the old cluster goes into the candidate pool: the gateway's probes tell
    /// whether it could take the traffic back.
    pub stages: Vec<PoolMembers>,
    /// Before the old cluster is reduced: it is in no pool.
    pub retired: PoolMembers,
}

/// The members of each pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolMembers(pub Members);

impl PlannedPools {
    /// What these stages need, from the slot of this colour to the other.
    #[must_use]
    pub fn of(site: &Site, old: Colour, stages: &[PlannedStage]) -> Self {
        let (old, new) = (&site.slot(old).addresses, &site.slot(old.other()).addresses);
        let with = |live: &[Ipv4Addr], candidate: &[Ipv4Addr]| PoolMembers(site.pools.with(live, candidate));
        let last = stages.len().saturating_sub(1);
        let stage = |(at, stage): (usize, &PlannedStage)| with(&stage.members, if at == last { old } else { new });
        Self {
            before: with(old, &[]),
            offered: with(old, new),
            stages: stages.iter().enumerate().map(stage).collect(),
            retired: with(stages.last().map_or(old, |stage| &stage.members), &[]),
        }
    }
}

impl Serialize for PoolMembers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(pool, members)| (pool, members)))
    }
}

impl<'de> Deserialize<'de> for PoolMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(BTreeMap::deserialize(deserializer)?.into_iter().collect()))
    }
}
