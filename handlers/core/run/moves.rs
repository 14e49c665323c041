//! The moves of a run that `decide` and the verbs are made of. Each leaves its line in the journal.
use super::readiness::{Readiness, Ready};
use super::{Ending, Entry, Fact, Hold, Mark, Missed, Run};
use crate::resources::gateway::{Gateway, is_unmarked};
use crate::site::Gate;
use crate::step::Step;
use jiff::Timestamp;
use serde_json::Map;

/// Why a run is held after a person used the emergency way back.
pub const GLASS_BROKEN: &str = "a person used the emergency way back: nothing is written or deleted until it is said how \
    this goes on: resume forward, resume back, or finish as it stands";

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
        self.0.moved |= step == Step::ShiftTraffic && !self.keeps_old_rules();
        self.0.missed = None;
        self.0.sweeps = 0;
        self.0.step_began = now;
        self.0.due = now;
        self.0.quiet_from = None;
        self.0.others.enter();
        self.0.following = None;
        self.0.promoted = false;
        self.0.dead_letters = 0;
        self.0.called = false;
        self.note(before.name(), why, before, now);
        self
    }

    /// Goes back the way it came: traffic first, then the new cluster. Clears a hold. Where there is nothing to go back to,
    /// it waits for a person instead, and each watch looks again.
    #[must_use]
    pub(super) fn turn_back(self, why: &str, now: Timestamp) -> Self {
        match self.has_no_way_back().map(str::to_owned) {
            Some(lost) => self.hold(format!("{why}; there is no way back now: {lost}"), now).watched(),
            None => self.turn_back_anyway(why, now),
        }
    }

    /// Goes back, since the plan turned out to be one that cannot be carried out: a late invocation may have made something.
    #[must_use]
    pub(super) fn refuse(mut self, why: &str, now: Timestamp) -> Self {
        self.0.refused = true;
        self.turn_back(why, now)
    }

    /// The same as turning back, whatever is known of the old cluster: somebody has judged both sides.
    #[must_use]
    pub(super) fn turn_back_anyway(mut self, why: &str, now: Timestamp) -> Self {
        if self.keeps_old_rules() && self.is_reducing() {
            return self.hold(format!("the old cluster is being retired, so there is no way back: {why}"), now);
        }
        self.0.failure.get_or_insert_with(|| why.to_owned());
        self.0.held = None;
        let (to, stage) = (self.step.row().back, self.stage);
        self.enter(to, stage, why, now)
    }

    /// Why going back would lead to a cluster that cannot serve, as far as is known. What this run itself has reduced it
    /// can bring back, unless it was deleted.
    #[must_use]
    pub fn has_no_way_back(&self) -> Option<&str> {
        let known = self.readiness.as_ref().filter(|known| known.state == Ready::NotReady)?;
        (self.moved && !self.can_bring_back()).then_some(known.why.as_str())
    }

    /// Waits for a person, since going back would help nobody. Each watch judges that anew.
    #[must_use]
    pub(super) fn no_way_back(mut self, readiness: Readiness, why: String, now: Timestamp) -> Self {
        self.0.readiness = Some(readiness);
        self.hold(why, now).watched()
    }

    /// Waits for a person, since users are led elsewhere. What was told is remembered: going on accepts it.
    #[must_use]
    pub(super) fn hold_led(mut self, why: String, now: Timestamp) -> Self {
        self.0.others.told = Some(why.clone());
        self.hold(why, now)
    }

    /// Waits until a person says how it goes on after the emergency way back.
    #[must_use]
    pub(super) fn glass_broken(mut self, mark: Mark, now: Timestamp) -> Self {
        self.0.glass = Some(mark);
        self.hold(GLASS_BROKEN.to_owned(), now)
    }

    /// A person has dealt with the emergency way back that was used.
    pub(super) fn know_glass(&mut self) {
        self.0.known_glass.extend(self.0.glass.take());
    }

    /// The mark of an emergency way back that was used since the plan was made, and with which nobody has dealt yet.
    #[must_use]
    pub fn new_glass(&self, gateway: &Gateway) -> Option<Mark> {
        let mark = gateway.mark().filter(|_| gateway.is_glass_broken())?;
        let is_known =
            self.plan.found_glass.as_deref() == Some(mark) || self.known_glass.iter().any(|known| known == mark);
        (!is_known).then(|| mark.to_owned())
    }

    fn watched(mut self) -> Self {
        if let Some(hold) = &mut self.0.held {
            hold.watched = true;
        }
        self
    }

    /// The step's own write is in force, if one was proved.
    pub(super) fn prove(&mut self, mark: Option<Mark>) {
        let Some(mark) = mark else { return };
        self.0.unmarked = is_unmarked(&mark);
        self.0.in_force = Some(mark);
    }

    /// Remembers what a look learnt.
    pub(super) fn learn(&mut self, facts: &[Fact], now: Timestamp) {
        let missed_before = self.0.missed.take();
        let mut others_write = false;
        for fact in facts {
            match fact {
                Fact::Writes => self.0.writes = true,
                Fact::Reduces(size) => drop(self.0.reducing.get_or_insert_with(|| size.clone())),
                Fact::Leads(leads) => self.0.others.leads = Some(leads.clone()),
                Fact::OthersWrite => others_write = true,
                Fact::Readiness(readiness) => self.0.readiness = Some(readiness.clone()),
                Fact::Missed(cluster) => {
                    let before = missed_before.as_ref().filter(|before| before.cluster == *cluster);
                    let since = before.map_or(now, |before| before.since);
                    self.0.missed = Some(Missed { cluster: cluster.clone(), since });
                }
            }
        }
        self.wait_for_others(others_write, now);
    }

    /// While somebody else's write is waited for, the step's time stands still.
    fn wait_for_others(&mut self, others_write: bool, now: Timestamp) {
        let since = self.0.others.write_since;
        match (since, others_write) {
            (None, true) => self.0.others.write_since = Some(now),
            (Some(since), false) => {
                self.0.others.write_since = None;
                let waited = now.duration_since(since);
                self.0.step_began = self.step_began.saturating_add(waited).unwrap_or(now);
            }
            (Some(_), true) | (None, false) => {}
        }
    }

    /// Says what stays after the end.
    #[must_use]
    pub(super) fn leaving(mut self, what: &str) -> Self {
        if let Some(last) = self.0.journal.last_mut() {
            last.what = format!("{}; left over: {what}", last.what);
            last.needs_person = true;
        }
        self
    }

    /// Waits for a person.
    #[must_use]
    pub(super) fn hold(mut self, why: String, now: Timestamp) -> Self {
        self.note_call(&why, now);
        self.0.held =
            Some(Hold { why, since: now, gate: None, paused: false, watched: false, called: now, rest: Map::new() });
        self
    }

    /// Waits for a person's approval before the next step.
    #[must_use]
    pub(super) fn hold_at(mut self, gate: Gate, now: Timestamp) -> Self {
        let why = format!("an approval is needed before {}", gate.before);
        self.note_call(&why, now);
        self.0.held = Some(Hold {
            why,
            since: now,
            gate: Some(gate),
            paused: false,
            watched: false,
            called: now,
            rest: Map::new(),
        });
        self
    }

    /// Goes on after a hold. The time that it was held does not count.
    #[must_use]
    pub(super) fn release(mut self, now: Timestamp) -> Self {
        if let Some(hold) = self.0.held.take() {
            let held = now.duration_since(hold.since);
            self.0.step_began = self.step_began.saturating_add(held).unwrap_or(now);
        }
        self.0.others.accept();
        let step = self.step;
        self.0.following = self.0.following.map(|following| following.stale(step));
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
            Ending::Finished => "finished by a person",
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
