//! What the steps from `ShiftTraffic` on see and do, as docs/design.md says: a look, then at most one act.
use super::input::{Act, Input, Members, Newest, Next, Ours, Saw};
use super::world::State;
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
        retiring: run.retiring,
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
    let shows = |members| seen.shown == members;
    let as_we_left_it = |members| seen.in_force == Some(Ours::Newest) && shows(members);
    match seen.step {
        Step::ShiftTraffic => vec![proved_or_written(seen, intended(seen.stage), rules)],
        Step::ConfirmTraffic | Step::Soak if !as_we_left_it(intended(seen.stage)) => vec![Next::Say(Saw::Drifted)],
        // The watch may be over or not, and the traffic healthy or not.
        Step::ConfirmTraffic | Step::Soak => [Saw::Done, Saw::NotYet, Saw::Breached].map(Next::Say).to_vec(),
        Step::RetireOldCluster => vec![match () {
            () if !as_we_left_it(Members::New) => Next::Say(Saw::Drifted),
            () if !seen.quiet => Next::Say(Saw::NotYet),
            () if !seen.old_cluster || seen.keeps_clusters => Next::Say(Saw::Done),
            () => Next::Act(Act::DeleteOld),
        }],
        Step::RestoreTraffic => vec![proved_or_written(seen, Members::Old, rules)],
        Step::DeleteNewCluster => vec![match () {
            () if !shows(Members::Old) => Next::Say(Saw::Drifted),
            () if !seen.new_cluster || seen.keeps_clusters => Next::Say(Saw::Done),
            () => Next::Act(Act::DeleteNew),
        }],
        Step::CheckPlan
        | Step::CreateCluster
        | Step::InstallControllers
        | Step::SyncWorkloads
        | Step::ValidateHealth => unreachable!("no way leads from the shift to {}", seen.step),
    }
}

/// Our own recorded write is waited for; nobody can see another one that is in flight.
fn proved_or_written(seen: &Input, members: Members, rules: Rules) -> Next {
    if seen.operation == Some(Ours::Newest) && seen.newest == Newest::InFlight {
        return Next::Say(Saw::NotYet);
    }
    let proved = match seen.operation {
        Some(Ours::Newest) => seen.newest == Newest::Landed,
        Some(Ours::Landed) => !rules.mark,
        Some(Ours::Canceled) | None => false,
    };
    if seen.shown == members && (proved || !rules.recorded_operation) {
        return Next::Say(Saw::Done);
    }
    Next::Act(Act::Write(members))
}

/// The members of a stage: half, then all.
fn intended(stage: u8) -> Members {
    if stage == 0 { Members::Mixed } else { Members::New }
}
