//! What the steps from `ShiftTraffic` on see and do, as docs/design.md says: a look, then at most one act.
use super::input::{Act, Input, Members, Newest, Next, Ours, Saw};
use super::world::{State, live};
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
    }
}

/// What the look of the present step can lead to.
pub fn look(seen: &Input, rules: Rules) -> Vec<Next> {
    let as_we_left_it = |members: Members| seen.in_force == Some(Ours::Newest) && live(seen.shown) == live(members);
    match seen.step {
        Step::ShiftTraffic => proved_or_written(seen, intended(seen.stage), Saw::Done, rules),
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
        | Step::ValidateHealth => unreachable!("no way leads from the shift to {}", seen.step),
    }
}

/// Only when every member that serves is healthy: it may not be known, or not be so.
fn if_well(next: Next) -> Vec<Next> {
    vec![next, Next::Say(Saw::NotYet), Next::Say(Saw::Breached)]
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
