//! What to do next with a run under way. Pure.
use super::next::{Beside, Next};
use super::orders::one;
use super::serving::Serves;
use crate::run::calls::{Cause, Level};
use crate::run::verbs::Verb;
use crate::run::{Entry, Run};
use crate::site::Colour;
use crate::step::Step;
use crate::text::cut;
use jiff::Timestamp;

/// Of what a person was told so much is repeated beside a command, in bytes.
const REPEATED: usize = 200;

/// A run under way, and what is seen beside it.
pub(super) struct At<'a> {
    pub site: &'a str,
    pub run: &'a Run,
    pub beside: Beside,
    pub now: Timestamp,
}

impl At<'_> {
    pub(super) fn next(&self) -> Vec<Next> {
        match &self.run.held {
            None => self.moving(),
            Some(_) if self.run.glass.is_some() => self.glass_broken(),
            Some(_) => self.held(),
        }
    }

    fn order(&self, verb: Verb, why: impl Into<String>) -> Option<Next> {
        let seen = one(self.run, verb, self.now);
        seen.possible.then(|| Next::new(seen.command, why))
    }

    fn break_glass(&self, to: Colour) -> Next {
        let to = to.name();
        let why =
            format!("if users suffer: all traffic goes to {to} at once, unless it is known ill, and the run is held");
        Next::new(format!("bluegreen break-glass {} --to {to}", self.site), why)
    }

    /// On its way back: users need not wait for the old cluster.
    fn at_once(&self) -> Option<Next> {
        let old = self.run.plan.old.name();
        self.order(Verb::RollBack, format!("only if users suffer: they go at once to {old}, which is not whole"))
    }

    fn moving(&self) -> Vec<Next> {
        let run = self.run;
        let watch = || {
            let command = format!("bluegreen status {} --watch", self.site);
            Next::new(command, "nothing needs to be done: it goes on by itself")
        };
        let new = run.plan.new_colour();
        let other = match (run.step.undoes(), run.has_no_way_back(), run.unclear.is_some()) {
            (true, ..) => self.at_once(),
            (false, Some(_), true) => (self.serves_alone() != Some(new)).then(|| self.break_glass(new)),
            (false, Some(_), false) => None,
            (false, None, true) => self.order(Verb::RollBack, "if users suffer"),
            (false, None, false) => self.order(Verb::RollBack, "if you want it back"),
        };
        [Some(self.called().unwrap_or_else(watch)), other].into_iter().flatten().collect()
    }

    /// What a person was called for, and is not settled.
    fn called(&self) -> Option<Next> {
        let calls = self.run.journal.iter().rev().filter(|entry| entry.level() == Level::NeedsPerson);
        calls.into_iter().find_map(|entry| self.unsettled(entry))
    }

    fn unsettled(&self, call: &Entry) -> Option<Next> {
        let (run, site) = (self.run, self.site);
        let is = |cause: Cause| call.cause.as_deref() == Some(cause.key(run.step, run.stage).as_str());
        let (command, what) = if is(Cause::WayBackLost) && run.has_no_way_back().is_some() && !run.step.undoes() {
            (format!("bluegreen why {site}"), "mend the old cluster, and the next look sees it")
        } else if is(Cause::Inconclusive) && run.unclear.as_ref().is_some_and(|unclear| call.at >= unclear.since) {
            (format!("bluegreen status {site} --health"), "see what the gateway's probes see")
        } else if is(Cause::Late) && run.called && run.step == Step::RestoreTraffic {
            (format!("bluegreen break-glass {site} --to {}", run.plan.old.name()), "if users suffer")
        } else if is(Cause::NothingMoves) && run.sweeps > 0 {
            ("bluegreen doctor".to_owned(), "what it names is to be mended")
        } else if is(Cause::DeadLetters) && run.dead_letters > 0 {
            (format!("bluegreen dead-letters redrive {site}"), "once its cause is mended")
        } else if is(Cause::OthersWrite) && run.step.undoes() {
            (format!("bluegreen why {site}"), "stop whoever writes it")
        } else {
            return None;
        };
        Some(Next::new(command, format!("{what}; a person was called: {}", cut(&call.what, REPEATED))))
    }

    fn glass_broken(&self) -> Vec<Next> {
        let run = self.run;
        let resume = |direction: &str, why: String| {
            Some(Next::new(format!("bluegreen resume {} --direction {direction}", self.site), why))
        };
        let old = run.plan.old.name();
        let lost = run.has_no_way_back();
        let forward = resume("forward", "on with the upgrade from the present stage".into());
        let forward = forward.filter(|_| !run.step.undoes());
        let back = resume(
            "back",
            lost.map_or_else(
                || format!("back to the old cluster ({old})"),
                |why| format!("back to {old}, which is not ready: {why}"),
            ),
        );
        let finish = self.order(Verb::Finish, "as it stands");
        let all = match (lost, self.serves_alone() == Some(run.plan.new_colour())) {
            (Some(_), _) => [forward, finish, back],
            (None, true) => [forward, back, finish],
            (None, false) => [back, forward, finish],
        };
        all.into_iter().chain([self.otherwise()]).flatten().collect()
    }

    fn held(&self) -> Vec<Next> {
        let Some(hold) = &self.run.held else { return vec![] };
        let lost = self.run.has_no_way_back();
        let first = match hold {
            hold if hold.paused => self.order(Verb::Resume, "it goes on"),
            hold if hold.gate.is_some() => self.order(Verb::Approve, "the gate opens after one more look"),
            _ if lost.is_some() => {
                self.order(Verb::Resume, "once the old cluster is mended; it is looked at each minute")
            }
            _ => self.order(Verb::Resume, "once the cause is mended"),
        };
        let back = match lost {
            _ if self.run.step.undoes() => self.at_once(),
            None => self.order(Verb::RollBack, "to go back"),
            Some(_) if hold.both_ill => self.order(Verb::RollBack, "all the same, if you know better than the probes"),
            Some(_) => None,
        };
        let finish = self.order(Verb::Finish, "it ends as it stands");
        let why = Next::new(format!("bluegreen why {}", self.site), "with the whole evidence");
        let waits = hold.paused || hold.gate.is_some();
        let glass = self.otherwise().filter(|_| !waits || self.beside.serves == Some(Serves::Neither));
        [first, back, glass, finish, Some(why)].into_iter().flatten().collect()
    }

    /// To the side that has not all traffic now, unless it is known ill while the other is well. A new cluster that no traffic
    /// was sent to yet is not whole.
    fn otherwise(&self) -> Option<Next> {
        let (run, serves) = (self.run, self.beside.serves);
        let (old, new) = (run.plan.old, run.plan.new_colour());
        let has_moved = run.moved || run.step.may_carry_traffic();
        let to = match self.serves_alone() {
            Some(alone) => alone.other(),
            None if !has_moved => old,
            None if run.step.undoes() && serves.is_none() => new,
            None if !run.step.undoes() && run.has_no_way_back().is_some() => new,
            None => old,
        };
        let both_ill = run.held.as_ref().is_some_and(|hold| hold.both_ill);
        let is_ill = to == old && run.has_no_way_back().is_some() && !both_ill && !run.step.undoes();
        let is_whole = has_moved || (to == old && serves.is_some());
        (is_whole && !is_ill).then(|| self.break_glass(to))
    }

    fn serves_alone(&self) -> Option<Colour> {
        self.beside.serves.and_then(Serves::alone)
    }
}
