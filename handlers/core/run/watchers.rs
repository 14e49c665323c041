//! What those who watch a run may do to it: the check each minute, its sweep, a dead letter. Each takes a new hop.
use super::calls::{AGAIN, Cause};
use super::journal::said;
use super::moves::RETIRED_BY_OLD_RULES;
use super::readiness::{Breach, Readiness, Ready};
use super::{Mark, Missed, Run};
use crate::step::Step;
use jiff::{SignedDuration, Timestamp};

/// An event may be late by so much before the sweep sends it again.
pub const OVERDUE: SignedDuration = SignedDuration::from_mins(4);
/// The sweep came so often without a look between: a person is called.
pub const SWEEPS_WITHOUT_A_LOOK: u32 = 3;
/// So many dead letters of one step hold the run.
pub const MOST_DEAD_LETTERS: u32 = 3;
/// A gate before traffic waits so long.
pub const GATE_EXPIRES: SignedDuration = AGAIN;

/// Takes a new hop for a run whose event seems lost. The same MessageId again would be eaten by duplicate detection.
/// A gate that nobody opened expires before traffic: the run turns back. Whatever else holds a run, a person is called daily,
/// unless a person has paused it.
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
        next.0.sweeps += 1;
        next.note(CHECK, "its event was lost or late; sent again", run.step, now);
        next.call_when_nothing_moves(now);
        return Some(next);
    };
    if hold.paused || now.duration_since(hold.called) <= GATE_EXPIRES {
        return None;
    }
    if hold.gate.is_some() && !run.step.may_carry_traffic() {
        return Some(next.turn_back("nobody approved within 24 hours", now));
    }
    hold.called = now;
    let why = hold.why.clone();
    let cause = if run.glass.is_some() { Cause::Glass } else { Cause::of(hold) };
    next.note_call(cause, &why, now);
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
    if next.dead_letters < MOST_DEAD_LETTERS || step.keeps_trying() {
        next.note("DeadLetter", &what, run.step, now);
        if next.dead_letters >= MOST_DEAD_LETTERS {
            next.call(Cause::DeadLetters, &what, now);
        }
        return Some(next);
    }
    Some(next.hold(Cause::DeadLetters, &what, now))
}

/// A person has mended what kept the events of a step from being handled: the run takes a new hop, whose event is sent. What
/// holds it otherwise stays, and so does its place.
#[must_use]
pub fn redrive(run: &Run, by: &str, now: Timestamp) -> Option<Run> {
    if !run.moves() || run.dead_letters == 0 {
        return None;
    }
    let mut next = run.next_hop();
    next.0.due = now;
    next.0.dead_letters = 0;
    next.note(&format!("person:{by}"), "redrive: its event is sent again", run.step, now);
    Some(next)
}

/// The traffic is worse than allowed: back, also when the run is held. A pause stops advance only.
#[must_use]
pub fn breach(run: &Run, breach: &Breach, now: Timestamp) -> Run {
    let Breach { why, unserved } = breach;
    let mut next = run.next_hop();
    next.0.unserved = *unserved;
    next.note(CHECK, why, run.step, now);
    next.turn_back_anyway(why, now)
}

/// A verdict of a watch holds wherever the run is by now, if it is still forward, at the same stage, and does not reduce
/// the old cluster: what served badly then serves badly now.
#[must_use]
pub fn breach_of(run: &Run, judged: &Run, why: &Breach, now: Timestamp) -> Option<Run> {
    let still = run.id == judged.id && run.stage == judged.stage && run.may_carry_traffic() && run.glass.is_none();
    // By the rules of format 1 it is held for that, and goes on to be watched: what was said is not said each minute.
    let is_said = run.held.as_ref().is_some_and(|hold| hold.why.starts_with(RETIRED_BY_OLD_RULES));
    (still && !is_said && run.is_reducing() == judged.is_reducing()).then(|| breach(run, why, now))
}

/// The new cluster is ill, and going back would help nobody: a person is called, and reads the newest reason in the hold.
#[must_use]
pub fn no_way_back(run: &Run, readiness: Readiness, why: &str, now: Timestamp) -> Option<Run> {
    let said = said(why);
    if run.held.as_ref().is_some_and(|hold| hold.why == said) {
        return None;
    }
    let mut next = run.next_hop();
    next.note(CHECK, why, run.step, now);
    Some(next.both_ill(readiness, why, now))
}

/// The new cluster serves nobody any more: users are led to the old one, whatever nodes it has.
#[must_use]
pub fn unserved(run: &Run, why: &str, now: Timestamp) -> Option<Run> {
    run.waits_for_nodes().then(|| {
        let mut next = run.next_hop();
        next.0.unserved = true;
        next.0.due = now;
        next.note(CHECK, why, run.step, now);
        next
    })
}

/// What held the way back of the traffic is so no more: the old cluster is there, and stays. It goes on.
#[must_use]
pub fn came_back(run: &Run, why: &str, now: Timestamp) -> Option<Run> {
    let waits = run.step == Step::RestoreTraffic && run.held.as_ref().is_some_and(|hold| hold.watched);
    waits.then(|| {
        let mut next = run.next_hop();
        next.0.missed = None;
        next.note(CHECK, why, run.step, now);
        next.release(now)
    })
}

