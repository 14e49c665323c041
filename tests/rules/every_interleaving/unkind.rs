//! What others do to the world of a run, and what the check each minute sees of it; and what a run must never do there.
//!
//! Their writes of the gateway take effect at once (that a write of others under way is waited for is in
//! tests/upgrades/others_write.rs), and empty the candidate pool.
use super::document::{Document, Question};
use super::happenings::{Move, Other};
use super::input::{Act, Candidate, Condition, Input, Mark, Members, Newest, Next, Saw, Unkind};
use super::moves::Moves;
use super::steps::read;
use super::world::{Invocation, Kinds, Others, Phase, State, live};
use bluegreen_core::step::Step;

impl Moves<'_> {
    /// Everything that others may do now, and the check each minute.
    pub(super) fn others(&mut self) {
        let from = self.from;
        let Some(others) = from.others.filter(|_| from.run.ending.is_none()) else { return };
        self.checks();
        let left = from.left.others;
        self.health(others, left);
        for members in [Members::Old, Members::Retired] {
            if left.glasses > 0 && from.could_serve(members) {
                let mut broken = self.glass_broken(members, Some(members));
                broken.left.others.glasses -= 1;
                self.add(Move::Others(Other::BreaksGlass(members)), broken);
            }
            for keeps_mark in [false, true] {
                // One that keeps the mark of a write under way is told apart from it by nobody.
                if left.strangers > 0 && !(keeps_mark && from.gateway.newest != Newest::Landed) {
                    self.stranger_writes(members, keeps_mark);
                }
            }
        }
        if left.candidates > 0 && others.candidate == Candidate::Judges {
            self.other(
                Other::TakesTheCandidatePool,
                |kinds| kinds.candidates -= 1,
                |others| others.candidate = Candidate::Gone,
            );
        }
        if others.candidate == Candidate::Gone {
            self.other(Other::PutsTheCandidatePoolBack, |_| {}, |others| others.candidate = Candidate::Judges);
        }
        if let Some(members) = others.tool.filter(|_| others.mark != Mark::Glass) {
            let again = self.glass_broken(members, None);
            self.add(Move::BreaksGlassAgain, again);
        }
    }

    fn health(&mut self, others: Others, left: Kinds) {
        let old_cluster = self.from.old_cluster;
        let ill = |kinds: &mut Kinds| kinds.ills -= 1;
        let loss = |kinds: &mut Kinds| kinds.losses -= 1;
        let free = |_: &mut Kinds| {};
        match (others.old, others.new_is_ill) {
            (Condition::Well, _) if old_cluster && left.ills > 0 => {
                self.other(Other::OldFallsIll, ill, |others| others.old = Condition::Ill);
            }
            (Condition::Ill, _) if old_cluster => {
                self.other(Other::OldHeals, free, |others| others.old = Condition::Well);
            }
            (Condition::Stopped, _) if old_cluster => {
                self.other(Other::OldStarts, free, |others| others.old = Condition::Well);
            }
            _ => {}
        }
        match others.new_is_ill {
            true => self.other(Other::NewHeals, free, |others| others.new_is_ill = false),
            false if left.ills > 0 => self.other(Other::NewFallsIll, ill, |others| others.new_is_ill = true),
            false => {}
        }
        if left.losses > 0 && old_cluster {
            if others.old != Condition::Stopped {
                self.other(Other::OldStops, loss, |others| others.old = Condition::Stopped);
            }
            let mut deleted = self.from;
            deleted.old_cluster = false;
            deleted.left.others.losses -= 1;
            deleted.others = Some(Others { deleted: true, old: Condition::Well, ..others });
            deleted.surprise();
            self.add(Move::Others(Other::OldIsDeleted), deleted);
        }
    }

    fn other(&mut self, what: Other, pay: impl Fn(&mut Kinds), change: impl Fn(&mut Others)) {
        let mut changed = self.from;
        pay(&mut changed.left.others);
        changed.others.iter_mut().for_each(change);
        changed.surprise();
        self.add(Move::Others(what), changed);
    }

    /// Who is about to write looks at the gateway once more, and so does who is about to delete.
    fn glass_broken(&self, members: Members, tool: Option<Members>) -> State {
        let mut broken = self.from;
        broken.outdate_marks();
        broken.put_by_others(members);
        broken.run.glass = broken.run.glass.map(|_| false);
        broken.run.knows_glass = false;
        let looks_before_it_deletes = self.rules.looks_before_it_deletes;
        broken.invocations_mut(|one| match one.phase {
            Phase::Looked { act: Act::Write(_) } => one.phase = Phase::Ready { saw: Saw::GlassBroken, quiet: false },
            Phase::Looked { act: Act::DeleteOld | Act::DeleteNew } if looks_before_it_deletes => {
                one.phase = Phase::Ready { saw: Saw::GlassBroken, quiet: false };
            }
            Phase::Permitted { .. } | Phase::Ready { .. } => one.surprised = true,
            Phase::Looked { .. } | Phase::Loaded { .. } | Phase::Publishing { .. } | Phase::Spent => {}
        });
        broken.others.iter_mut().for_each(|others| {
            (others.mark, others.meddled, others.tool) = (Mark::Glass, true, tool);
        });
        broken
    }

    fn stranger_writes(&mut self, members: Members, keeps_mark: bool) {
        let mut written = self.from;
        written.left.others.strangers -= 1;
        if !keeps_mark {
            written.outdate_marks();
            written.others.iter_mut().for_each(|others| others.mark = Mark::Nobodys);
        }
        written.put_by_others(members);
        written.others.iter_mut().for_each(|others| others.meddled = true);
        written.surprise();
        // A forward step that is about to write sees that it is another gateway now.
        if !written.run.step.undoes() {
            written.invocations_mut(|one| {
                if matches!(one.phase, Phase::Looked { act: Act::Write(_) }) {
                    one.phase = Phase::Ready { saw: Saw::NotYet, quiet: false };
                }
            });
        }
        self.add(Move::Others(Other::Writes { members, keeps_mark }), written);
    }

    /// The check each minute, where it looks. What is not as the run left it is for the step's own look.
    fn checks(&mut self) {
        let from = self.from;
        let seen = read(&from, false, self.rules);
        let Some(world) = seen.unkind else { return };
        let is_watched = from.run.step.may_carry_traffic() || from.run.held.is_some();
        let Some(saw) = is_watched.then(|| self.watched(&seen, world)).flatten() else { return };
        let Some(run) = self.ask(Question::Watch(saw)) else { return };
        let mut saved = from;
        if matches!(saw, Saw::Knows { .. }) {
            saved.looked_for_old();
        }
        if run.step == Step::RestoreTraffic && from.run.step != run.step {
            if saved.has_room() {
                saved.judge_decision(Invocation::of(None), saw, run);
                self.turned_back(Move::Checks { saw }, saved, run);
            }
            return;
        }
        saved.save(run);
        saved.publish(0);
        self.add(Move::Checks { saw }, saved);
    }

    fn watched(&mut self, seen: &Input, world: Unkind) -> Option<Saw> {
        let Next::Say(saw) = self.production.checks(seen, world, self.from.run.glass.is_some(), self.rules)? else {
            return None;
        };
        Some(saw)
    }

    /// A look of this invocation gets no answer, or is told once that the old cluster is not there.
    pub(super) fn unanswered(&mut self, at: usize) {
        let mut looked = self.from;
        if self.from.others.is_none() || looked.left.others.answers == 0 {
            return;
        }
        looked.left.others.answers -= 1;
        let says = |saw: Saw| Phase::Ready { saw, quiet: false };
        let mut nothing = looked;
        nothing.invocations_at(at).phase = says(Saw::NoAnswer);
        self.add(Move::Unanswered { at, next: Next::Say(Saw::NoAnswer) }, nothing);
        let Phase::Loaded { quiet } = self.from.at_work[at].expect("it is counted").phase else { return };
        let mut seen = read(&self.from, quiet, self.rules);
        let found = self.production.look(&seen, self.rules);
        seen.unkind.iter_mut().for_each(|world| world.not_found = true);
        for next in self.production.look(&seen, self.rules).into_iter().filter(|next| !found.contains(next)) {
            let mut told = looked;
            told.invocations_at(at).phase = match next {
                Next::Act(act) => Phase::Looked { act },
                Next::Say(saw) => Phase::Ready { saw, quiet: quiet && saw == Saw::Done },
            };
            self.add(Move::Unanswered { at, next }, told);
        }
    }
}

