//! Every step fails before its effect, after it, and always: each upgrade ends as docs/simulate.md says.
use crate::story;
use crate::world_after::{gateway, is_well};
use bluegreen::local::failures::{Expected, Failure, When};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::local::story::{Plot, Told, play};
use bluegreen::run::{Ending, Entry};
use bluegreen::step::Step;
use jiff::Timestamp;
use std::process::Command;

const DOCUMENT: &str = include_str!("../../docs/simulate.md");

#[test]
fn a_step_that_fails_once_before_its_effect_is_tried_again() {
    for step in Step::ALL {
        ends_as_expected(Failure { step, when: When::Before });
    }
}

#[test]
fn a_step_whose_answer_is_lost_is_looked_at_again() {
    for step in Step::ALL {
        ends_as_expected(Failure { step, when: When::After });
    }
}

#[test]
fn a_step_that_always_fails_ends_as_its_row_says() {
    for step in Step::ALL {
        ends_as_expected(Failure { step, when: When::Always });
    }
}

#[test]
fn the_table_in_the_documentation_is_the_code() {
    let rows: Vec<Vec<&str>> = DOCUMENT
        .lines()
        .filter(|line| line.starts_with("| `") && line.contains(':'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let mut told = vec![];
    for row in &rows {
        let [option, what, ends, exit] = row[..] else { panic!("four columns, not {row:?}") };
        let failure: Failure = option.trim_matches('`').parse().unwrap();
        assert!(what.len() > 10, "{option} says what goes wrong");
        let expected = match failure.expected() {
            Expected::Ends(Ending::Upgraded) => "upgraded",
            Expected::Ends(Ending::Rejected) => "rejected",
            Expected::Ends(Ending::RolledBack) => "rolled_back",
            Expected::Ends(Ending::Finished) => "finished",
            Expected::Held => "held",
        };
        assert_eq!(ends.split([',', ' ']).next(), Some(expected), "{option}");
        // What was expected is what was asked for.
        assert_eq!(exit, "0", "{option}");
        let words: Vec<_> = ends.split_whitespace().collect();
        if let Some(at) = words.iter().position(|word| word.starts_with("minutes")) {
            assert_eq!(words[at - 1], failure.step.row().minutes.to_string(), "the deadline of {option}");
        }
        told.push(failure);
    }
    let whens = [When::Before, When::After, When::Always];
    let all: Vec<_> = Step::ALL.into_iter().flat_map(|step| whens.map(|when| Failure { step, when })).collect();
    assert_eq!(told, all, "each failure has its row, in the order of the steps");
}

#[test]
fn the_command_says_how_it_ended_and_exits_as_documented() {
    for (fail, ending) in [("RetireOldCluster:always", "held"), ("CheckPlan:always", "rejected")] {
        let command =
            Command::new(env!("CARGO_BIN_EXE_bluegreen")).args(["simulate", "--json", "--fail", fail]).output();
        let output = command.unwrap();
        assert_eq!(output.status.code(), Some(0), "{fail}: {}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8_lossy(&output.stdout);
        let summary: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
        assert_eq!(summary["ending"], ending, "{fail}");
    }
    let wrong = Command::new(env!("CARGO_BIN_EXE_bluegreen")).args(["simulate", "--fail", "Soak:never"]).output();
    assert_eq!(wrong.unwrap().status.code(), Some(2));
}

fn ends_as_expected(failure: Failure) {
    story(|| async {
        let shop = Shop::open(&Options::default(), |_| {}).unwrap();
        let before = gateway(&shop);
        let told = play(&shop, Plot { failure: Some(failure), ..Plot::default() }).await.unwrap();
        is_well(&shop, &told, &before);
        let came = told.run.ending.map_or(Expected::Held, Expected::Ends);
        let journal: Vec<_> = told.run.journal.iter().map(|entry| format!("{} {}", entry.who, entry.what)).collect();
        assert_eq!(came, failure.expected(), "{failure:?}: {journal:#?}");
        if failure == (Failure { step: Step::RestoreTraffic, when: When::Always }) {
            let called = |entry: &Entry| entry.needs_person && entry.what.starts_with("still RestoreTraffic");
            assert!(told.run.journal.iter().any(called), "a person is called: {journal:#?}");
        }
        assert!(struck(failure, &shop, &told), "{failure:?} never struck: {:?} {journal:#?}", told.hits);
    });
}

/// Whether the failure really happened: its fault hit a call of the step itself, or the new cluster was seen to be ill.
fn struck(failure: Failure, shop: &Shop, told: &Told) -> bool {
    let seen = told.run.journal.iter().any(|entry| entry.what.contains("finds the new cluster unhealthy"));
    if failure.when == When::Always && matches!(failure.step, Step::ConfirmTraffic | Step::Soak) {
        return seen;
    }
    let world = shop.azure.world();
    let hits: Vec<_> = world.faults.hits().iter().map(|(_, at)| *at).collect();
    let by_the_step = |at: &Timestamp| {
        let calls = world.calls.iter().filter(|call| call.at == *at);
        // Whoever saves a run into RestoreTraffic also handles it.
        let mut callers = calls.map(|call| call.process.split('#').next().unwrap_or_default());
        failure.step == Step::RestoreTraffic || callers.any(|caller| caller == failure.step.name())
    };
    !hits.is_empty() && hits.iter().all(|at| by_the_step(at) && steps_at(told, *at).contains(&failure.step))
}

/// The steps at which the run was at a moment: several when it moved on just then.
fn steps_at(told: &Told, at: Timestamp) -> Vec<Step> {
    let journal = &told.run.journal;
    let before = journal.iter().rev().find(|entry| entry.at < at).map(|entry| entry.after);
    before.into_iter().chain(journal.iter().filter(|entry| entry.at == at).map(|entry| entry.after)).collect()
}
