//! One state of everything: the run, the gateway, the clusters, the events and who is at work on them.
//!
//! Everything is relative, so the states are finitely many without a bound on hops: hops are ages (0 the run's own,
//! 1 the one before, older ones do nothing), marks are what became of the write that carries them, times are whether
//! a bound has passed.
use super::document::Document;
use super::input::{Act, Candidate, Condition, Mark, Members, Newest, Ours, Saw};
use bluegreen_core::step::Step;

/// So many invocations at once. Three are as safe, in four times as many states.
pub const PLACES: usize = 2;

/// The same for users: nothing of theirs depends on the candidate pool.
pub fn live(members: Members) -> Members {
    if members == Members::Retired { Members::New } else { members }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Gateway {
    pub shown: Members,
    pub newest: Newest,
    /// Where the traffic really goes.
    pub effective: Members,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// It has the run, and knows whether that was quiet then.
    Loaded { quiet: bool },
    /// It wants to act, and must ask for its permit: read the run again.
    Looked { act: Act },
    /// It was permitted to act, and will, whatever happens meanwhile.
    Permitted { act: Act },
    /// It has seen or done its part; `decide` and the save come next.
    Ready { saw: Saw, quiet: bool },
    /// It must publish the hop that it saved or found; into `RestoreTraffic` it goes on by itself.
    Publishing { restores: bool },
    /// The run has moved on: it can neither act nor save, and will give its message back.
    Spent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Invocation {
    pub phase: Phase,
    /// So many hops ago the run had the hop that it works on.
    pub age: u8,
    /// The age of the message that it holds: nothing if its lock is lost, or if no message called it.
    pub message: Option<u8>,
    /// It loaded the run before the present `quiet_from`.
    pub older: bool,
    /// The run has not entered a step since it was loaded.
    pub same_visit: bool,
    /// Others did something since it looked: what it does then nobody could have known better.
    pub surprised: bool,
}

/// What may still happen that nobody can count on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Left {
    pub faults: u8,
    pub roll_backs: u8,
    pub pauses: u8,
    pub resumes: u8,
    /// How often a threshold is breached.
    pub breaches: u8,
    pub finishes: u8,
    pub others: Kinds,
}

/// How often others do something, kind by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Kinds {
    /// A side falls ill.
    pub ills: u8,
    /// The old cluster is stopped, or deleted.
    pub losses: u8,
    /// A person uses the emergency way back, one way or the other.
    pub glasses: u8,
    /// Somebody writes the live pools.
    pub strangers: u8,
    /// Somebody takes the candidate pool away.
    pub candidates: u8,
    /// A look gets no answer, or one 404.
    pub answers: u8,
}

/// What others have made of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Others {
    pub old: Condition,
    pub new_is_ill: bool,
    pub candidate: Candidate,
    pub mark: Mark,
    /// Others wrote the gateway after the run's last write.
    pub meddled: bool,
    /// It was not the run that deleted the old cluster.
    pub deleted: bool,
    /// So often it was looked for since then, and not found.
    pub absent: u8,
    /// The emergency way back is still watched by the person's tool: where traffic is to be.
    pub tool: Option<Members>,
    /// What the run did and should not have done.
    pub wrong: Option<&'static str>,
}

impl Others {
    pub const KIND: Self = Self {
        old: Condition::Well,
        new_is_ill: false,
        candidate: Candidate::Judges,
        mark: Mark::OfTheRun,
        meddled: false,
        deleted: false,
        absent: 0,
        tool: None,
        wrong: None,
    };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub run: Document,
    pub gateway: Gateway,
    pub old_cluster: bool,
    pub new_cluster: bool,
    /// How many events wait, by age.
    pub queue: [u8; 2],
    /// Whether duplicate detection knows the event of this age.
    pub sent: [bool; 2],
    /// In the order in which they loaded the run.
    pub at_work: [Option<Invocation>; PLACES],
    pub left: Left,
    /// Nothing: nobody else does anything, and what the probes say is left open.
    pub others: Option<Others>,
}

impl State {
    /// The run goes on to this with a new hop: everything else grows older.
    pub fn save(&mut self, run: Document) {
        if !run.quiet_began {
            self.invocations_mut(|one| one.older = false);
        }
        if run.step != self.run.step || (self.run.quiet_began && !run.quiet_began) {
            self.invocations_mut(|one| one.same_visit = false);
        }
        if run.glass.is_some() && self.run.glass.is_none() {
            // Permitted before a person's word was known: what was permitted is done within seconds, or never.
            self.invocations_mut(|one| one.surprised |= matches!(one.phase, Phase::Permitted { .. }));
        }
        if let Some(others) = self.others.as_mut().filter(|_| run.step.undoes()) {
            others.absent = 0;
        }
        self.run = run;
        self.queue = [0, self.queue[0]];
        self.sent = [false, self.sent[0]];
        self.invocations_mut(|one| {
            one.age = (one.age + 1).min(2);
            one.message = one.message.map(|age| age + 1);
        });
    }

    /// The event of the hop that is so old, unless duplicate detection knows it.
    pub fn publish(&mut self, age: u8) {
        let Some(sent) = self.sent.get_mut(usize::from(age)) else { return };
        if !std::mem::replace(sent, true) {
            self.queue[usize::from(age)] += 1;
        }
    }