impl State {
    /// Whether a person would send all traffic there.
    fn could_serve(&self, members: Members) -> bool {
        let old = self.old_cluster && self.others.is_none_or(|others| others.old != Condition::Stopped);
        if members == Members::Old { old } else { self.new_cluster }
    }

    fn looked_for_old(&mut self) {
        let is_gone = !self.old_cluster;
        self.others.iter_mut().filter(|others| is_gone && others.deleted).for_each(|others| {
            others.absent = (others.absent + 1).min(2);
        });
    }

    /// What an act must never do, unless others did something after the last look before it.
    pub(super) fn judge_act(&mut self, at: usize, act: Act) {
        let one = self.at_work[at].expect("callers name a place that is taken");
        let Some(others) = self.others.filter(|_| !one.surprised) else { return };
        let old_is_well = self.old_cluster && others.old == Condition::Well;
        let is_broken = others.mark == Mark::Glass && !self.run.knows_glass;
        let wrong = match act {
            Act::StartOld => None,
            _ if is_broken => Some("acts over a person's emergency way back"),
            _ if self.run.glass.is_some() => Some("acts before a person has named the direction"),
            Act::DeleteOld if self.reaches(Members::Old) => Some("deletes the old cluster, which serves"),
            Act::DeleteOld if others.new_is_ill => Some("deletes the old cluster, while the new one is ill"),
            Act::DeleteNew if self.reaches(Members::New) => Some("deletes the new cluster, which serves"),
            Act::DeleteNew if !old_is_well => Some("deletes the new cluster, while the old one is ill"),
            Act::DeleteOld | Act::DeleteNew | Act::Write(_) => None,
        };
        self.others = Some(Others { wrong: others.wrong.or(wrong), ..others });
    }

