//! What is true of a run where it is.
use super::{Ending, Following, QUIET_TIME, Run};
use crate::plan::Kind;
use crate::resources::cluster::Cluster;
use crate::resources::size::Size;
use crate::site::{Gate, OldCluster};
use crate::step::{Step, Then};
use crate::text::few;
use crate::workload::singletons::by_hand;
use jiff::{SignedDuration, Timestamp};

/// A right that was given counts within so many minutes.
const RIGHT_COUNTS_WITHIN: u32 = 30;
/// So many singletons are named.
const NAMED: usize = 8;

impl Run {
    /// How it has ended, for people: an upgrade and a return to the kept cluster end at the same step. `None`: it has not.
    #[must_use]
    pub fn ending_words(&self) -> Option<&'static str> {
        Some(match (self.ending?, self.plan.kind) {
            (Ending::Upgraded, Kind::Return) => "returned",
            (Ending::Upgraded, Kind::Replace) => "replaced",
            (ending, _) => ending.words(),
        })
    }

    /// The step, or what follows it where this run has nothing to do there.
    #[must_use]
    pub fn taken(&self, step: Step) -> Step {
        match step.row().done {
            Then::Go(next) if step.needs_singletons() && self.plan.site.singletons.is_empty() => next,
            Then::Go(_) | Then::NextStageOr(_) | Then::End(_) => step,
        }
    }

    /// Whether it still moves by itself.
    #[must_use]
    pub fn moves(&self) -> bool {
        self.held.is_none() && self.ending.is_none()
    }

    /// How long the present step may take.
    #[must_use]
    pub fn deadline(&self) -> SignedDuration {
        let site = &self.plan.site;
        let minutes = site.deadline_minutes.get(&self.step).copied().unwrap_or(self.step.row().minutes);
        let watched = match self.step {
            Step::Soak => site.soak_minutes,
            // A right that was just given to us counts within that.
            Step::InstallControllers if site.copy_roles.is_some() => RIGHT_COUNTS_WITHIN,
            step if step.is_watch() => self.plan.stages.get(self.stage).map_or(0, |stage| stage.watch_minutes),
            _ => 0,
        };
        SignedDuration::from_mins(i64::from(minutes) + i64::from(watched))
    }

    /// Whether nothing that looked before the present step can still act.
    #[must_use]
    pub fn is_quiet(&self, now: Timestamp) -> bool {
        self.quiet_from.is_some_and(|from| now.duration_since(from) >= QUIET_TIME)
    }

    /// The gate before this step and stage that nobody has opened yet.
    #[must_use]
    pub fn gate_before(&self, step: Step, stage: usize) -> Option<Gate> {
        let is_here = |gate: &&Gate| gate.before == step && (step != Step::ShiftTraffic || gate.stage == stage);
        let is_open = |gate: &Gate| self.approved.iter().any(|approval| &approval.gate == gate);
        self.plan.gates().iter().filter(is_here).find(|gate| !is_open(gate)).cloned()
    }

    /// Whether the old cluster may be reduced already, so that it may be no way back, or not at once. A run of format 1
    /// does not say when it begins to, only that it is about to.
    #[must_use]
    pub fn is_reducing(&self) -> bool {
        match self.keeps_old_rules() {
            true => self.retiring || self.step == Step::RetireOldCluster,
            false => self.reducing.is_some(),
        }
    }

    /// Whether it has reduced the old cluster, or is about to, and can bring it back: a deleted one it cannot.
    #[must_use]
    pub fn can_bring_back(&self) -> bool {
        self.reducing.is_some() && self.plan.site.old_cluster != OldCluster::Delete
    }

    /// Whether its way back waits for the nodes of an old cluster that it has reduced, while the new one carries what it can.
    #[must_use]
    pub fn waits_for_nodes(&self) -> bool {
        let has_written = matches!(self.following, Some(Following::GatewayWrite { .. }));
        self.step == Step::RestoreTraffic
            && self.moves()
            && self.can_bring_back()
            && !(self.unserved || self.forced || has_written)
    }

    /// Whether its deletion of the old cluster began and came to no end: nobody knows what is left.
    #[must_use]
    pub fn has_deleted_in_part(&self, old: &Cluster) -> bool {
        let deletes = self.plan.site.old_cluster == OldCluster::Delete;
        // What changes a cluster otherwise, an autoscaler say, is no sign of a deletion.
        let is_cut = |size: &Size| old.has_failed() || old.is_being_deleted() || size.lacks_pools(old);
        self.reducing.as_ref().is_some_and(|size| deletes && is_cut(size))
    }

    /// Why what is in the old slot is nothing that this run could bring back; `None`: it could be.
    #[must_use]
    pub fn cannot_bring_back(&self, found: &Cluster) -> Option<String> {
        if found.uid() != self.plan.old_uid {
            return Some("the old slot holds another cluster than the plan names".to_owned());
        }
        if found.is_being_deleted() {
            return Some("the old cluster is being deleted".to_owned());
        }
        let is_cut = self.has_deleted_in_part(found);
        is_cut.then(|| format!("the old cluster is {}: its deletion came to no end", found.state()))
    }

    /// Whether a write of this run may be on the gateway, or on its way there.
    #[must_use]
    pub fn may_have_written(&self) -> bool {
        self.keeps_old_rules() || self.writes
    }

    /// Whether it began under the rules of format 1, and ends by them.
    #[must_use]
    pub fn keeps_old_rules(&self) -> bool {
        self.format < 2
    }

    /// Whether green may carry users' traffic: then the old cluster is the way back.
    #[must_use]
    pub fn may_carry_traffic(&self) -> bool {
        self.ending.is_none() && self.step.may_carry_traffic()
    }

    /// What may run in one cluster only, and may run in none now, or not where it should: between the clusters, for a person.
    #[must_use]
    pub fn singletons_in_between(&self) -> Option<String> {
        let is_between = self.moves_singletons && (self.step.needs_singletons() || self.step.undoes());
        is_between.then(|| {
            let of = |colour| self.plan.site.singletons_in(colour);
            let all = of(self.plan.new_colour()).into_iter().zip(of(self.plan.old));
            let all: Vec<_> = all.flat_map(|(new, old)| [Some(by_hand(&new)), (new != old).then(|| by_hand(&old))]).flatten().collect();
            format!(
                "what may run in one cluster only may be stopped in both: see where it runs, and start it in the one that serves: \
                 {}",
                few(&all, NAMED, "; ")
            )
        })
    }
}
