//! The moves of a run that `decide` and the verbs are made of. Each leaves its line in the journal.
use super::calls::{Cause, Level};
use super::journal::said;
use super::readiness::{Readiness, Ready};
use super::{Ending, Fact, Hold, Mark, Missed, Run};
use crate::resources::gateway::{Gateway, is_unmarked};
use crate::site::Gate;
use crate::step::Step;
use crate::workload::pins::{Pin, Side};
use jiff::Timestamp;
use serde_json::Map;

/// Why a run is held after a person used the emergency way back.
pub const GLASS_BROKEN: &str = "a person used the emergency way back: nothing is written or deleted until it is said how \
    this goes on: resume forward, resume back, or finish as it stands";

/// Why a run of format 1 is held where one of today would go back.
pub(super) const RETIRED_BY_OLD_RULES: &str = "the old cluster is being retired, so there is no way back";

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
        // What a watch did not find is not found while traffic may need it: the next one goes on from there.
        if !(before.may_carry_traffic() && step.may_carry_traffic()) {
            self.0.missed = None;
        }
        self.0.unserved &= step.undoes();
        // Once users are back it has done what it was for.
        self.0.forced &= step == Step::RestoreTraffic && before != Step::DeleteNewCluster;
        self.0.unclear = None;
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
            Some(lost) => self.hold_watched(Cause::BothIll, &format!("{why}; there is no way back now: {lost}"), now),
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
    pub(super) fn turn_back_anyway(self, why: &str, now: Timestamp) -> Self {
        let mut back = self.go_back(why, now);
        if back.held.is_none() {
            back.tell_last(Level::TurnedBack, Cause::TurnedBack);
        }
        back
    }

    /// Goes back. Who has ordered it knows it already. Where only the plan was looked at there is nothing to undo.
    #[must_use]
    pub(super) fn go_back(mut self, why: &str, now: Timestamp) -> Self {
        if self.keeps_old_rules() && self.is_reducing() {
            return self.hold(Cause::NoWayBack, &format!("{RETIRED_BY_OLD_RULES}: {why}"), now);
        }
        if self.has_only_looked() {
            return self.end(Ending::RolledBack, why, now);
        }
        self.0.failure.get_or_insert_with(|| said(why));
        self.0.held = None;
        let (to, stage) = (self.step.row().back, self.stage);
        self.enter(to, stage, why, now)
    }

    /// Whether nothing of this run can be anywhere, nor come late. `CheckPlan` looks, and does nothing else; by the rules of
    /// format 1 it may have a leftover deleted.
    fn has_only_looked(&self) -> bool {
        self.step == Step::CheckPlan && !self.keeps_old_rules() && !self.writes && self.following.is_none()
    }

    /// Why going back would lead to a cluster that cannot serve, as far as is known. What this run itself has reduced it
    /// can bring back, unless it was deleted.
    #[must_use]
    pub fn has_no_way_back(&self) -> Option<&str> {
        let known = self.readiness.as_ref().filter(|known| known.state == Ready::NotReady)?;
        (self.moved && !self.can_bring_back()).then_some(known.why.as_str())
    }

    /// What it keeps large in a cluster, and has not taken back yet.
    #[must_use]
    pub fn pinned(&self, side: Side) -> &[Pin] {
        self.pins.as_ref().map_or(&[], |pins| pins.of(side))
    }

    /// Waits for a person, since going back would help nobody. Each watch judges that anew.
    #[must_use]
    pub(super) fn no_way_back(mut self, readiness: Readiness, why: &str, now: Timestamp) -> Self {
        self.0.readiness = Some(readiness);
        self.hold_watched(Cause::NoWayBack, why, now)
    }

    /// The same, found by the check of a run that may be held for it already: the new cluster is ill, too, which is news.
    #[must_use]
    pub(super) fn both_ill(mut self, readiness: Readiness, why: &str, now: Timestamp) -> Self {
        self.0.readiness = Some(readiness);
        self.hold_watched(Cause::BothIll, why, now)
    }

    /// Waits for a person, since users are led elsewhere. What was told is remembered: going on accepts it.
    #[must_use]
    pub(super) fn hold_led(mut self, why: &str, now: Timestamp) -> Self {
        self.0.others.told = Some(why.to_owned());
        self.hold(Cause::LedElsewhere, why, now)
    }

    /// Waits until a person says how it goes on after the emergency way back.
    #[must_use]
    pub(super) fn glass_broken(mut self, mark: Mark, now: Timestamp) -> Self {
        self.0.glass = Some(mark);
        self.hold(Cause::Glass, GLASS_BROKEN, now)
    }

    /// A person has dealt with the emergency way back that was used.
    pub(super) fn know_glass(&mut self) {
        self.0.known_glass.extend(self.0.glass.take());
    }

    /// The mark of an emergency way back that was used since the plan was made, and with which nobody has dealt yet.
    #[must_use]
    pub fn new_glass(&self, gateway: &Gateway) -> Option<Mark> {
        let mark = gateway.mark().filter(|_| gateway.is_glass_broken())?;
        (!self.knows_glass(mark)).then(|| mark.to_owned())
    }

    /// Whether an emergency way back was there when the plan was made, or a person has dealt with it.
    pub(super) fn knows_glass(&self, mark: &str) -> bool {
        self.plan.found_glass.as_deref() == Some(mark) || self.known_glass.iter().any(|known| known == mark)
    }

    fn hold_watched(self, cause: Cause, why: &str, now: Timestamp) -> Self {
        let mut held = self.hold(cause, why, now);
        if let Some(hold) = &mut held.0.held {
            hold.watched = true;
            hold.both_ill |= cause == Cause::BothIll;
        }
        held
    }

    /// The step's own write is in force, if one was proved.
    pub(super) fn prove(&mut self, mark: Option<Mark>) {
        let Some(mark) = mark else { return };
        self.0.unmarked = is_unmarked(&mark);
        self.0.in_force = Some(mark);
    }

    /// Remembers what a look learnt.
    pub(super) fn learn(&mut self, facts: &[Fact], now: Timestamp) {
        // This step does not look for the old cluster: what it does not say is not found.
        let missed_before = if self.step == Step::ShiftTraffic { self.missed.clone() } else { self.0.missed.take() };
        let mut others_write = false;
        for fact in facts {
            match fact {
                Fact::Writes => self.0.writes = true,
                Fact::Reduces(size) => drop(self.0.reducing.get_or_insert_with(|| size.clone())),
                Fact::Pins(pins) => self.0.pins.get_or_insert_default().add(pins),
                Fact::Unpinned(side) => self.0.pins.iter_mut().for_each(|pins| pins.end(*side)),
                Fact::Gives(identities) => self.0.given_roles.extend(identities.clone()),
                Fact::Singletons(moves) => self.0.moves_singletons = *moves,
                Fact::Leads(leads) => self.0.others.keep(leads.clone()),
                Fact::Wrote(beside) => self.0.others.beside = Some(beside.clone()),
                Fact::Changed(what) => self.changed_beside(what, now),
                Fact::OthersWrite => others_write = true,
                Fact::Readiness(readiness) => self.know(readiness.clone(), now),
                // What it comes to is said when all is learnt.
                Fact::Unclear(_) => {}
                Fact::Job(digest, ran) => self.0.jobs.learn(digest, *ran),
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
            last.what = said(&format!("{}; left over: {what}", last.what));
        }
        self.tell_last(Level::NeedsPerson, Cause::LeftOver);
        self
    }

    /// Knows this of the old cluster. That it can take the traffic back no more is told, unless that is known, or is the
    /// run's own doing.
    pub(super) fn know(&mut self, readiness: Readiness, now: Timestamp) {
        let is_lost = readiness.state == Ready::NotReady && self.moved && !self.is_reducing();
        let is_told = self.held.as_ref().is_some_and(|hold| hold.watched);
        if is_lost && !is_told {
            self.call(Cause::WayBackLost, &format!("there is no way back: {}", readiness.why), now);
        }
        self.0.readiness = Some(readiness);
    }

    /// Waits for a person, who is told. One who was told of it within a day reads the newest reason.
    #[must_use]
    pub(super) fn hold(mut self, cause: Cause, why: &str, now: Timestamp) -> Self {
        let before = self.held.clone();
        let is_new = before.as_ref().is_none_or(|hold| hold.paused || Cause::of(hold) != cause);
        let tells = is_new || self.may_call(cause, now);
        if tells {
            self.note_call(cause, why, now);
        } else {
            self.note_news(why, now);
        }
        let mut held = self.held_for(why, None, now);
        if let (Some(hold), Some(before)) = (&mut held.0.held, before) {
            hold.since = before.since;
            hold.called = if tells { now } else { before.called };
        }
        held.0.others.overwritten |= matches!(cause, Cause::OthersWrite | Cause::LedElsewhere);
        held
    }

    /// Waits for a person, who said so: nobody is told.
    #[must_use]
    pub(super) fn pause(self, why: &str, now: Timestamp) -> Self {
        let mut paused = self.held_for(why, None, now);
        if let Some(hold) = &mut paused.0.held {
            hold.paused = true;
        }
        paused
    }

    /// Waits for a person's approval before the next step.
    #[must_use]
    pub(super) fn hold_at(mut self, gate: Gate, now: Timestamp) -> Self {
        let why = format!("an approval is needed before {}", gate.before);
        self.note_call(Cause::Gate, &why, now);
        self.held_for(&why, Some(gate), now)
    }

    fn held_for(mut self, why: &str, gate: Option<Gate>, now: Timestamp) -> Self {
        let why = said(why);
        if self.held.is_none() {
            // What a step has not seen yet says nothing of who looks from now on.
            self.0.unclear = None;
        }
        let hold = Hold {
            why,
            since: now,
            gate,
            paused: false,
            watched: false,
            both_ill: false,
            called: now,
            rest: Map::new(),
        };
        self.0.held = Some(hold);
        self
    }

    /// Goes on after a hold. The time that it was held does not count.
    #[must_use]
    pub(super) fn release(mut self, now: Timestamp) -> Self {
        if let Some(hold) = self.0.held.take() {
            let held = now.duration_since(hold.since);
            self.0.step_began = self.step_began.saturating_add(held).unwrap_or(now);
            self.0.others.released(&hold);
        }
        let step = self.step;
        self.0.following = self.0.following.map(|following| following.stale(step));
        self.0.due = now;
        self.0.dead_letters = 0;
        self.0.unclear = None;
        self
    }

    /// Ends.
    #[must_use]
    pub(super) fn end(mut self, ending: Ending, why: &str, now: Timestamp) -> Self {
        if ending != Ending::Upgraded && why != "done" {
            self.0.failure.get_or_insert_with(|| said(why));
        }
        self.0.ending = Some(ending);
        self.0.held = None;
        self.0.following = None;
        self.0.due = now;
        let what = ending.words();
        let what = if why == "done" { what.to_owned() } else { format!("{what}: {why}") };
        self.note(self.step.name(), &what, self.step, now);
        match ending {
            // That it turned back was told before.
            Ending::Rejected if !self.refused => self.tell_last(Level::TurnedBack, Cause::Rejected),
            Ending::Rejected | Ending::Upgraded | Ending::RolledBack | Ending::Finished => {
                self.tell_last(Level::Finished, Cause::Ended);
            }
        }
        self
    }
}
