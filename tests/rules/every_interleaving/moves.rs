//! Every next state of a state: what invocations, the platform, persons and faults may do now.
//!
//! An invocation follows docs/design.md, section 3: it loads the run, looks, asks for its permit, acts, decides and
//! saves, publishes. Between any two of these all others may move, it may crash, or lose its lock and go on.
use super::document::{Document, Production, Question, Time};
pub use super::happenings::Move;
use super::input::{Act, Condition, Newest, Next, Ours, Saw};
use super::steps::{Rules, read};
use super::world::{Invocation, Phase, State};
use bluegreen_core::run::verbs::{Direction, Verb};
use bluegreen_core::step::Step;

/// The next states of one state.
pub struct Moves<'a> {
    pub(super) from: State,
    pub(super) rules: Rules,
    pub(super) production: &'a mut Production,
    /// What happened, what came of it, and whether it can be counted on.
    pub found: Vec<(Move, State, bool)>,
}

impl<'a> Moves<'a> {
    pub fn of(from: State, rules: Rules, production: &'a mut Production) -> Self {
        let mut all = Self { from, rules, production, found: Vec::with_capacity(16) };
        all.gateway();
        all.bus();
        for at in 0..from.at_work.iter().flatten().count() {
            all.invocation(at);
        }
        all.persons();
        all.sweep();
        all.others();
        all
    }

    pub(super) fn add(&mut self, what: Move, state: State) {
        self.found.push((what, state.normalised(), what.is_relied_on()));
    }

    /// Adds a move that needs a fault, if one is left.
    fn add_fault(&mut self, what: Move, mut state: State) {
        if state.left.faults > 0 {
            state.left.faults -= 1;
            self.add(what, state);
        }
    }

    pub(super) fn ask(&mut self, question: Question) -> Option<Document> {
        self.production.ask(self.from.run, question)
    }

    fn gateway(&mut self) {
        if self.from.gateway.newest == Newest::InFlight {
            let mut landed = self.from;
            landed.gateway.newest = Newest::Landed;
            landed.gateway.effective = landed.gateway.shown;
            self.add(Move::WriteLands, landed);
            let mut failed = self.from;
            failed.gateway.newest = Newest::Failed;
            self.add_fault(Move::WriteFails, failed);
        }
    }

    fn bus(&mut self) {
        for age in [0, 1] {
            if self.from.queue[usize::from(age)] == 0 {
                continue;
            }
            let mut taken = self.from;
            taken.queue[usize::from(age)] -= 1;
            if taken.has_room() {
                self.delivered(age, taken);
            }
            self.add_fault(Move::IsLost { age }, taken);
            // A dead letter of the hop before counts for nothing.
            let Some(run) = (if age == 0 { self.ask(Question::DeadLetter) } else { None }) else { continue };
            if taken.left.faults > 0 {
                taken.left.faults -= 1;
                taken.save(run);
                self.publishes_or_not(taken, |published| Move::DeadLettered { published });
            }
        }
    }

    /// One change that needs no further look: published at once or, with a fault, never.
    pub(super) fn publishes_or_not(&mut self, mut saved: State, what: impl Fn(bool) -> Move) {
        self.add_fault(what(false), saved);
        saved.publish(0);
        self.add(what(true), saved);
    }

    /// The order is that of the design: held or ended, then just before, then the step.
    fn delivered(&mut self, age: u8, taken: State) {
        let what = Move::Delivered { age };
        let message = Some(age);
        if taken.run.held.is_some() || taken.run.ending.is_some() {
            self.add(what, taken);
        } else if age > 0 {
            let mut repairs = taken;
            repairs.begin(Invocation::of(message));
            self.add(what, repairs);
        } else {
            self.loads(what, taken, message);
        }
    }

    /// Loads the run. It can be quiet as soon as nobody is at work who loaded it before `quiet_from`.
    fn loads(&mut self, what: Move, taken: State, message: Option<u8>) {
        let can_be_quiet = taken.run.quiet_began && !taken.at_work.iter().flatten().any(|one| one.older);
        for quiet in [false, true] {
            if quiet && !can_be_quiet {
                continue;
            }
            let mut loaded = taken;
            loaded.begin(Invocation { phase: Phase::Loaded { quiet }, ..Invocation::of(message) });
            self.add(what, loaded);
        }
    }

