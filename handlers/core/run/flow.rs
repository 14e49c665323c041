//! `decide`: the only place where an upgrade moves by itself. It carries out the table of the steps.
use super::calls::Cause;
use super::others::OTHERS_TAKE;
use super::readiness::Breach;
use super::{Ending, Fact, Following, Looked, Mark, Outcome, QUIET_TIME, Run, StepError, Waiting};
use crate::step::Otherwise::{self, Hold, KeepTrying, Reject, Repair, RestoreAgain, TurnBack, TurnBackInFirstStage};
use crate::step::Step;
use crate::step::Then::{End, Go, NextStageOr};
use jiff::{SignedDuration, Timestamp};

/// A wait is never shorter, and never longer, than this.
const SHORTEST_WAIT: SignedDuration = SignedDuration::from_secs(1);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(600);
/// A mark of ours that was lost is written again so often, while our members are in force.
const MOST_MARKS_LOST: u32 = 5;
/// The way back of the traffic looks again at least this often.
const LONGEST_WAIT_ON_THE_WAY_BACK: SignedDuration = SignedDuration::from_secs(120);

/// What becomes of the run after a look. It takes a new hop, whatever was seen.
#[must_use]
pub fn decide(run: &Run, looked: Looked, now: Timestamp) -> Run {
    let row = run.step.row();
    let mut next = run.next_hop();
    // Where the store's time went back, the run knows better when the step began.
    next.0.quiet_from = run.quiet_from.or(Some(looked.at.max(run.step_began)));
    next.0.sweeps = 0;
    match looked.result {
        Ok(Outcome::Done) => done(run, next, None, looked.at, now),
        Ok(Outcome::Noted(warnings)) => {
            warnings.iter().for_each(|warning| next.note_news(&format!("warning: {warning}"), now));
            done(run, next, None, looked.at, now)
        }
        Ok(Outcome::Proved(mark, changed)) => {
            changed.iter().for_each(|changed| next.changed_beside(changed, now));
            done(run, next, Some(mark), looked.at, now)
        }
        Ok(Outcome::NotYet(waiting)) => wait(run, next, waiting, now),
        Ok(Outcome::Drifted(why)) => otherwise(run, next, row.drifted, &why, now),
        Ok(Outcome::LedElsewhere(why)) => next.hold_led(&why, now),
        Ok(Outcome::MarkLost(why)) => mark_lost(run, next, &why, now),
        Ok(Outcome::Breached(Breach { why, unserved })) => {
            next.0.unserved = unserved;
            match row.breached {
                // Both sides were just judged: what was known before of one of them says no more.
                TurnBack => next.turn_back_anyway(&why, now),
                other => otherwise(run, next, other, &why, now),
            }
        }
        // What must not be given up is never held: it keeps trying.
        Ok(Outcome::Hold(why)) if row.failed == KeepTrying => wait(run, next, Waiting::because(why), now),
        Ok(Outcome::Hold(why)) => next.hold(Cause::Held, &why, now),
        Ok(Outcome::Refused(why)) => next.refuse(&why, now),
        Ok(Outcome::LeftOver(what)) => left_over(run, next, &what, looked.at, now),
        Ok(Outcome::NoWayBack(readiness, why)) => next.no_way_back(readiness, &why, now),
        Ok(Outcome::GlassBroken(mark)) => next.glass_broken(mark, now),
        Err(StepError::Transient { cause, retry_after }) => {
            let waiting = Waiting { again_in: retry_after, ..Waiting::because(format!("{cause:#}")) };
            let mut next = wait(run, next, waiting, now);
            // That was no look: what was missed before may be missed still.
            next.0.missed.clone_from(&run.missed);
            next
        }
        Err(StepError::Terminal(why)) => otherwise(run, next, row.failed, &why, now),
    }
}

fn done(run: &Run, mut next: Run, proved: Option<Mark>, looked_at: Timestamp, now: Timestamp) -> Run {
    // An ending must stay true, also where the old cluster is kept and nothing had to be waited for.
    // Quiet when it looked, not only now: something older may have acted between the look and this decision.
    if run.step.needs_quiet() && !next.is_quiet(looked_at) {
        let rest = next.quiet_from.unwrap_or(now).duration_since(now) + QUIET_TIME;
        let why = "done; waiting until nothing older can still act";
        return wait(run, next, Waiting { again_in: Some(rest.unsigned_abs()), ..Waiting::because(why) }, now);
    }
    next.prove(proved);
    let (step, stage) = match run.step.row().done {
        End(Ending::RolledBack) if run.refused => return next.end(Ending::Rejected, "done", now),
        End(ending) => return next.end(ending, "done", now),
        Go(step) => (step, run.stage),
        NextStageOr(_) if run.stage + 1 < run.plan.stages.len() => (Step::ShiftTraffic, run.stage + 1),
        NextStageOr(step) => (step, run.stage),
    };
    let step = run.taken(step);
    if let Some(gate) = run.gate_before(step, stage) {
        return next.hold_at(gate, now);
    }
    next.enter(step, stage, "done", now)
}

/// The end, though something stays: it is named.
fn left_over(run: &Run, next: Run, what: &str, looked_at: Timestamp, now: Timestamp) -> Run {
    let ended = done(run, next, None, looked_at, now);
    if ended.ending.is_some() { ended.leaving(what) } else { ended }
}

