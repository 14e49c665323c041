//! The moves of a run that `decide` and the verbs are made of. Each leaves its line in the journal.
use crate::run::{Ending, Entry, Hold, Operation, Run};
use crate::site::Gate;
use crate::step::Step;
use jiff::Timestamp;
use serde_json::Map;

impl Run {
    /// Enters a step, from nothing: no operation of another step counts here.
    #[must_use]
    pub fn enter(mut self, step: Step, stage: usize, why: &str, now: Timestamp) -> Self {
        let before = self.step;
        if (step, stage) != (before, self.stage) && step == Step::ShiftTraffic {
            self.stage_began = now;
        }
        self.step = step;
        self.stage = stage;
        self.retiring |= step == Step::RetireOldCluster;
        self.step_began = now;
        self.due = now;
        self.quiet_from = None;
        self.operation = None;
        self.promoted = false;
        self.dead_letters = 0;
        self.called = false;
        self.note(before.name(), why, before, now);
        self
    }

    /// Goes back the way it came: traffic first, then the new cluster. Clears a hold. Once the old cluster is being
    /// retired there is nothing to go back to: a person decides.
    #[must_use]
    pub fn turn_back(mut self, why: &str, now: Timestamp) -> Self {
        if self.is_retiring() {
            return self.hold(format!("the old cluster is being retired, so there is no way back: {why}"), now);
        }
        self.failure.get_or_insert_with(|| why.to_owned());
        self.held = None;
        let (to, stage) = (self.step.way_back(), self.stage);
        self.enter(to, stage, why, now)
    }

    /// Waits for a person.
    #[must_use]
    pub fn hold(mut self, why: String, now: Timestamp) -> Self {
        self.note_call(&why, now);
        self.held = Some(Hold { why, since: now, gate: None, paused: false, called: now, rest: Map::new() });
        self
    }

    /// Waits for a person's approval before the next step.
    #[must_use]
    pub fn hold_at(mut self, gate: Gate, now: Timestamp) -> Self {
        let why = format!("an approval is needed before {}", gate.before);
        self.note_call(&why, now);
        self.held = Some(Hold { why, since: now, gate: Some(gate), paused: false, called: now, rest: Map::new() });
        self
    }

    /// Goes on after a hold. The time that it was held does not count.
    #[must_use]
    pub fn release(mut self, now: Timestamp) -> Self {
        if let Some(hold) = self.held.take() {
            let held = now.duration_since(hold.since);
            self.step_began = self.step_began.saturating_add(held).unwrap_or(now);
        }
        match self.step {
            // What was seen or failed before the hold is stale: look, or try, anew.
            Step::ValidateHealth | Step::ConfirmTraffic | Step::Soak | Step::RetireOldCluster => {
                self.operation = self.operation.map(|old| if old.mark.is_none() { Operation::answered() } else { old });
            }
            Step::CheckPlan
            | Step::CreateCluster
            | Step::InstallControllers
            | Step::SyncWorkloads
            | Step::ShiftTraffic
            | Step::RestoreTraffic
            | Step::DeleteNewCluster => {}
        }
        self.due = now;
        self.dead_letters = 0;
        self
    }

    /// Ends.
    #[must_use]
    pub fn end(mut self, ending: Ending, why: &str, now: Timestamp) -> Self {
        if ending != Ending::Upgraded && why != "done" {
            self.failure.get_or_insert_with(|| why.to_owned());
        }
        self.ending = Some(ending);
        self.held = None;
        self.operation = None;
        self.due = now;
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
    pub fn note(&mut self, who: &str, what: &str, before: Step, now: Timestamp) {
        self.journal.push(Entry {
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
    pub fn note_call(&mut self, what: &str, now: Timestamp) {
        self.note(self.step.name(), what, self.step, now);
        if let Some(entry) = self.journal.last_mut() {
            entry.needs_person = true;
        }
    }

    /// Writes a line unless this step has said the same since it began.
    pub fn note_news(&mut self, what: &str, now: Timestamp) {
        let step = self.step;
        let since = self.journal.iter().rev().take_while(|entry| entry.after == step && entry.before == step);
        if !since.into_iter().any(|entry| entry.what == what) {
            self.note(step.name(), what, step, now);
        }
    }
}
