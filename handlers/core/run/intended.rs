//! The members that our pools should have, wherever a run is.
use crate::plan::Plan;
use crate::resources::answers::same_name;
use crate::resources::gateway::Members;
use crate::run::{Entry, Run};
use crate::site::Pools;
use crate::step::Step;
use std::net::Ipv4Addr;

impl Plan {
    /// All traffic on the old cluster, nothing in the candidate pool: how it was, and how it is after the way back.
    #[must_use]
    pub fn before(&self) -> Members {
        match &self.pools {
            Some(planned) => planned.before.0.clone(),
            None => self.derived(&self.old_slot().addresses, &[]),
        }
    }

    /// The new cluster in the candidate pool, all traffic still on the old one.
    #[must_use]
    pub fn candidate(&self) -> Members {
        match &self.pools {
            Some(planned) => planned.offered.0.clone(),
            None => self.derived(&self.old_slot().addresses, &self.new_slot().addresses),
        }
    }

    /// The members of a stage. With the last one the candidate pool holds the old cluster; in runs of format 1 it is empty
    /// again.
    #[must_use]
    pub fn at_stage(&self, stage: usize) -> Members {
        if let Some(planned) = self.pools.as_ref().and_then(|planned| planned.stages.get(stage)) {
            return planned.0.clone();
        }
        let live = self.stages.get(stage).map_or(&self.old_slot().addresses, |stage| &stage.members);
        let is_last = stage + 1 >= self.stages.len();
        self.derived(live, if is_last { &[] } else { &self.new_slot().addresses })
    }

    /// After the last stage, with the old cluster in no pool.
    #[must_use]
    pub fn retired(&self) -> Members {
        match &self.pools {
            Some(planned) => planned.retired.0.clone(),
            None => self.at_stage(self.stages.len().saturating_sub(1)),
        }
    }

    fn derived(&self, live: &[Ipv4Addr], candidate: &[Ipv4Addr]) -> Members {
        self.site.pools.with(live, candidate)
    }
}

impl Pools {
    /// Whether this is the name of a live pool.
    #[must_use]
    pub fn is_live(&self, pool: &str) -> bool {
        self.live.iter().any(|live| same_name(live, pool))
    }

    /// Whether this is the name of the candidate pool.
    #[must_use]
    pub fn is_candidate(&self, pool: &str) -> bool {
        same_name(&self.candidate, pool)
    }

    /// Whether this is the name of a pool of ours.
    #[must_use]
    pub fn is_ours(&self, pool: &str) -> bool {
        self.is_live(pool) || self.is_candidate(pool)
    }

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

    /// The live pools' members of the present stage: what users depend on.
    #[must_use]
    pub fn intended_live(&self) -> Members {
        let pools = &self.plan.site.pools;
        self.intended().into_iter().filter(|(pool, _)| pools.is_live(pool)).collect()
    }

    /// Which stage's members the gateway had after each line of the journal, as the run has proved it: `None`, those from
    /// before it. A step is done only when the gateway was seen with its members.
    #[must_use]
    pub fn stages_in_force(&self) -> Vec<Option<usize>> {
        let (mut stage, mut in_force) = (0, None);
        let after = |entry: &Entry| {
            match (entry.before, entry.after) {
                (Step::ShiftTraffic, Step::ConfirmTraffic) => in_force = Some(stage),
                (Step::ConfirmTraffic, Step::ShiftTraffic) if entry.what == "done" => stage += 1,
                (Step::RestoreTraffic, Step::DeleteNewCluster) => in_force = None,
                _ => {}
            }
            in_force
        };
        self.journal.iter().map(after).collect()
    }

    /// Percent of the traffic that the present stage's members give to the new cluster.
    #[must_use]
    pub fn share(&self) -> u8 {
        self.plan.stages.get(self.stage).map_or(0, |stage| stage.share)
    }

    /// What of it stays where a person ends it as it stands, for people; `None`: nothing was made.
    #[must_use]
    pub fn stays(&self) -> Option<String> {
        if matches!(self.step, Step::CheckPlan) {
            return None;
        }
        let (old, new) = (self.plan.old.name(), self.plan.new_colour().name());
        let clusters = format!("what stays: {new}, as far as it was made, beside {old}");
        if !self.step.may_carry_traffic() || self.share() == 100 {
            return Some(clusters);
        }
        let site = &self.plan.site.name;
        Some(format!("{clusters}, and users on both: `bluegreen break-glass {site} --to COLOUR` leads all to one"))
    }

    /// Whether both clusters have users, and the new one is about to get more of them.
    #[must_use]
    pub fn leads_to_both(&self) -> bool {
        self.step == Step::ShiftTraffic && self.stage > 0
    }
}
