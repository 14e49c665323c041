//! One state of everything: the run, the gateway, the clusters, the events and who is at work on them.
//!
//! Everything is relative, so the states are finitely many without a bound on hops: hops are ages (0 the run's own,
//! 1 the one before, older ones do nothing), marks are what became of the write that carries them, times are whether
//! a bound has passed.
use super::document::Document;
use super::input::{Act, Members, Newest, Ours, Saw};

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
        self.gateway.shown = members;
        self.gateway.newest = Newest::InFlight;
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
                *one =
                    Invocation { phase: Phase::Spent, age: 2, message: one.message, older: false, same_visit: false };
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
        if let Some(in_force @ Ours::Canceled) = &mut self.run.in_force {
            *in_force = Ours::Landed;
        }
        self
    }

    pub fn invocations_mut(&mut self, change: impl FnMut(&mut Invocation)) {
        self.at_work.iter_mut().flatten().for_each(change);
    }
}
