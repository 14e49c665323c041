//! The moves of a run that `decide` and the verbs are made of. Each leaves its line in the journal.
use super::{Ending, Entry, Following, Hold, Run};
use crate::site::Gate;
use crate::step::{Follows, Step};
use jiff::Timestamp;
use serde_json::Map;

impl Run {
    /// Enters a step, from nothing: no operation of another step counts here.
    #[must_use]
    pub(super) fn enter(mut self, step: Step, stage: usize, why: &str, now: Timestamp) -> Self {
        let before = self.step;
        if (step, stage) != (before, self.stage) && step == Step::ShiftTraffic {
            self.0.stage_began = now;
        }
        self.0.step = step;
        self.0.stage = stage;
        self.0.retiring |= step == Step::RetireOldCluster;
        self.0.step_began = now;
        self.0.due = now;
        self.0.quiet_from = None;
        self.0.following = None;
        self.0.promoted = false;
        self.0.dead_letters = 0;
        self.0.called = false;
        self.note(before.name(), why, before, now);
        self
    }

    /// Goes back the way it came: traffic first, then the new cluster. Clears a hold. Once the old cluster is being
    /// retired there is nothing to go back to: a person decides.
    #[must_use]
    pub(super) fn turn_back(mut self, why: &str, now: Timestamp) -> Self {
        if self.is_retiring() {
            return self.hold(format!("the old cluster is being retired, so there is no way back: {why}"), now);
        }
        self.0.failure.get_or_insert_with(|| why.to_owned());
        self.0.held = None;
        let (to, stage) = (self.step.row().back, self.stage);
        self.enter(to, stage, why, now)
    }

    /// Waits for a person.
    #[must_use]
    pub(super) fn hold(mut self, why: String, now: Timestamp) -> Self {
        self.note_call(&why, now);
        self.0.held = Some(Hold { why, since: now, gate: None, paused: false, called: now, rest: Map::new() });
        self
    }

    /// Waits for a person's approval before the next step.
    #[must_use]
    pub(super) fn hold_at(mut self, gate: Gate, now: Timestamp) -> Self {
        let why = format!("an approval is needed before {}", gate.before);
        self.note_call(&why, now);
        self.0.held = Some(Hold { why, since: now, gate: Some(gate), paused: false, called: now, rest: Map::new() });
        self
    }

    /// Goes on after a hold. The time that it was held does not count.
    #[must_use]
    pub(super) fn release(mut self, now: Timestamp) -> Self {
        if let Some(hold) = self.0.held.take() {
            let held = now.duration_since(hold.since);
            self.0.step_began = self.step_began.saturating_add(held).unwrap_or(now);
        }
        if matches!(self.step, Step::RetireOldCluster) || self.step.row().follows == Follows::Health {
            // What was seen or failed before the hold is stale: look, or try, anew.
            self.0.following = self.0.following.map(Following::stale);
        }
        self.0.due = now;
        self.0.dead_letters = 0;
        self
    }

    /// Ends.
    #[must_use]
    pub(super) fn end(mut self, ending: Ending, why: &str, now: Timestamp) -> Self {
        if ending != Ending::Upgraded && why != "done" {
            self.0.failure.get_or_insert_with(|| why.to_owned());
        }
        self.0.ending = Some(ending);
        self.0.held = None;
        self.0.following = None;
        self.0.due = now;
        let what = match ending {
            Ending::Upgraded => "upgraded",
            Ending::Rejected => "rejected",
            Ending::RolledBack => "rolled back",
        };
        let what = if why == "done" { what.to_owned() } else { format!("{what}: {why}") };
        self.note(self.step.name(), &what, self.step, now);
        self
    }

    /// Writes a line.
    pub(super) fn note(&mut self, who: &str, what: &str, before: Step, now: Timestamp) {
        self.0.journal.push(Entry {
            at: now,
            who: who.into(),
            what: what.into(),
            before,
            after: self.step,
            needs_person: false,
            rest: Map::new(),
        });
    }

    /// Writes a line that a person must see.
    pub(super) fn note_call(&mut self, what: &str, now: Timestamp) {
        self.note(self.step.name(), what, self.step, now);
        if let Some(entry) = self.0.journal.last_mut() {
            entry.needs_person = true;
        }
    }

    /// Writes a line unless this step has said the same since it began.
    pub(super) fn note_news(&mut self, what: &str, now: Timestamp) {
        let step = self.step;
        let since = self.journal.iter().rev().take_while(|entry| entry.after == step && entry.before == step);
        if !since.into_iter().any(|entry| entry.what == what) {
            self.note(step.name(), what, step, now);
        }
    }
}