    fn invocation(&mut self, at: usize) {
        let one = self.from.at_work[at].expect("it is counted");
        let mut crashed = self.from;
        crashed.take(at);
        crashed.give_back(one.message);
        if one.phase == Phase::Spent {
            return self.add(Move::GivesUp { at }, crashed);
        }
        self.add_fault(Move::Crashes { at }, crashed);
        if one.message.is_some() {
            let mut late = self.from;
            late.give_back(one.message);
            late.invocations_at(at).message = None;
            self.add_fault(Move::LosesItsLock { at }, late);
        }
        match one.phase {
            Phase::Loaded { quiet } => {
                self.unanswered(at);
                let seen = read(&self.from, quiet || !self.rules.quiet_time, self.rules);
                for next in self.production.look(&seen, self.rules) {
                    let mut looked = self.from;
                    let breached = u8::from(next == Next::Say(Saw::Breached));
                    let Some(left) = looked.left.breaches.checked_sub(breached) else { continue };
                    looked.left.breaches = left;
                    looked.invocations_at(at).phase = match next {
                        Next::Act(act) => Phase::Looked { act },
                        Next::Say(saw) => Phase::Ready { saw, quiet: quiet && saw == Saw::Done },
                    };
                    self.add(Move::Looks { at, next }, looked);
                }
            }
            Phase::Looked { act } => {
                let mut permitted = self.from;
                permitted.invocations_at(at).phase = Phase::Permitted { act };
                self.add(Move::IsPermitted { at }, permitted);
            }
            Phase::Permitted { act } => self.acts(at, act),
            Phase::Ready { saw: Saw::Requested(ours), .. } if one.age > 0 => self.records(at, one, ours),
            Phase::Ready { saw, quiet } => self.saves(at, one, saw, quiet),
            Phase::Publishing { restores } => self.publishes(at, one, restores),
            Phase::Spent => {}
        }
    }

    fn acts(&mut self, at: usize, act: Act) {
        let mut acted = self.from;
        acted.judge_act(at, act);
        let saw = match act {
            Act::Write(members) => {
                acted.put(members);
                Saw::Requested(Ours::Newest)
            }
            Act::DeleteOld => {
                acted.old_cluster = false;
                Saw::NotYet
            }
            Act::DeleteNew => {
                acted.new_cluster = false;
                Saw::NotYet
            }
            Act::StartOld => {
                acted.others.iter_mut().for_each(|others| others.old = Condition::Well);
                Saw::NotYet
            }
        };
        acted.invocations_at(at).phase = Phase::Ready { saw, quiet: false };
        self.add(Move::Acts { at, answer_lost: false }, acted);
        // A write that was accepted, and a time-out here: the run learns nothing of it.
        acted.invocations_at(at).phase = Phase::Ready { saw: Saw::NotYet, quiet: false };
        if saw != Saw::NotYet {
            self.add_fault(Move::Acts { at, answer_lost: true }, acted);
        }
    }

    fn saves(&mut self, at: usize, one: Invocation, saw: Saw, quiet: bool) {
        let others_older = self
            .from
            .at_work
            .iter()
            .enumerate()
            .any(|(place, other)| place != at && other.is_some_and(|other| other.older));
        let quiet = quiet || !self.rules.quiet_time;
        let time = Time { quiet_at_load: quiet, quiet_now: quiet, late: false };
        let mut times = vec![time];
        match saw {
            Saw::Done if !quiet && self.from.run.quiet_began && !others_older => {
                times.push(Time { quiet_now: true, ..time });
            }
            Saw::NotYet | Saw::Requested(_) => times.push(Time { late: true, ..time }),
            Saw::Emptied | Saw::WillReduce | Saw::Missed | Saw::Knows { .. } | Saw::NoAnswer => {
                times.push(Time { late: true, ..time });
            }
            Saw::Done
            | Saw::Drifted
            | Saw::Breached
            | Saw::Stuck
            | Saw::MarkLost
            | Saw::GlassBroken
            | Saw::NoWayBack(_) => {}
        }
        for time in times {
            let run = self.ask(Question::Decide { saw, time }).expect("decide always answers");
            let mut saved = self.from;
            if run.quiet_began && !self.from.run.quiet_began {
                // Its own load is `quiet_from`: who stands before it loaded before it.
                for (place, other) in saved.at_work.iter_mut().enumerate() {
                    other.iter_mut().for_each(|other| other.older = place < at);
                }
            }
            saved.take(at);
            saved.judge_decision(one, saw, run);
            saved.save(run);
            let message = one.message.map(|age| age + 1);
            if run.ending.is_none() {
                let restores = run.step == Step::RestoreTraffic && self.from.run.step != Step::RestoreTraffic;
                // In the order of loads: it may load again, but only when it has published.
                saved.begin(Invocation { phase: Phase::Publishing { restores }, ..Invocation::of(message) });
            }
            self.add(Move::Saves { at, saw, time }, saved);
        }
    }