/// What is known of the old cluster has changed, or whether it can be told that the traffic is well (`unclear` says why
/// not); or a person is to be told that it lasts. `missed`: the old cluster, if it was not found.
#[must_use]
pub fn know(
    run: &Run,
    readiness: Readiness,
    unclear: Option<&str>,
    missed: Option<&str>,
    now: Timestamp,
) -> Option<Run> {
    let differs = |known: &Readiness| (known.state, &known.healthy) != (readiness.state, &readiness.healthy);
    let is_new = run.readiness.as_ref().is_none_or(differs);
    let mut next = run.next_hop();
    // It has left the candidate pool by then, where nobody asks it any more.
    let is_expected = run.step == Step::RetireOldCluster && readiness.state == Ready::Unknown;
    if is_new && !is_expected {
        let what = format!("the old cluster is {}: {}", readiness.state.name(), readiness.why);
        next.note(CHECK, &what, run.step, now);
    }
    if is_new || readiness.state == Ready::NotReady {
        next.know(readiness, now);
    }
    let known = run.missed.as_ref().map(|known| known.cluster.as_str());
    // Found in between, it was not missed a minute long.
    let missed_anew = missed != known;
    if missed_anew {
        next.0.missed = missed.map(|cluster| Missed { cluster: cluster.to_owned(), since: now });
    }
    // A step's own question that has no answer yet is for that step.
    let is_judged = |run: &Run| run.unclear.as_ref().is_some_and(|known| known.judged);
    // Of a held run that is for nobody else.
    let was_unseen = run.held.is_some() && run.unclear.is_some();
    if is_judged(run) || unclear.is_some() || was_unseen {
        next.judged(unclear, now);
    }
    let is_told = next.last_number() > run.last_number();
    let is_clear_anew = was_unseen && next.unclear.is_none();
    (is_new || missed_anew || is_told || is_clear_anew || is_judged(&next) != is_judged(run)).then_some(next)
}

/// The traffic of a held run could not be looked at: no step of it looks meanwhile, and a person is told that it lasts.
#[must_use]
pub fn unseen(run: &Run, why: &str, now: Timestamp) -> Option<Run> {
    if run.held.is_none() || !run.may_carry_traffic() {
        return None;
    }
    let mut next = run.next_hop();
    next.not_judged(why, now);
    let is_told = next.last_number() > run.last_number();
    (is_told || (next.unclear.is_some() && run.unclear.is_none())).then_some(next)
}

/// A person used the emergency way back: nothing goes on until a person says how. Who has said it since this was seen is heard.
#[must_use]
pub fn glass_broken(run: &Run, mark: Mark, now: Timestamp) -> Option<Run> {
    let is_known = run.glass.as_ref() == Some(&mark) || run.knows_glass(&mark);
    (!is_known).then(|| run.next_hop().glass_broken(mark, now))
}

/// Users are not led to the live pools as they were: a person is called, and nothing is written or retired until that is
/// settled. Said once for each change; who has let the run go on since it was judged has accepted it.
#[must_use]
pub fn led_elsewhere(run: &Run, judged: &Run, why: &str, now: Timestamp) -> Option<Run> {
    let is_accepted = judged.held.is_some() && run.held.is_none();
    if run.others.told.as_deref() == Some(why) || !run.may_carry_traffic() || is_accepted {
        return None;
    }
    let mut next = run.next_hop();
    if run.held.is_none() {
        return Some(next.hold_led(why, now));
    }
    next.0.others.told = Some(why.to_owned());
    if let Some(hold) =
        next.0.held.as_mut().filter(|hold| run.others.told.as_ref().is_some_and(|told| hold.why == said(told)))
    {
        hold.why = said(why);
    }
    next.note_call(Cause::LedElsewhere, why, now);
    Some(next)
}

/// An invocation had its write accepted, and could not save that: if the run is still at the step, the write is one of
/// those that count.
#[must_use]
pub fn recorded(run: &Run, before: &Run, acted: &Run, now: Timestamp) -> Option<Run> {
    let is_same =
        run.id == before.id && (run.step, run.stage, run.step_began) == (before.step, before.stage, before.step_began);
    let written = acted.following.clone().filter(|_| is_same && run.moves())?;
    let mut next = run.next_hop();
    let known = next.0.following.take();
    next.0.following = Some(known.map_or_else(|| written.clone(), |known| known.and(written.clone())));
    next.0.due = now;
    Some(next)
}

impl Run {
    /// The sweep never judges a deadline, but it calls: when it came again and again without a look between, and when the
    /// step should be over.
    fn call_when_nothing_moves(&mut self, now: Timestamp) {
        let late = now.duration_since(self.step_began) > self.deadline();
        if self.sweeps >= SWEEPS_WITHOUT_A_LOOK || late {
            self.0.called = true;
            let why = format!(
                "no look at {} is made: its events are sent and not handled ({} times); see its subscription and function",
                self.step, self.sweeps
            );
            self.call(Cause::NothingMoves, &why, now);
        }
    }
}

/// The gateway is not as the run left it. The step's own look comes now: it knows what to do. A held run calls a person
/// instead. `None`: that was said already.
#[must_use]
pub fn look_now(run: &Run, why: &str, now: Timestamp) -> Option<Run> {
    let said = said(why);
    if run.held.is_none() && run.journal.last().is_some_and(|entry| entry.what == said) {
        return None;
    }
    let mut next = run.next_hop();
    if run.held.is_some() {
        next.0.others.overwritten = true;
        if !next.call(Cause::Drifted, why, now) && run.others.overwritten {
            return None;
        }
    } else {
        next.0.due = now;
        next.note(CHECK, why, run.step, now);
    }
    Some(next)
}

/// Who writes so into the journal.
const CHECK: &str = "CanaryCheck";
