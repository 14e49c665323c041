//! What the production code's own rules make of a look at a world in which others do something, too: whether the steps may
//! write over what is there, and what both sides' health comes to.
use super::document::{glass, known, mark, readiness, write};
use super::input::{Candidate, Condition, Input, Known, Mark, Members, Next, Ours, Saw, Unkind};
use crate::edited::edited;
use bluegreen_core::resources::gateway::Gateway;
use bluegreen_core::resources::tags::MARK_TAG;
use bluegreen_core::run::Run;
use bluegreen_core::run::readiness::{Sides, Verdict};
use bluegreen_core::step::Step;
use jiff::Timestamp;
use serde_json::{Value, json};

/// One look of a step, as the production code would have it.
pub struct Judged<'a> {
    seen: &'a Input,
    world: Unkind,
    run: Run,
}

impl<'a> Judged<'a> {
    /// `template`: a run with the plan.
    pub fn of(seen: &'a Input, world: Unkind, template: &Run) -> Self {
        let run = edited(
            template,
            &json!({
                "step": seen.step, "stage": seen.stage, "writes": true, "moved": true, "retiring": world.retiring,
                "operation": seen.operation.map(write), "inForce": seen.in_force.map(mark),
                "reducing": seen.reducing.then(|| json!({"running": true, "pools": []})),
                "readiness": world.readiness.map(readiness), "others": {"repairing": world.repairing},
                "knownGlass": if world.knows_glass { vec![glass(true)] } else { vec![] },
            }),
        );
        Self { seen, world, run }
    }

    /// A person used the emergency way back, and nobody has dealt with it.
    pub fn glass_is_broken(&self) -> bool {
        self.run.new_glass(&self.gateway()).is_some()
    }

    /// What is there is not what the step believes to write over.
    pub fn overwrites(&self) -> bool {
        self.run.overwrites(&self.gateway()).is_some()
    }

    /// The live pools and the mark are as the present stage left them.
    pub fn is_as_left(&self) -> bool {
        let gateway = self.gateway();
        gateway.differs(&self.run.intended_live()).is_none() && gateway.mark() == self.run.in_force.as_deref()
    }

    /// The live pools are as the present stage wants them.
    pub fn shows_the_stage(&self) -> bool {
        self.gateway().shows(&self.run.intended_live())
    }

    /// What both sides come to: of a watch in this stage, or before an act on the old cluster.
    pub fn verdict(&self, stage: usize) -> (Verdict, Known) {
        let sides = Sides::of(&self.run, stage, &self.health(), self.lost());
        let readiness = sides.readiness(self.run.readiness.as_ref(), Timestamp::UNIX_EPOCH);
        (sides.judge(&readiness), known(&readiness))
    }

    /// What a watch says. It may be over or not, when all is well.
    pub fn watch(&self) -> Vec<Next> {
        let (verdict, known) = self.verdict(self.seen.stage.into());
        let knows = Next::Say(Saw::Knows { known, missed: self.is_absent() });
        let is_lost = self.seen.step == Step::Soak && known.is_ready == Some(false) && !self.run.is_reducing();
        match verdict {
            Verdict::Well if is_lost => vec![Next::Say(Saw::NoWayBack(known))],
            Verdict::Well => vec![Next::Say(Saw::Done), knows],
            Verdict::Inconclusive(_) => vec![knows],
            Verdict::Breached(_) => vec![Next::Say(Saw::Breached)],
            Verdict::NoWayBack(_) => vec![Next::Say(Saw::NoWayBack(known))],
        }
    }

    /// The act, when every member that serves is healthy.
    pub fn if_well(&self, next: Next) -> Vec<Next> {
        let (verdict, known) = self.verdict(self.seen.stage.into());
        vec![match verdict {
            Verdict::Well => next,
            Verdict::Inconclusive(_) => Next::Say(Saw::NotYet),
            Verdict::Breached(_) => Next::Say(Saw::Breached),
            Verdict::NoWayBack(_) => Next::Say(Saw::NoWayBack(known)),
        }]
    }

    /// The old cluster is not found.
    pub fn is_absent(&self) -> bool {
        !self.seen.old_cluster || self.world.not_found
    }

    fn lost(&self) -> Option<String> {
        match self.world.old {
            _ if self.is_absent() => self.world.missed.then(|| "the old cluster does not exist any more".into()),
            Condition::Stopped if !self.run.can_bring_back() => Some("the old cluster is Stopped".into()),
            Condition::Stopped | Condition::Well | Condition::Ill => None,
        }
    }

    fn pools(&self) -> [(&'static str, Option<&'static [&'static str]>); 2] {
        const OLD: &str = "10.1.0.4";
        const NEW: &str = "10.2.0.4";
        let (live, candidate): (&[&str], &[&str]) = match self.seen.shown {
            Members::Old => (&[OLD], &[]),
            Members::Mixed => (&[OLD, NEW], &[NEW]),
            Members::New => (&[NEW], &[OLD]),
            Members::Retired => (&[NEW], &[]),
        };
        [("web", Some(live)), ("candidate", (self.world.candidate != Candidate::Gone).then_some(candidate))]
    }

    fn gateway(&self) -> Gateway {
        let carried = match self.world.mark {
            Mark::Nobodys => None,
            Mark::Glass => Some(glass(true)),
            // What the run follows or has in force is the newest; otherwise it is one that nobody recorded.
            Mark::OfTheRun if [self.seen.operation, self.seen.in_force].contains(&Some(Ours::Newest)) => {
                Some(mark(Ours::Newest))
            }
            Mark::OfTheRun => Some("shop-1/unrecorded".into()),
        };
        let pools = self.pools().into_iter().filter_map(|(name, members)| {
            let members: Vec<Value> = members?.iter().map(|address| json!({"ipAddress": address})).collect();
            Some(json!({"name": name, "properties": {"backendAddresses": members}}))
        });
        Gateway(json!({"tags": {MARK_TAG: carried}, "properties": {"backendAddressPools": pools.collect::<Vec<_>>()}}))
    }

    fn health(&self) -> Value {
        let old_is_well = self.seen.old_cluster && self.world.old == Condition::Well;
        let health = |pool: &str, address: &str| match address.starts_with("10.1.") {
            true => old_is_well && !(pool == "candidate" && self.world.candidate == Candidate::Misjudges),
            false => self.seen.new_cluster && !self.world.new_is_ill,
        };
        let pools = self.pools().into_iter().filter_map(|(pool, members)| {
            let server = |address: &&str| {
                let health = if health(pool, address) { "Healthy" } else { "Unhealthy" };
                json!({"address": address, "health": health})
            };
            let servers: Vec<Value> = members?.iter().map(server).collect();
            Some(json!({"backendAddressPool": {"name": pool}, "backendHttpSettingsCollection": [{"servers": servers}]}))
        });
        json!({"backendAddressPools": pools.collect::<Vec<_>>()})
    }

    /// Whether the old cluster may be ready for what comes.
    pub fn old_is_well(&self) -> bool {
        self.seen.old_cluster && self.world.old == Condition::Well
    }
}
