//! The members that our pools should have, wherever a run is.
use crate::plan::Plan;
use crate::resources::gateway::Members;
use crate::run::Run;
use crate::site::Pools;
use std::net::Ipv4Addr;

impl Plan {
    /// All traffic on the old cluster, nothing in the candidate pool: how it was, and how it is after the way back.
    #[must_use]
    pub fn before(&self) -> Members {
        self.pools(&self.old_slot().addresses, &[])
    }

    /// The new cluster in the candidate pool, all traffic still on the old one.
    #[must_use]
    pub fn candidate(&self) -> Members {
        self.pools(&self.old_slot().addresses, &self.new_slot().addresses)
    }

    /// The members of a stage. The candidate pool is empty again with the last one.
    #[must_use]
    pub fn at_stage(&self, stage: usize) -> Members {
        let live = self.stages.get(stage).map_or(&self.old_slot().addresses, |stage| &stage.members);
        let is_last = stage + 1 >= self.stages.len();
        self.pools(live, if is_last { &[] } else { &self.new_slot().addresses })
    }

    fn pools(&self, live: &[Ipv4Addr], candidate: &[Ipv4Addr]) -> Members {
        self.site.pools.with(live, candidate)
    }
}

impl Pools {
    /// These addresses in every live pool; nothing is said of the candidate pool.
    #[must_use]
    pub fn live_with(&self, live: &[Ipv4Addr]) -> Members {
        self.live.iter().map(|pool| (pool.clone(), live.to_vec())).collect()
    }

    /// These addresses in every live pool, and those in the candidate pool.
    #[must_use]
    pub fn with(&self, live: &[Ipv4Addr], candidate: &[Ipv4Addr]) -> Members {
        let mut members = self.live_with(live);
        members.push((self.candidate.clone(), candidate.to_vec()));
        members
    }
}

impl Run {
    /// The members of the present stage.
    #[must_use]
    pub fn intended(&self) -> Members {
        self.plan.at_stage(self.stage)
    }

    /// Percent of the traffic that the present stage's members give to the new cluster.
    #[must_use]
    pub fn share(&self) -> u8 {
        self.plan.stages.get(self.stage).map_or(0, |stage| stage.share)
    }
}
