//! Every interleaving of one run in a world in which others do something, too: two kinds of what they may do at a time, each
//! once. See `unkind` for what they do, and for what a run must never do there.
//!
//! The looks of these worlds are not put before the real steps.
//!
//! By default the nearest states are explored, and whether an end can be reached is asked only of a whole world.
//! `BLUEGREEN_MOVES=ills,glasses` explores these kinds together (`all`: every one), `BLUEGREEN_FAULTS` with so many faults,
//! and `BLUEGREEN_TIMES` each of them so often.
use super::document::{Document, Production};
use super::input::{Candidate, Members, Newest};
use super::search::{Found, explore_nearest};
use super::steps::Rules;
use super::world::{Gateway, Kinds, Left, Others, State};
use super::{ALL, say, setting, text};

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

/// How much is explored.
#[derive(Clone, Copy)]
struct Bounds {
    /// Half of the traffic is on the new cluster already.
    from_half: bool,
    /// A person may roll back without any reason.
    roll_backs: u8,
    /// Each kind happens so often, at most.
    times: u8,
    faults: u8,
    candidate: Candidate,
    /// So many states, the nearest, at most.
    most: usize,
}

const ONE: Bounds =
    Bounds { from_half: false, roll_backs: 1, times: 1, faults: 0, candidate: Candidate::Judges, most: 20_000 };
const PAIR: Bounds = Bounds { from_half: true, roll_backs: 0, most: 10_000, ..ONE };

/// A run in a world in which these kinds happen. Persons order what such a night asks of them.
fn first(production: &Production, kinds: &[Kind], bounds: Bounds) -> State {
    let often = |kind: Kind| if kinds.contains(&kind) { bounds.times } else { 0 };
    let others = Kinds {
        ills: often(Ills),
        losses: often(Losses),
        glasses: often(Glasses),
        strangers: often(Strangers),
        candidates: often(Candidates),
        answers: often(Answers),
    };
    let orders = u8::from(kinds.iter().any(|kind| matches!(kind, Glasses | Strangers)));
    let shown = if bounds.from_half { Members::Mixed } else { Members::Old };
    let run = production.first();
    State {
        run: Document { stage: u8::from(bounds.from_half), ..run },
        gateway: Gateway { shown, newest: Newest::Landed, effective: shown },
        left: Left {
            faults: bounds.faults,
            roll_backs: bounds.roll_backs,
            pauses: 0,
            resumes: orders,
            breaches: 0,
            finishes: orders,
            others,
        },
        others: Some(Others { candidate: bounds.candidate, ..Others::KIND }),
        ..super::first(production)
    }
}

fn explored(kinds: &[Kind], bounds: Bounds, rules: Rules) -> Found {
    let mut production = Production::new(true);
    let found = explore_nearest(bounds.most, first(&production, kinds, bounds), rules, &mut production);
    say(&format!("{kinds:?}"), &found, rules == ALL, &mut production);
    found
}

fn is_safe_and_ends(kinds: &[Kind], bounds: Bounds) -> Found {
    let found = explored(kinds, bounds, ALL);
    assert_eq!(found.unsafe_state, None, "{kinds:?}");
    assert_eq!(found.stopped, None, "{kinds:?}");
    found
}

#[test]
fn with_any_kind_of_others_the_nearest_states_are_safe() {
    for (kind, _) in KINDS {
        is_safe_and_ends(&[kind], ONE);
    }
}

#[test]
fn with_any_two_kinds_of_others_the_nearest_states_are_safe() {
    for (at, (one, _)) in KINDS.iter().enumerate() {
        for (other, _) in &KINDS[at + 1..] {
            is_safe_and_ends(&[*one, *other], PAIR);
        }
    }
}

/// For larger runs by hand: see above.
#[test]
fn the_kinds_that_are_asked_for_are_safe_and_can_end() {
    let Some(asked) = text("BLUEGREEN_MOVES") else { return };
    let is_asked = |name: &str| asked == "all" || asked.split(',').any(|one| one == name);
    let kinds: Vec<Kind> = KINDS.iter().filter(|(_, name)| is_asked(name)).map(|(kind, _)| *kind).collect();
    let (times, faults) = (setting("BLUEGREEN_TIMES").unwrap_or(1), setting("BLUEGREEN_FAULTS").unwrap_or(0));
    let roll_backs = setting("BLUEGREEN_ORDERS").unwrap_or(1);
    let from_half = setting("BLUEGREEN_FROM_HALF").is_some();
    is_safe_and_ends(&kinds, Bounds { times, faults, roll_backs, from_half, most: usize::MAX, ..ONE });
}

#[test]
fn without_learning_that_the_old_cluster_is_absent_traffic_goes_back_to_nothing() {
    let misjudged = Bounds { candidate: Candidate::Misjudges, most: 250_000, ..PAIR };
    let found = explored(&[Losses, Ills], misjudged, Rules { absence_is_learnt: false, ..ALL });
    assert!(found.unsafe_state.is_some());
    is_safe_and_ends(&[Losses, Ills], misjudged);
}

#[test]
fn without_a_look_before_a_deletion_it_goes_over_a_persons_word() {
    let found = explored(&[Glasses], Bounds { most: 80_000, ..ONE }, Rules { looks_before_it_deletes: false, ..ALL });
    assert!(found.unsafe_state.is_some());
}
