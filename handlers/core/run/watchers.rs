//! What those who watch a run may do to it: the check each minute, its sweep, a dead letter. Each takes a new hop.
use super::Run;
use crate::step::Step;
use jiff::{SignedDuration, Timestamp};

/// An event may be late by so much before the sweep sends it again.
pub const OVERDUE: SignedDuration = SignedDuration::from_mins(4);
/// So many dead letters of one step hold the run.
pub const MOST_DEAD_LETTERS: u32 = 3;
/// A gate waits so long.
pub const GATE_EXPIRES: SignedDuration = SignedDuration::from_hours(24);

/// Takes a new hop for a run whose event seems lost. The same MessageId again would be eaten by duplicate detection.
/// A gate that nobody opened expires: before traffic the run turns back, after it a person is called daily.
#[must_use]
pub fn sweep(run: &Run, now: Timestamp) -> Option<Run> {
    if run.ending.is_some() {
        return None;
    }
    let mut next = run.next_hop();
    let Some(hold) = &mut next.0.held else {
        if now.duration_since(run.due) <= OVERDUE {
            return None;
        }
        next.0.due = now;
        next.note(CHECK, "its event was lost or late; sent again", run.step, now);
        return Some(next);
    };
    if hold.gate.is_none() || now.duration_since(hold.called) <= GATE_EXPIRES {
        return None;
    }
    if !run.step.may_carry_traffic() {
        return Some(next.turn_back("nobody approved within 24 hours", now));
    }
    hold.called = now;
    let why = hold.why.clone();
    next.note_call(&why, now);
    Some(next)
}

/// A dead letter of the run's present event. Late and future ones do not count.
#[must_use]
pub fn dead_letter(run: &Run, step: Step, hop: u32, reason: &str, now: Timestamp) -> Option<Run> {
    if !run.moves() || (run.step, run.hop) != (step, hop) {
        return None;
    }
    let mut next = run.next_hop();
    next.0.due = now;
    next.0.dead_letters += 1;
    let what = format!("an event of {step} could not be handled: {reason}");
    if next.dead_letters < MOST_DEAD_LETTERS || step == Step::RestoreTraffic {
        next.note("DeadLetter", &what, run.step, now);
        return Some(next);
    }
    Some(next.hold(what, now))
}

/// The traffic is worse than allowed: back, also when the run is held. A pause stops advance only.
#[must_use]
pub fn breach(run: &Run, why: &str, now: Timestamp) -> Run {
    let mut next = run.next_hop();
    next.note(CHECK, why, run.step, now);
    next.turn_back(why, now)
}

/// The gateway is not as the run left it. The step's own look comes now: it knows what to do. A held run calls a person
/// instead. `None`: that was said already.
#[must_use]
pub fn look_now(run: &Run, why: &str, now: Timestamp) -> Option<Run> {
    if run.journal.last().is_some_and(|entry| entry.what == why) {
        return None;
    }
    let mut next = run.next_hop();
    if run.held.is_some() {
        next.note_call(why, now);
    } else {
        next.0.due = now;
        next.note(CHECK, why, run.step, now);
    }
    Some(next)
}

/// Who writes so into the journal.
const CHECK: &str = "CanaryCheck";