fn wait(run: &Run, mut next: Run, waiting: Waiting, now: Timestamp) -> Run {
    let row = run.step.row();
    next.learn(&waiting.facts, now);
    next.prove(waiting.proved);
    let unclear = waiting.facts.iter().find_map(|fact| match fact {
        Fact::Unclear(why) => Some(why.as_str()),
        Fact::Writes
        | Fact::Reduces(_)
        | Fact::Pins(_)
        | Fact::Unpinned(_)
        | Fact::Gives(_)
        | Fact::Singletons(_)
        | Fact::Leads(_)
        | Fact::Wrote(_)
        | Fact::Changed(_)
        | Fact::OthersWrite
        | Fact::Readiness(_)
        | Fact::Missed(_)
        | Fact::Job(..) => None,
    });
    if waiting.facts.iter().any(|fact| matches!(fact, Fact::Readiness(_))) {
        next.judged(unclear, now);
    } else {
        next.not_judged(&waiting.why, now);
    }
    if waiting.following.is_some() {
        if matches!(waiting.following, Some(Following::GatewayWrite { .. })) && !run.keeps_old_rules() {
            next.0.others.count(now);
        }
        next.0.following = waiting.following;
    }
    if let Some(since) = next.others.write_since {
        return wait_for_others(next, since, &waiting.why, now);
    }
    let late = now.duration_since(next.step_began) > run.deadline();
    if late && row.late != KeepTrying {
        let why = format!("{} was not done in time: {}", run.step, next.true_reason(&waiting.why));
        return otherwise(run, next, row.late, &why, now);
    }
    if late {
        next.0.called = true;
        next.call(Cause::Late, &format!("still {}: {}", run.step, waiting.why), now);
    }
    let again = waiting.again_in.map_or(SignedDuration::from_secs(i64::from(row.look_again)), |again| {
        SignedDuration::try_from(again).unwrap_or(LONGEST_WAIT)
    });
    let longest = if row.late == KeepTrying { LONGEST_WAIT_ON_THE_WAY_BACK } else { LONGEST_WAIT };
    // A way back that has failed for so long is not mended by haste.
    let shortest = if late { longest.min(LONGEST_WAIT_ON_THE_WAY_BACK) } else { SHORTEST_WAIT };
    next.0.due = now.saturating_add(again.clamp(shortest, longest)).unwrap_or(now);
    next.note_news(&waiting.why, now);
    next
}

fn otherwise(run: &Run, next: Run, what: Otherwise, why: &str, now: Timestamp) -> Run {
    match what {
        Reject => next.end(Ending::Rejected, why, now),
        TurnBack => next.turn_back(why, now),
        TurnBackInFirstStage if run.stage == 0 => next.turn_back(why, now),
        TurnBackInFirstStage | Hold => next.hold(Cause::Held, why, now),
        KeepTrying => wait(run, next, Waiting::because(why), now),
        Repair(step) => repair(run, next, step, 1, why, now),
        RestoreAgain => restore_again(run, next, why, now),
    }
}

/// Somebody else's write is waited for; what it does is not known before. Never a reason to turn back.
fn wait_for_others(mut next: Run, since: Timestamp, why: &str, now: Timestamp) -> Run {
    if now.duration_since(since) > OTHERS_TAKE {
        return next.hold(
            Cause::OthersWrite,
            &format!("{why}, for more than an hour: see whose it is, and resume"),
            now,
        );
    }
    let again = SignedDuration::from_secs(i64::from(next.step.row().look_again));
    next.0.due = now.saturating_add(again).unwrap_or(now);
    next.note_news(why, now);
    next
}

/// Whoever drops our mark and keeps our members may do so more often.
fn mark_lost(run: &Run, next: Run, why: &str, now: Timestamp) -> Run {
    match run.step.row().drifted {
        Repair(step) => repair(run, next, step, MOST_MARKS_LOST, why, now),
        other => otherwise(run, next, other, why, now),
    }
}

/// Where no traffic has moved, what drifted is put right by the step itself, so that no check before the traffic is
/// skipped. Once: two who write the same gateway are for a person to part.
fn repair(run: &Run, mut next: Run, step: Step, most: u32, why: &str, now: Timestamp) -> Run {
    if run.repairs >= most {
        let times = run.repairs.saturating_add(1);
        return next.hold(
            Cause::OthersWrite,
            &format!(
                "somebody else writes the gateway (seen {times} times): {why}. See who it is, mend it, and resume"
            ),
            now,
        );
    }
    next.0.repairs += 1;
    let how = if step == run.step { "it is looked at anew" } else { "it is put right" };
    let why = format!("somebody else wrote the gateway ({how}, {} of {most} times): {why}", next.repairs);
    let mut next = next.enter(step, run.stage, &why, now);
    next.0.others.repairing = step != run.step && !run.keeps_old_rules();
    next
}

/// Traffic may still reach what it was about to delete. That is never held, but from the second time on a person is
/// called: each round enters `RestoreTraffic` anew, so its own deadline would never call one.
fn restore_again(run: &Run, mut next: Run, why: &str, now: Timestamp) -> Run {
    if run.repairs > 0 {
        next.call(Cause::OthersWrite, &format!("somebody else writes the gateway: {why}"), now);
    }
    next.0.repairs = run.repairs.saturating_add(1);
    next.enter(Step::RestoreTraffic, run.stage, why, now)
}
