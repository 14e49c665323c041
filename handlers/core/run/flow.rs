//! The flow of an upgrade as one table, and `decide`: the only place where an upgrade moves by itself.
use crate::run::{Ending, Looked, Outcome, QUIET_TIME, Run, StepError, Waiting};
use crate::step::Step;
use jiff::{SignedDuration, Timestamp};

/// What follows when a step is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// This step.
    Go(Step),
    /// The next stage's `ShiftTraffic`, or this step after the last stage.
    NextStageOr(Step),
    /// The run ends.
    End(Ending),
}

/// What follows when a step cannot be done, or not in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// The run ends: rejected. Nothing was changed.
    Reject,
    /// The run goes back the way it came.
    TurnBack,
    /// It goes back in the first stage; later it waits for a person, since traffic is already served well.
    TurnBackInFirstStage,
    /// It waits for a person.
    Hold,
    /// It keeps trying, and calls a person.
    KeepTrying,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The step.
    pub step: Step,
    /// When it is done.
    pub done: Then,
    /// When it fails: trying again cannot help.
    pub failed: Otherwise,
    /// When it is not done within its minutes.
    pub late: Otherwise,
    /// Its deadline in minutes, judged after the look. For `Soak` it is added to the soak time.
    pub minutes: u32,
    /// How long until the next look when the step does not say, in seconds.
    pub look_again: u32,
}

const fn row(step: Step, done: Then, failed: Otherwise, late: Otherwise, minutes: u32, look_again: u32) -> Row {
    Row { step, done, failed, late, minutes, look_again }
}

use Otherwise::{Hold, KeepTrying, Reject, TurnBack, TurnBackInFirstStage};
use Then::{End, Go, NextStageOr};

/// The flow.
#[rustfmt::skip]
pub const TABLE: [Row; 11] = [
    //  step                     done                                failed      late                  min  again
    row(Step::CheckPlan,          Go(Step::CreateCluster),           Reject,     Reject,                15,   30),
    row(Step::CreateCluster,      Go(Step::InstallControllers),      TurnBack,   TurnBack,              90,   30),
    row(Step::InstallControllers, Go(Step::SyncWorkloads),           TurnBack,   TurnBack,              45,   15),
    row(Step::SyncWorkloads,      Go(Step::ValidateHealth),          TurnBack,   TurnBack,              60,   15),
    row(Step::ValidateHealth,     Go(Step::ShiftTraffic),            TurnBack,   TurnBack,              45,   15),
    row(Step::ShiftTraffic,       Go(Step::ConfirmTraffic),          TurnBack,   TurnBackInFirstStage,  30,   10),
    row(Step::ConfirmTraffic,     NextStageOr(Step::Soak),           Hold,       Hold,                  60,   60),
    row(Step::Soak,               Go(Step::RetireOldCluster),        Hold,       Hold,                  60,  600),
    row(Step::RetireOldCluster,   End(Ending::Upgraded),             Hold,       Hold,                  90,   30),
    row(Step::RestoreTraffic,     Go(Step::DeleteNewCluster),        KeepTrying, KeepTrying,            30,   10),
    row(Step::DeleteNewCluster,   End(Ending::RolledBack),           Hold,       Hold,                  90,   30),
];

/// A wait is never shorter, and never longer, than this.
const SHORTEST_WAIT: SignedDuration = SignedDuration::from_secs(1);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(600);
/// The way back of the traffic looks again at least this often.
const LONGEST_WAIT_ON_THE_WAY_BACK: SignedDuration = SignedDuration::from_secs(120);

// A row is found by its step's number.
const _: () = {
    let mut at = 0;
    while at < TABLE.len() {
        assert!(TABLE[at].step as usize == at && Step::ALL[at] as usize == at);
        at += 1;
    }
};

impl Step {
    /// Its row in the table.
    #[must_use]
    pub const fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
}

/// What becomes of the run after a look. It takes a new hop, whatever was seen.
#[must_use]
pub fn decide(run: &Run, looked: Looked, now: Timestamp) -> Run {
    let mut next = run.clone();
    next.quiet_from = run.quiet_from.or(Some(looked.at));
    next.hop += 1;
    match looked.result {
        Ok(Outcome::Done) => done(run, next, looked.at, now),
        Ok(Outcome::NotYet(waiting)) => wait(run, next, waiting, now),
        Ok(Outcome::Drifted(why)) => drifted(run, next, &why, now),
        Ok(Outcome::Breached(why)) => match run.step {
            Step::RetireOldCluster => next.hold(why, now),
            Step::RestoreTraffic => wait(run, next, Waiting::because(why), now),
            Step::CheckPlan => next.end(Ending::Rejected, &why, now),
            Step::CreateCluster
            | Step::InstallControllers
            | Step::SyncWorkloads
            | Step::ValidateHealth
            | Step::ShiftTraffic
            | Step::ConfirmTraffic
            | Step::Soak => next.turn_back(&why, now),
            Step::DeleteNewCluster => restore_again(run, next, &why, now),
        },
        // The way back is never held: it keeps trying.
        Ok(Outcome::Hold(why)) if run.step == Step::RestoreTraffic => wait(run, next, Waiting::because(why), now),
        Ok(Outcome::Hold(why)) => next.hold(why, now),
        Err(StepError::Transient { cause, retry_after }) => {
            let waiting = Waiting { why: format!("{cause:#}"), again_in: retry_after, operation: None };
            wait(run, next, waiting, now)
        }
        Err(StepError::Terminal(why)) => otherwise(run, next, run.step.row().failed, &why, now),
    }
}