    /// What a decision must never be: back to a cluster that is known to be lost, when no person said so.
    pub(super) fn judge_decision(&mut self, one: Invocation, saw: Saw, run: Document) {
        if matches!(saw, Saw::Knows { .. }) {
            self.looked_for_old();
        }
        let turns = run.step == Step::RestoreTraffic && self.run.step.may_carry_traffic();
        let Some(others) = self.others.filter(|_| saw == Saw::Breached && turns && !one.surprised) else { return };
        let was_healthy = self.run.readiness.is_some_and(|known| known.was_healthy);
        let is_lost = match others.old {
            _ if !self.old_cluster => others.deleted && others.absent >= 2,
            Condition::Stopped => true,
            Condition::Ill => was_healthy,
            Condition::Well => false,
        };
        let wrong = is_lost.then_some("goes back to a cluster that is known to be lost");
        self.others = Some(Others { wrong: others.wrong.or(wrong), ..others });
    }

    /// What no state may be where others act, too.
    pub fn broken_by_others(&self, others: Others) -> Option<&'static str> {
        use super::document::Held;
        use bluegreen_core::run::Ending;
        let goes = |to: Members| {
            live(self.gateway.effective) == to
                && !self.reaches(if to == Members::Old { Members::New } else { Members::Old })
        };
        let run = &self.run;
        match run.ending {
            _ if others.wrong.is_some() => others.wrong,
            Some(Ending::RolledBack) if !others.meddled && !goes(Members::Old) => {
                Some("rolled back, but traffic goes to the new cluster")
            }
            Some(Ending::Upgraded) if !others.meddled && !goes(Members::New) => {
                Some("upgraded, but traffic goes to the old cluster")
            }
            Some(Ending::Rejected) => Some("rejected after traffic had moved"),
            _ if run.held == Some(Held::ForNoReason) => Some("held, and nobody knows why"),
            _ => None,
        }
    }
}
