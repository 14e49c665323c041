//! What the steps from `ShiftTraffic` on see and do, as docs/design.md says: a look, then at most one act.
use super::input::{Act, Candidate, Condition, Input, Mark, Members, Newest, Next, Ours, Saw, Unkind};
use super::judged::Judged;
use super::world::{State, live};
use bluegreen_core::run::Run;
use bluegreen_core::step::Step;

/// The rules that the protocol needs, each to be taken out, and what the plan says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// The sweep takes a new hop. Without it, it publishes the same MessageId again.
    pub sweep_takes_new_hop: bool,
    /// An undoing step is done, and the old cluster touched, only after the quiet time.
    pub quiet_time: bool,
    /// Done needs an operation that this step recorded. Without it, seeing our members is enough.
    pub recorded_operation: bool,
    /// Done needs that operation's mark on the gateway. Without it, our members are enough.
    pub mark: bool,
    /// The plan keeps both clusters: the retired one, and a new one that was turned back.
    pub keeps_clusters: bool,
    /// What is about to be deleted goes only after one more look at the gateway. Without it, a person's emergency way back
    /// to it may come between the look and the deletion.
    pub looks_before_it_deletes: bool,
    /// A watch remembers that it did not find the old cluster.
    pub absence_is_learnt: bool,
}

/// What the present step reads. `quiet`: the run was quiet when it was loaded.
pub fn read(state: &State, quiet: bool, rules: Rules) -> Input {
    let run = &state.run;
    Input {
        step: run.step,
        stage: run.stage,
        operation: run.operation,
        in_force: run.in_force,
        reducing: run.reducing,
        shown: state.gateway.shown,
        newest: state.gateway.newest,
        old_cluster: state.old_cluster,
        new_cluster: state.new_cluster,
        quiet,
        keeps_clusters: rules.keeps_clusters,
        unkind: state.others.map(|others| Unkind {
            old: others.old,
            new_is_ill: others.new_is_ill,
            candidate: others.candidate,
            mark: others.mark,
            not_found: false,
            missed: run.missed,
            readiness: run.readiness,
            knows_glass: run.knows_glass,
            repairing: run.repairing,
            retiring: run.retiring,
        }),
    }
}

/// What the look of the present step can lead to.
pub fn look(seen: &Input, rules: Rules, template: &Run) -> Vec<Next> {
    match seen.unkind {
        Some(world) => Unkindly { seen, world, judged: Judged::of(seen, world, template), rules }.look(),
        None => look_kindly(seen, rules),
    }
}

/// Nobody else writes or deletes anything, and what the probes say is left open.
fn look_kindly(seen: &Input, rules: Rules) -> Vec<Next> {
    let as_we_left_it = |members: Members| seen.in_force == Some(Ours::Newest) && live(seen.shown) == live(members);
    match seen.step {
        Step::ShiftTraffic => looked_at_first(seen, proved_or_written(seen, intended(seen.stage), Saw::Done, rules)),
        Step::ConfirmTraffic | Step::Soak if !as_we_left_it(intended(seen.stage)) => vec![Next::Say(Saw::Drifted)],
        // The watch may be over or not, and the traffic healthy or not.
        Step::ConfirmTraffic | Step::Soak => [Saw::Done, Saw::NotYet, Saw::Breached].map(Next::Say).to_vec(),
        Step::RetireOldCluster if seen.operation.is_some() => {
            proved_or_written(seen, Members::Retired, Saw::Emptied, rules)
        }
        Step::RetireOldCluster => match () {
            () if !as_we_left_it(Members::New) => vec![Next::Say(Saw::Drifted)],
            () if !seen.quiet => vec![Next::Say(Saw::NotYet)],
            () if seen.shown == Members::New => if_well(Next::Act(Act::Write(Members::Retired))),
            () if !seen.old_cluster || seen.keeps_clusters => vec![Next::Say(Saw::Done)],
            () if !seen.reducing => if_well(Next::Say(Saw::WillReduce)),
            () => if_well(Next::Act(Act::DeleteOld)),
        },
        Step::RestoreTraffic if seen.reducing && !seen.quiet => vec![Next::Say(Saw::NotYet)],
        Step::RestoreTraffic if seen.reducing && !seen.old_cluster => vec![Next::Say(Saw::Stuck)],
        Step::RestoreTraffic => proved_or_written(seen, Members::Old, Saw::Done, rules),
        Step::DeleteNewCluster => match () {
            () if seen.shown != Members::Old => vec![Next::Say(Saw::Drifted)],
            () if seen.reducing && !seen.quiet => vec![Next::Say(Saw::NotYet)],
            () if seen.reducing && !seen.old_cluster => vec![Next::Say(Saw::Stuck)],
            () if !seen.new_cluster || seen.keeps_clusters => vec![Next::Say(Saw::Done)],
            () => vec![Next::Act(Act::DeleteNew), Next::Say(Saw::NotYet), Next::Say(Saw::Stuck)],
        },
        Step::CheckPlan
        | Step::CreateCluster
        | Step::InstallControllers
        | Step::SyncWorkloads
        | Step::ValidateHealth
        | Step::MoveSingletons => unreachable!("no way leads from the shift to {}", seen.step),
    }
}