    /// A message becomes visible again.
    pub fn give_back(&mut self, message: Option<u8>) {
        if let Some(count) = message.and_then(|age| self.queue.get_mut(usize::from(age))) {
            *count += 1;
        }
    }

    pub fn invocations_at(&mut self, at: usize) -> &mut Invocation {
        self.at_work[at].as_mut().expect("callers name a place that is taken")
    }

    pub fn has_room(&self) -> bool {
        self.at_work[PLACES - 1].is_none()
    }

    pub fn begin(&mut self, one: Invocation) {
        let free = self.at_work.iter_mut().find(|place| place.is_none()).expect("callers ask for room first");
        *free = Some(one);
    }

    /// Takes the invocation at this place away.
    pub fn take(&mut self, place: usize) -> Invocation {
        let one = self.at_work[place].take().expect("callers name a place that is taken");
        self.at_work[place..].rotate_left(1);
        one
    }

    /// A write of the gateway is accepted: what GET shows from now on. It supersedes the newest before it.
    pub fn put(&mut self, members: Members) {
        self.outdate_marks();
        if let Some(others) = &mut self.others {
            (others.mark, others.meddled) = (Mark::OfTheRun, false);
        }
        self.gateway.shown = members;
        self.gateway.newest = Newest::InFlight;
    }

    /// Somebody else writes, which takes effect at once.
    pub fn put_by_others(&mut self, members: Members) {
        self.gateway = Gateway { shown: members, newest: Newest::Landed, effective: members };
    }

    /// The newest mark of the run's is no longer the gateway's.
    pub fn outdate_marks(&mut self) {
        let before = if self.gateway.newest == Newest::Landed { Ours::Landed } else { Ours::Canceled };
        let outdate = |ours: &mut Ours| {
            if *ours == Ours::Newest {
                *ours = before;
            }
        };
        self.run.operation.as_mut().map(outdate);
        self.run.in_force.as_mut().map(outdate);
        self.invocations_mut(|one| {
            if let Phase::Ready { saw: Saw::Requested(ours), .. } = &mut one.phase {
                outdate(ours);
            }
        });
    }

    /// Makes states equal that nothing can tell apart any more.
    pub fn normalised(mut self) -> Self {
        let moves = self.run.held.is_none() && self.run.ending.is_none();
        for place in (0..PLACES).rev() {
            let Some(one) = &mut self.at_work[place] else { continue };
            one.message = one.message.filter(|age| *age < 2);
            let idle = match one.phase {
                // An older write that may still come is the danger; all others have to give up.
                Phase::Permitted { .. } => false,
                Phase::Publishing { .. } => one.age > 1,
                // What it wrote still counts, unless the run has moved on or waits for a person.
                Phase::Ready { saw: Saw::Requested(_), .. } if one.same_visit && moves => false,
                Phase::Loaded { .. } | Phase::Looked { .. } | Phase::Ready { .. } => one.age > 0,
                Phase::Spent => true,
            };
            if idle {
                *one = Invocation {
                    phase: Phase::Spent,
                    age: 2,
                    older: false,
                    same_visit: false,
                    ..Invocation::of(one.message)
                };
                if one.message.is_none() {
                    self.take(place);
                }
            }
        }
        let publishes_older = |one: &Invocation| matches!(one.phase, Phase::Publishing { .. }) && one.age == 1;
        self.sent[1] &= self.at_work.iter().flatten().any(publishes_older);
        if self.run.ending.is_some() {
            self.queue = [0, 0];
            self.sent = [false, false];
        }
        self.normalise_others();
        if let Some(in_force @ Ours::Canceled) = &mut self.run.in_force {
            *in_force = Ours::Landed;
        }
        self
    }

    pub fn invocations_mut(&mut self, change: impl FnMut(&mut Invocation)) {
        self.at_work.iter_mut().flatten().for_each(change);
    }

    fn normalise_others(&mut self) {
        let acts = |one: &Invocation| matches!(one.phase, Phase::Permitted { act: Act::Write(_) });
        let may_write_over = self.at_work.iter().flatten().any(acts);
        let Some(others) = &mut self.others else { return };
        if others.mark != Mark::Glass {
            self.run.knows_glass = false;
            self.run.glass = self.run.glass.map(|_| false);
        } else if !may_write_over {
            others.tool = None;
        }
        if self.run.step == Step::DeleteNewCluster && self.run.ending.is_some() {
            others.tool = None;
        }
    }

    /// Who is at work and has looked could not see it.
    pub fn surprise(&mut self) {
        self.invocations_mut(|one| one.surprised |= !matches!(one.phase, Phase::Loaded { .. } | Phase::Spent));
    }

    /// Where traffic goes, or is about to.
    pub fn reaches(&self, members: Members) -> bool {
        let goes = |to: Members| live(to) == members || to == Members::Mixed;
        goes(self.gateway.effective) || (self.gateway.newest == Newest::InFlight && goes(self.gateway.shown))
    }
}

impl Invocation {
    /// One that has just published, or is about to load.
    pub fn of(message: Option<u8>) -> Self {
        let phase = Phase::Publishing { restores: false };
        Self { phase, age: 0, message, older: false, same_visit: true, surprised: false }
    }
}