fn done(run: &Run, mut next: Run, looked_at: Timestamp, now: Timestamp) -> Run {
    // An ending must stay true, also where the old cluster is kept and nothing had to be waited for.
    let must_be_quiet = run.step.undoes() || run.step == Step::RetireOldCluster;
    // Quiet when it looked, not only now: something older may have acted between the look and this decision.
    if must_be_quiet && !next.is_quiet(looked_at) {
        let rest = next.quiet_from.unwrap_or(now).duration_since(now) + QUIET_TIME;
        let why = "done; waiting until nothing older can still act".to_owned();
        return wait(run, next, Waiting { why, again_in: Some(rest.unsigned_abs()), operation: None }, now);
    }
    if let Some(mark) = run.operation.as_ref().and_then(|operation| operation.mark.clone()) {
        next.in_force = Some(mark);
    }
    let (step, stage) = match run.step.row().done {
        End(ending) => return next.end(ending, "done", now),
        Go(step) => (step, run.stage),
        NextStageOr(_) if run.stage + 1 < run.plan.stages.len() => (Step::ShiftTraffic, run.stage + 1),
        NextStageOr(step) => (step, run.stage),
    };
    if let Some(gate) = run.gate_before(step, stage) {
        return next.hold_at(gate, now);
    }
    next.enter(step, stage, "done", now)
}

fn wait(run: &Run, mut next: Run, waiting: Waiting, now: Timestamp) -> Run {
    let row = run.step.row();
    if let Some(operation) = waiting.operation {
        // A step follows something else than its write only when that write was proved.
        if operation.mark.is_none()
            && let Some(mark) = run.operation.as_ref().and_then(|proved| proved.mark.clone())
        {
            next.in_force = Some(mark);
        }
        next.operation = Some(operation);
    }
    let late = now.duration_since(run.step_began) > run.deadline();
    if late && row.late != KeepTrying {
        let why = format!("{} was not done in time: {}", run.step, waiting.why);
        return otherwise(run, next, row.late, &why, now);
    }
    if late && !next.called {
        next.called = true;
        next.note_call(&format!("still {}: {}", run.step, waiting.why), now);
    }
    let again = waiting.again_in.map_or(SignedDuration::from_secs(i64::from(row.look_again)), |again| {
        SignedDuration::try_from(again).unwrap_or(LONGEST_WAIT)
    });
    let longest = if run.step == Step::RestoreTraffic { LONGEST_WAIT_ON_THE_WAY_BACK } else { LONGEST_WAIT };
    // A way back that has failed for so long is not mended by haste.
    let shortest = if late { longest.min(LONGEST_WAIT_ON_THE_WAY_BACK) } else { SHORTEST_WAIT };
    next.due = now.saturating_add(again.clamp(shortest, longest)).unwrap_or(now);
    next.note_news(&waiting.why, now);
    next
}

fn drifted(run: &Run, mut next: Run, why: &str, now: Timestamp) -> Run {
    let again = match run.step {
        Step::RestoreTraffic => return wait(run, next, Waiting::because(why.to_owned()), now),
        Step::DeleteNewCluster => return restore_again(run, next, why, now),
        Step::ShiftTraffic | Step::ConfirmTraffic | Step::Soak | Step::RetireOldCluster => Step::ShiftTraffic,
        // No traffic has moved: what drifted is put right here, and no check before the traffic is skipped.
        Step::CheckPlan
        | Step::CreateCluster
        | Step::InstallControllers
        | Step::SyncWorkloads
        | Step::ValidateHealth => run.step,
    };
    if run.repairs > 0 {
        return next.hold(format!("somebody else writes the gateway: {why}"), now);
    }
    next.repairs += 1;
    next.enter(again, run.stage, &format!("repairing: {why}"), now)
}

/// Traffic may still reach what it was about to delete. That is never held, but from the second time on a person is
/// called: each round enters `RestoreTraffic` anew, so its own deadline would never call one.
fn restore_again(run: &Run, mut next: Run, why: &str, now: Timestamp) -> Run {
    if run.repairs > 0 {
        next.note_call(&format!("somebody else writes the gateway: {why}"), now);
    }
    next.repairs = run.repairs.saturating_add(1);
    next.enter(Step::RestoreTraffic, run.stage, why, now)
}

fn otherwise(run: &Run, next: Run, what: Otherwise, why: &str, now: Timestamp) -> Run {
    match what {
        Reject => next.end(Ending::Rejected, why, now),
        TurnBack => next.turn_back(why, now),
        TurnBackInFirstStage if run.stage == 0 => next.turn_back(why, now),
        TurnBackInFirstStage | Hold => next.hold(why.to_owned(), now),
        KeepTrying => wait(run, next, Waiting::because(why.to_owned()), now),
    }
}