/// Only when every member that serves is healthy: it may not be known, or not be so.
fn if_well(next: Next) -> Vec<Next> {
    vec![next, Next::Say(Saw::NotYet), Next::Say(Saw::Breached)]
}

/// Where no user is led to the new cluster, it may have to be looked at anew before it is.
fn looked_at_first(seen: &Input, mut next: Vec<Next>) -> Vec<Next> {
    let is_write = |next: &Next| matches!(next, Next::Act(Act::Write(_)));
    if live(seen.shown) == live(Members::Old) && next.iter().any(is_write) && !next.contains(&Next::Say(Saw::NotYet)) {
        next.push(Next::Say(Saw::NotYet));
    }
    next
}

/// Our own recorded write is waited for. One that shows itself, and that nobody recorded, is waited for as long as a write
/// lasts, which is over when the run is quiet.
fn proved_or_written(seen: &Input, members: Members, proved: Saw, rules: Rules) -> Vec<Next> {
    if seen.operation == Some(Ours::Newest) && seen.newest == Newest::InFlight {
        return vec![Next::Say(Saw::NotYet)];
    }
    let is_proved = match seen.operation {
        Some(Ours::Newest) => seen.newest == Newest::Landed,
        Some(Ours::Landed) => !rules.mark,
        Some(Ours::Canceled) | None => false,
    };
    let is_shown = live(seen.shown) == live(members);
    if is_shown && (is_proved || !rules.recorded_operation) {
        return vec![Next::Say(proved)];
    }
    let write = Next::Act(Act::Write(members));
    let is_known = [seen.operation, seen.in_force].contains(&Some(Ours::Newest));
    if is_shown && !is_known && !seen.quiet { vec![Next::Say(Saw::NotYet), write] } else { vec![write] }
}

/// The members of a stage: half, then all.
fn intended(stage: u8) -> Members {
    if stage == 0 { Members::Mixed } else { Members::New }
}

/// A look at a world in which others do something, too.
struct Unkindly<'a> {
    seen: &'a Input,
    world: Unkind,
    judged: Judged<'a>,
    rules: Rules,
}