    /// Somebody else saved first: if the run is still at that step, the write is added to those that it follows.
    fn records(&mut self, at: usize, one: Invocation, ours: Ours) {
        let Some(run) = self.ask(Question::Record(ours)) else { return };
        let mut saved = self.from;
        saved.take(at);
        saved.save(run);
        let message = one.message.map(|age| age + 1);
        saved.begin(Invocation { phase: Phase::Publishing { restores: false }, age: 0, message, ..one });
        self.add(Move::Records { at }, saved);
    }

    fn publishes(&mut self, at: usize, one: Invocation, restores: bool) {
        let mut done = self.from;
        done.take(at);
        let mut published = done;
        published.publish(one.age);
        if restores && one.age == 0 {
            let mut unpublished = done;
            if unpublished.left.faults > 0 {
                unpublished.left.faults -= 1;
                self.loads(Move::CannotPublish { at }, unpublished, one.message);
            }
            self.loads(Move::Publishes { at }, published, one.message);
        } else {
            self.add(Move::Publishes { at }, published);
        }
    }

    fn persons(&mut self) {
        let from = self.from;
        if from.left.pauses > 0 {
            self.orders(Verb::Pause, None, |state| state.left.pauses -= 1);
        }
        if from.left.resumes > 0 && from.run.held.is_some() {
            for direction in [None, Some(Direction::Forward), Some(Direction::Back)] {
                self.orders(Verb::Resume, direction, |state| state.left.resumes -= 1);
            }
        }
        if from.left.finishes > 0 {
            self.orders(Verb::Finish, None, |state| state.left.finishes -= 1);
        }
        if from.left.roll_backs > 0
            && from.has_room()
            && let Some(run) = self.ask(Question::Obey(Verb::RollBack, None))
        {
            let mut saved = from;
            saved.left.roll_backs -= 1;
            self.turned_back(Move::Orders { verb: Verb::RollBack, published: true }, saved, run);
        }
        if from.left.breaches > 0 && from.has_room() && from.run.ending.is_none() && from.run.step.may_carry_traffic() {
            let time = Time { quiet_at_load: false, quiet_now: false, late: false };
            let run = self.ask(Question::Decide { saw: Saw::Breached, time }).expect("decide always answers");
            let mut saved = from;
            saved.left.breaches -= 1;
            self.turned_back(Move::CanaryCheckTurnsBack, saved, run);
        }
    }

    fn orders(&mut self, verb: Verb, direction: Option<Direction>, pay: impl Fn(&mut State)) {
        if let Some(run) = self.ask(Question::Obey(verb, direction)) {
            let mut saved = self.from;
            pay(&mut saved);
            if verb == Verb::Finish {
                // It ends as it stands, whatever is on its way.
                saved.others.iter_mut().for_each(|others| others.meddled = true);
            }
            if run.step == Step::RestoreTraffic && self.from.run.step != run.step {
                if saved.has_room() {
                    self.turned_back(Move::Orders { verb, published: true }, saved, run);
                }
                return;
            }
            saved.save(run);
            self.publishes_or_not(saved, |published| Move::Orders { verb, published });
        }
    }

    /// Saved by somebody without a message: whoever turns the run back publishes, then handles the way back at once.
    pub(super) fn turned_back(&mut self, what: Move, mut saved: State, run: Document) {
        if run.quiet_began && !saved.run.quiet_began {
            saved.invocations_mut(|one| one.older = true);
        }
        saved.save(run);
        let phase = Phase::Publishing { restores: run.step == Step::RestoreTraffic };
        saved.begin(Invocation { phase, ..Invocation::of(None) });
        self.add(what, saved);
    }

    /// It cannot see the queue: it comes when nothing has happened for a while, early only if an event is very late.
    fn sweep(&mut self) {
        let Some(run) = self.ask(Question::Sweep) else { return };
        let early = self.from.queue[0] > 0 || self.from.at_work[0].is_some();
        let mut swept = self.from;
        if self.rules.sweep_takes_new_hop {
            swept.save(run);
        }
        if run.step == Step::RestoreTraffic && self.rules.sweep_takes_new_hop && swept.has_room() {
            // The way back is handled by whoever sweeps, too.
            swept.begin(Invocation { phase: Phase::Publishing { restores: true }, ..Invocation::of(None) });
        } else {
            swept.publish(0);
        }
        if early {
            self.add_fault(Move::Sweeps { early }, swept);
        } else {
            self.add(Move::Sweeps { early }, swept);
        }
    }
}
