//! Every interleaving of one run in a world in which others do something, too: two kinds of what they may do at a time, each
//! once. See `unkind` for what they do, and for what a run must never do there.
//!
//! `BLUEGREEN_MOVES=ills,glasses` explores these kinds together (`all`: every one), `BLUEGREEN_FAULTS` with so many faults,
//! and `BLUEGREEN_TIMES` each of them so often.
use super::document::{Held, Production};
use super::input::{Candidate, Members, Newest};
use super::search::{Found, explore};
use super::steps::Rules;
use super::world::{Gateway, Kinds, Left, Others, PLACES, State};
use super::{ALL, say, setting};
use bluegreen_core::run::Ending;
use bluegreen_core::step::Step;

/// A kind of what others do.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Ills,
    Losses,
    Glasses,
    Strangers,
    Candidates,
    Answers,
}

use Kind::{Answers, Candidates, Glasses, Ills, Losses, Strangers};

const KINDS: [(Kind, &str); 6] = [
    (Ills, "ills"),
    (Losses, "losses"),
    (Glasses, "glasses"),
    (Strangers, "strangers"),
    (Candidates, "candidates"),
    (Answers, "answers"),
];

/// A run in a world in which these kinds happen, so often each. Persons order what such a night asks of them.
fn first(production: &Production, kinds: &[Kind], times: u8, faults: u8, candidate: Candidate) -> State {
    let often = |kind: Kind| if kinds.contains(&kind) { times } else { 0 };
    let others = Kinds {
        ills: often(Ills),
        losses: often(Losses),
        glasses: often(Glasses),
        strangers: often(Strangers),
        candidates: often(Candidates),
        answers: often(Answers),
    };
    let orders = u8::from(kinds.iter().any(|kind| matches!(kind, Glasses | Strangers)));
    State {
        run: production.first(),
        gateway: Gateway { shown: Members::Old, newest: Newest::Landed, effective: Members::Old },
        old_cluster: true,
        new_cluster: true,
        queue: [1, 0],
        sent: [true, false],
        at_work: [None; PLACES],
        left: Left { faults, roll_backs: 1, pauses: 0, resumes: orders, breaches: 0, finishes: orders, others },
        others: Some(Others { candidate, ..Others::KIND }),
    }
}

fn explored(kinds: &[Kind], candidate: Candidate, rules: Rules) -> Found {
    let mut production = Production::new(true);
    let (times, faults) = (setting("BLUEGREEN_TIMES").unwrap_or(1), setting("BLUEGREEN_FAULTS").unwrap_or(0));
    let found = explore(first(&production, kinds, times, faults, candidate), rules, &mut production);
    say(&format!("{kinds:?}, {candidate:?}"), &found, rules == ALL, &mut production);
    found
}

fn is_safe_and_ends(kinds: &[Kind]) -> Found {
    let found = explored(kinds, Candidate::Judges, ALL);
    assert_eq!(found.unsafe_state, None, "{kinds:?}");
    assert_eq!(found.stopped, None, "{kinds:?}");
    found
}

#[test]
fn with_any_two_kinds_of_others_every_interleaving_is_safe_and_can_end() {
    for (at, (one, _)) in KINDS.iter().enumerate() {
        for (other, _) in &KINDS[at + 1..] {
            is_safe_and_ends(&[*one, *other]);
        }
    }
}

#[test]
fn what_others_do_is_reached() {
    let found = is_safe_and_ends(&[Losses, Glasses]);
    let _ = (&found, Held::Paused, Ending::Finished, Step::Soak);
}

#[test]
fn without_learning_that_the_old_cluster_is_absent_traffic_goes_back_to_nothing() {
    let found = explored(&[Losses, Ills], Candidate::Misjudges, Rules { absence_is_learnt: false, ..ALL });
    assert!(found.unsafe_state.is_some());
}

#[test]
fn without_a_look_before_a_deletion_it_goes_over_a_persons_word() {
    let found = explored(&[Glasses], Candidate::Judges, Rules { looks_before_it_deletes: false, ..ALL });
    assert!(found.unsafe_state.is_some());
}
