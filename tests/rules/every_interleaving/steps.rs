//! What the steps from `ShiftTraffic` on see and do, as docs/design.md says: a look, then at most one act.
use super::world::{Act, Members, Newest, Ours, Saw, State};
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

/// What an invocation does next after its look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Act(Act),
    Say(Saw),
}

/// What the look of the present step can lead to. `quiet`: the run was quiet when it was loaded.
pub fn look(state: &State, quiet: bool, rules: Rules) -> Vec<Next> {
    let shows = |members| state.gateway.shown == members;
    let run = &state.run;
    let in_force = run.in_force == Some(Ours::Newest);
    match run.step {
        Step::ShiftTraffic => vec![proved_or_written(state, intended(run.stage), rules)],
        Step::ConfirmTraffic | Step::Soak if !(in_force && shows(intended(run.stage))) => vec![Next::Say(Saw::Drifted)],
        // The watch may be over or not, and the traffic healthy or not.
        Step::ConfirmTraffic | Step::Soak => {
            let mut all = vec![Next::Say(Saw::Done), Next::Say(Saw::NotYet)];
            if state.left.breaches > 0 {
                all.push(Next::Say(Saw::Breached));
            }
            all
        }
        Step::RetireOldCluster => vec![match () {
            () if !state.old_cluster => Next::Say(Saw::Done),
            () if !(in_force && shows(Members::New)) => Next::Say(Saw::Drifted),
            () if rules.keeps_clusters => Next::Say(Saw::Done),
            () if quiet => Next::Act(Act::DeleteOld),
            () => Next::Say(Saw::NotYet),
        }],
        Step::RestoreTraffic => vec![proved_or_written(state, Members::Old, rules)],
        Step::DeleteNewCluster => vec![match () {
            () if !shows(Members::Old) => Next::Say(Saw::Drifted),
            () if !state.new_cluster || rules.keeps_clusters => Next::Say(Saw::Done),
            () => Next::Act(Act::DeleteNew),
        }],
        Step::CheckPlan
        | Step::CreateCluster
        | Step::InstallControllers
        | Step::SyncWorkloads
        | Step::ValidateHealth => unreachable!("no way leads from the shift to {}", run.step),
    }
}

/// Our own recorded write is waited for; nobody can see another one that is in flight.
fn proved_or_written(state: &State, members: Members, rules: Rules) -> Next {
    let recorded = state.run.operation;
    let newest = state.gateway.newest;
    if recorded == Some(Ours::Newest) && newest == Newest::InFlight {
        return Next::Say(Saw::NotYet);
    }
    let proved = match recorded {
        Some(Ours::Newest) => newest == Newest::Landed,
        Some(Ours::Landed) => !rules.mark,
        Some(Ours::Canceled) | None => false,
    };
    if state.gateway.shown == members && (proved || !rules.recorded_operation) {
        return Next::Say(Saw::Done);
    }
    Next::Act(Act::Write(members))
}

/// The members of a stage: half, then all.
fn intended(stage: u8) -> Members {
    if stage == 0 { Members::Mixed } else { Members::New }
}
