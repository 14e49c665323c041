//! Every interleaving of one run from the first shift of traffic to its end, with the production code's `decide` and
//! verbs. The world around them is a model: `world` (state), `steps` (what the steps do), `moves` (what may happen).
//!
//! Two properties. *Safe*: no state breaks a rule of `search::broken`. *Alive*: from every state an ending, or a hold
//! that names its reason, can be reached without another fault or order. Each rule taken out breaks one of them.
//!
//! What the model's steps answered is in `looks/`, and tests/upgrades/every_look.rs asks the real steps the same.
//!
//! `BLUEGREEN_FAULTS=2` and `BLUEGREEN_ORDERS=2` explore more, `BLUEGREEN_TRACE=1` prints the shortest trace of each
//! failure. Hops need no bound: see `world`.
mod document;
mod happenings;
mod input;
mod judged;
mod looks;
mod moves;
mod search;
mod steps;
mod unkind;
mod unkind_worlds;
mod world;

use bluegreen_core::run::Ending;
use bluegreen_core::step::Step;
use document::{Held, Production};
use input::{Act, Members, Newest};
use search::{Found, explore};
use steps::Rules;
use world::{Gateway, Kinds, Left, PLACES, Phase, State};

const ALL: Rules = Rules {
    sweep_takes_new_hop: true,
    quiet_time: true,
    recorded_operation: true,
    mark: true,
    keeps_clusters: false,
    looks_before_it_deletes: true,
    absence_is_learnt: true,
};

#[expect(clippy::disallowed_methods, reason = "larger runs are asked for by hand, and need no configuration")]
fn text(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn setting(name: &str) -> Option<u8> {
    text(name)?.parse().ok()
}

/// The run has just come to `ShiftTraffic`, and its event waits.
fn first(production: &Production) -> State {
    let orders = setting("BLUEGREEN_ORDERS").unwrap_or(1);
    let faults = setting("BLUEGREEN_FAULTS").unwrap_or(1);
    State {
        run: production.first(),
        gateway: Gateway { shown: Members::Old, newest: Newest::Landed, effective: Members::Old },
        old_cluster: true,
        new_cluster: true,
        queue: [1, 0],
        sent: [true, false],
        at_work: [None; PLACES],
        left: Left {
            faults,
            roll_backs: orders,
            pauses: orders,
            resumes: orders,
            breaches: orders,
            finishes: 0,
            others: Kinds::default(),
        },
        others: None,
    }
}

fn explored(name: &str, rules: Rules) -> (Found, Production) {
    let mut production = Production::new(false);
    let found = explore(first(&production), rules, &mut production);
    say(name, &found, rules == ALL, &mut production);
    (found, production)
}

#[expect(clippy::print_stdout, reason = "the sizes and traces are what a person runs this for")]
fn say(name: &str, found: &Found, traces: bool, production: &mut Production) {
    let verdict = match (&found.unsafe_state, &found.stopped) {
        (Some((why, _)), _) => why,
        (None, Some(_)) => "can stop for ever",
        (None, None) if found.is_whole => "safe, and always ends",
        (None, None) => "safe as far as it was explored",
    };
    println!("{name}: {} states, at most {} messages wait: {verdict}", found.states, found.most_messages);
    let bad = found.unsafe_state.map(|(_, at)| at).or(found.stopped);
    if let Some(at) = bad.filter(|_| setting("BLUEGREEN_TRACE").is_some() || traces) {
        println!("{}", found.trace(at, production));
    }
}

#[test]
fn with_all_rules_every_interleaving_is_safe_and_can_end() {
    let (found, mut production) = explored("all rules", ALL);
    assert_eq!(found.unsafe_state, None);
    assert_eq!(found.stopped, None);
    looks::are_written("clusters_deleted", &found, ALL, &mut production);
    // A model in which nothing happens is safe, too.
    let at_work = |state: &State, phase: fn(&Phase) -> bool| {
        state.at_work.iter().flatten().filter(|one| phase(&one.phase)).count()
    };
    assert!(found.reaches(|state| state.run.ending == Some(Ending::Upgraded) && !state.old_cluster));
    assert!(found.reaches(|state| state.run.ending == Some(Ending::RolledBack) && !state.new_cluster));
    assert!(found.reaches(|state| state.run.held == Some(Held::Paused)));
    assert!(found.reaches(|state| state.run.held == Some(Held::ForAReason) && state.run.repairs > 0));
    assert!(found.reaches(|state| state.run.step == Step::RestoreTraffic && state.run.called));
    assert!(found.reaches(|state| state.run.dead_letters > 0));
    assert!(found.reaches(|state| at_work(state, |phase| matches!(phase, Phase::Permitted { .. })) == 2));
    assert!(found.reaches(|state| state.run.step == Step::DeleteNewCluster
        && at_work(state, |phase| matches!(phase, Phase::Permitted { act: Act::Write(_) })) > 0));
}

#[test]
fn a_plan_that_keeps_the_clusters_is_as_safe() {
    let rules = Rules { keeps_clusters: true, ..ALL };
    let (found, mut production) = explored("the clusters are kept", rules);
    assert_eq!(found.unsafe_state, None);
    assert_eq!(found.stopped, None);
    looks::are_written("clusters_kept", &found, rules, &mut production);
}

#[test]
fn a_sweep_that_repeats_the_message_id_lets_a_run_stop_for_ever() {
    let (found, _) = explored("the sweep repeats the MessageId", Rules { sweep_takes_new_hop: false, ..ALL });
    assert_eq!(found.unsafe_state, None);
    assert!(found.stopped.is_some());
}

#[test]
fn without_quiet_time_traffic_ends_on_a_deleted_cluster() {
    let (found, _) = explored("no quiet time", Rules { quiet_time: false, ..ALL });
    assert!(found.unsafe_state.is_some());
}

#[test]
fn without_an_operation_of_its_own_a_step_believes_a_write_that_lands_later() {
    let (found, _) = explored("no recorded operation", Rules { recorded_operation: false, ..ALL });
    assert!(found.unsafe_state.is_some());
}

#[test]
fn without_marks_a_step_believes_a_write_that_was_overtaken() {
    let (found, _) = explored("no marks", Rules { mark: false, ..ALL });
    assert!(found.unsafe_state.is_some());
}
