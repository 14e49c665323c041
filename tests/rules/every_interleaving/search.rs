//! Breadth first through all states, then backwards from the good ends.
//!
//! Not stateright: its `eventually` looks at paths without cycles, and every poll of ours is a cycle. What must hold
//! here is that an end *can* be reached from every state by moves that can be counted on, which needs the edges
//! backwards.
use super::document::{Held, Production};
use super::input::{Input, Members, Newest};
use super::moves::{Move, Moves};
use super::steps::{Rules, read};
use super::world::{Phase, State, live};
use bluegreen_core::run::Ending;
use bluegreen_core::step::Step;
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

/// What was found.
pub struct Found {
    pub states: usize,
    pub most_messages: usize,
    /// The nearest state that breaks a rule, and which.
    pub unsafe_state: Option<(&'static str, usize)>,
    /// The nearest state from which no ending and no hold can be reached.
    pub stopped: Option<usize>,
    /// There is no further state.
    pub is_whole: bool,
    came_from: Vec<u32>,
    all: Vec<State>,
    rules: Rules,
}

/// What no state may be.
fn broken(state: &State, production: &mut Production) -> Option<&'static str> {
    if let Some(others) = state.others {
        let can_be_ended = production.can_be_ended(state.run);
        return state.broken_by_others(others).or((!can_be_ended).then_some("nobody can end it"));
    }
    let gateway = state.gateway;
    let (effective, coming) =
        (live(gateway.effective), (gateway.newest == Newest::InFlight).then_some(live(gateway.shown)));
    let goes = |to| effective == to && coming.is_none_or(|coming| coming == to);
    let reaches = |not: Members| effective != not || coming.is_some_and(|coming| coming != not);
    match state.run.ending {
        _ if !state.new_cluster && reaches(Members::Old) => Some("traffic for a deleted new cluster"),
        _ if !state.old_cluster && reaches(Members::New) => Some("traffic for a deleted old cluster"),
        Some(Ending::RolledBack) if !goes(Members::Old) => Some("rolled back, but traffic goes to the new cluster"),
        Some(Ending::Upgraded) if !goes(Members::New) => Some("upgraded, but traffic goes to the old cluster"),
        Some(Ending::Rejected) => Some("rejected after traffic had moved"),
        Some(Ending::Finished) => Some("finished by nobody"),
        _ if state.run.held == Some(Held::ForNoReason) => Some("held, and nobody knows why"),
        _ if state.run.held.is_some() && state.run.step == Step::RestoreTraffic && state.old_cluster => {
            Some("the way back is held, and there is a cluster to go back to")
        }
        _ => None,
    }
}

/// Explores everything, or up to the first state that breaks a rule.
pub fn explore(first: State, rules: Rules, production: &mut Production) -> Found {
    explore_nearest(usize::MAX, first, rules, production)
}

/// The same, with the nearest so many states at most: then nobody asks whether an end can be reached.
pub fn explore_nearest(most: usize, first: State, rules: Rules, production: &mut Production) -> Found {
    let mut known: HashMap<State, u32, BuildHasherDefault<Quick>> = HashMap::default();
    known.insert(first, 0);
    let mut found = Found {
        states: 0,
        most_messages: 0,
        unsafe_state: None,
        stopped: None,
        is_whole: false,
        came_from: vec![0],
        all: vec![first],
        rules,
    };
    let mut edges: Vec<(u32, u32)> = vec![];
    let mut at = 0;
    while let Some(&state) = found.all.get(at) {
        let messages = state.queue.iter().map(|count| usize::from(*count)).sum::<usize>();
        found.most_messages = found.most_messages.max(messages);
        found.unsafe_state = broken(&state, production).map(|why| (why, at));
        if found.unsafe_state.is_some() {
            break;
        }
        for (_, next, is_relied_on) in Moves::of(state, rules, production).found {
            let to = *known.entry(next).or_insert_with(|| {
                found.all.push(next);
                found.came_from.push(at as u32);
                found.all.len() as u32 - 1
            });
            if is_relied_on {
                edges.push((to, at as u32));
            }
        }
        at += 1;
        if at >= most {
            break;
        }
    }
    found.is_whole = at == found.all.len();
    found.states = found.all.len();
    if found.unsafe_state.is_none() && found.is_whole {
        found.stopped = first_without_end(&found.all, edges);
    }
    found
}

/// The first state from which no edge after edge leads to an ending or a hold. `edges` are (to, from).
fn first_without_end(all: &[State], mut edges: Vec<(u32, u32)>) -> Option<usize> {
    edges.sort_unstable();
    let mut starts = vec![0_u32; all.len() + 1];
    for (to, _) in &edges {
        starts[*to as usize + 1] += 1;
    }
    for at in 0..all.len() {
        starts[at + 1] += starts[at];
    }
    let mut good: Vec<bool> = all.iter().map(|state| state.run.ending.is_some() || state.run.held.is_some()).collect();
    let mut todo: Vec<usize> = (0..all.len()).filter(|at| good[*at]).collect();
    while let Some(to) = todo.pop() {
        for (_, from) in &edges[starts[to] as usize..starts[to + 1] as usize] {
            let from = *from as usize;
            if !std::mem::replace(&mut good[from], true) {
                todo.push(from);
            }
        }
    }
    good.iter().position(|good| !good)
}

impl Found {
    /// Whether any state is so.
    pub fn reaches(&self, is_so: impl Fn(&State) -> bool) -> bool {
        self.all.iter().any(is_so)
    }

    /// Everything that a look was asked about, each once.
    pub fn inputs(&self) -> BTreeSet<Input> {
        let mut inputs = BTreeSet::new();
        for state in &self.all {
            for one in state.at_work.iter().flatten() {
                if let Phase::Loaded { quiet } = one.phase {
                    inputs.insert(read(state, quiet, self.rules));
                }
            }
        }
        inputs
    }

    /// The shortest way to a state, one line a move.
    pub fn trace(&self, to: usize, production: &mut Production) -> String {
        let mut path = vec![to];
        while let Some(&at) = path.last().filter(|at| **at != 0) {
            path.push(self.came_from[at] as usize);
        }
        path.reverse();
        let mut lines = String::new();
        for pair in path.windows(2) {
            let (before, after) = (self.all[pair[0]], self.all[pair[1]]);
            let moves = Moves::of(before, self.rules, production).found;
            let what: Option<Move> = moves.into_iter().find(|(_, next, _)| *next == after).map(|(what, ..)| what);
            let (run, gateway) = (after.run, after.gateway);
            let what = what.map(|what| format!("{what:?}")).unwrap_or_default();
            lines += &format!(
                "  {what:<90} -> {} {} {:?}, GET shows {:?} {:?}, traffic {:?}{}\n",
                run.step,
                run.stage,
                run.operation,
                gateway.shown,
                gateway.newest,
                gateway.effective,
                run.held.map(|held| format!(", held {held:?}")).unwrap_or_default()
            );
        }
        lines
    }
}

/// A hash for small numbers: states are hashed some million times in an unoptimised build.
#[derive(Default)]
pub struct Quick(u64);

impl Quick {
    fn add(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.add(u64::from(*byte)));
    }
    fn write_u8(&mut self, number: u8) {
        self.add(u64::from(number));
    }
    fn write_isize(&mut self, number: isize) {
        self.add(number as u64);
    }
    fn finish(&self) -> u64 {
        // The table takes its buckets from the low bits and its tags from the high ones.
        self.0 ^ (self.0 >> 32)
    }
}