impl Unkindly<'_> {
    fn look(&self) -> Vec<Next> {
        let Self { seen, .. } = self;
        if seen.step != Step::RestoreTraffic && self.judged.glass_is_broken() {
            return vec![Next::Say(Saw::GlassBroken)];
        }
        match seen.step {
            Step::ShiftTraffic => looked_at_first(seen, self.proved_or_written(intended(seen.stage), Saw::Done)),
            Step::ConfirmTraffic | Step::Soak => {
                self.not_as_left(intended(seen.stage)).unwrap_or_else(|| self.learnt(self.judged.watch()))
            }
            Step::RetireOldCluster if seen.operation.is_some() => {
                self.proved_or_written(Members::Retired, Saw::Emptied)
            }
            Step::RetireOldCluster => self.not_as_left(Members::New).unwrap_or_else(|| self.retired()),
            Step::RestoreTraffic => {
                self.brought_back(seen.reducing).unwrap_or_else(|| self.proved_or_written(Members::Old, Saw::Done))
            }
            Step::DeleteNewCluster => self.new_is_gone(),
            _ => unreachable!("no way leads from the shift to {}", seen.step),
        }
    }

    /// What the watch does not remember it has not missed.
    fn learnt(&self, mut next: Vec<Next>) -> Vec<Next> {
        for one in &mut next {
            if let Next::Say(Saw::Knows { missed, .. }) = one {
                *missed &= self.rules.absence_is_learnt;
            }
        }
        next
    }

    fn not_as_left(&self, members: Members) -> Option<Vec<Next>> {
        let is_shown = live(self.seen.shown) == live(members);
        let saw = match self.world.mark {
            _ if !is_shown => Saw::Drifted,
            Mark::OfTheRun if self.seen.in_force == Some(Ours::Newest) => return None,
            Mark::OfTheRun => Saw::Drifted,
            Mark::Nobodys | Mark::Glass => Saw::MarkLost,
        };
        Some(vec![Next::Say(saw)])
    }

    fn retired(&self) -> Vec<Next> {
        let Self { seen, judged, .. } = self;
        match () {
            () if !seen.quiet => vec![Next::Say(Saw::NotYet)],
            () if seen.shown == Members::New && self.world.candidate != Candidate::Gone => {
                judged.if_well(Next::Act(Act::Write(Members::Retired)))
            }
            () if judged.is_absent() => vec![Next::Say(if self.world.missed { Saw::Done } else { Saw::Missed })],
            () if seen.keeps_clusters => vec![Next::Say(Saw::Done)],
            () if !seen.reducing => judged.if_well(Next::Say(Saw::WillReduce)),
            () => judged.if_well(Next::Act(Act::DeleteOld)),
        }
    }

    fn brought_back(&self, is_touched: bool) -> Option<Vec<Next>> {
        let Self { seen, judged, .. } = self;
        let next = match () {
            () if !is_touched => return None,
            () if seen.reducing && !seen.quiet => Next::Say(Saw::NotYet),
            () if judged.is_absent() => Next::Say(if self.world.missed { Saw::Stuck } else { Saw::Missed }),
            () if seen.reducing && self.world.old == Condition::Stopped => Next::Act(Act::StartOld),
            () => return None,
        };
        Some(vec![next])
    }

    fn new_is_gone(&self) -> Vec<Next> {
        let Self { seen, judged, .. } = self;
        if seen.shown != Members::Old {
            return vec![Next::Say(Saw::Drifted)];
        }
        if let Some(next) = self.brought_back(seen.reducing || self.world.retiring) {
            return next;
        }
        vec![match () {
            () if !seen.new_cluster || seen.keeps_clusters => Next::Say(Saw::Done),
            () if judged.old_is_well() => Next::Act(Act::DeleteNew),
            () => Next::Say(Saw::Stuck),
        }]
    }

    /// As without others; and what they have written over is put right or, before the step's first write, left alone.
    fn proved_or_written(&self, members: Members, proved: Saw) -> Vec<Next> {
        let Self { seen, judged, .. } = self;
        let is_flying = seen.operation == Some(Ours::Newest) && seen.newest == Newest::InFlight;
        if is_flying {
            return vec![Next::Say(Saw::NotYet)];
        }
        if judged.glass_is_broken() {
            return vec![Next::Say(Saw::GlassBroken)];
        }
        let is_shown = live(seen.shown) == live(members);
        let is_in_force = seen.operation == Some(Ours::Newest) && seen.newest == Newest::Landed;
        let is_of_the_run = self.world.mark == Mark::OfTheRun;
        let is_overwritten = match seen.operation {
            Some(Ours::Newest) => is_in_force && !is_shown,
            Some(Ours::Landed | Ours::Canceled) => !is_of_the_run,
            None => false,
        };
        if is_in_force && is_shown {
            return vec![Next::Say(proved)];
        }
        let write = Next::Act(Act::Write(members));
        if is_overwritten {
            return match () {
                () if seen.step == Step::RestoreTraffic => vec![Next::Say(Saw::NotYet), write],
                () if is_shown => vec![Next::Say(Saw::MarkLost)],
                () => vec![Next::Say(Saw::Drifted)],
            };
        }
        let is_known = [seen.operation, seen.in_force].contains(&Some(Ours::Newest));
        let mut next =
            if is_shown && is_of_the_run && !is_known && !seen.quiet { vec![Next::Say(Saw::NotYet)] } else { vec![] };
        let is_drift = seen.step != Step::RestoreTraffic && judged.overwrites();
        next.push(if is_drift { Next::Say(Saw::Drifted) } else { write });
        next
    }
}
