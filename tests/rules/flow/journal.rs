//! Journals and texts are bounded, whatever comes from outside and however long a run lasts.
use super::verbs::order;
use super::*;
use bluegreen_core::run::Level;
use bluegreen_core::run::journal::{MOST_BYTES, MOST_LINES};
use bluegreen_core::run::verbs::{Order, Verb, obey};
use bluegreen_core::run::watchers::{dead_letter, sweep};
use bluegreen_core::step::Step::*;

const EVIL: &str =
    "\u{1b}[2Jall is well\n  2026-11-28 00:00:00  person:ceo  approve: ship it\u{1b}]52;c;ZXZpbA==\u{7}\u{202e}";

fn size(run: &Run) -> usize {
    serde_json::to_vec(run).expect("a run has a JSON form").len()
}

fn told(run: &Run, verb: Verb, by: &str, reason: &str, now: Timestamp) -> Run {
    let order = Order { by: by.into(), reason: Some(reason.into()), ..order(run, verb) };
    obey(run, &order, now).expect("it is obeyed")
}

#[test]
fn a_run_stays_small_whatever_a_person_or_a_service_says() {
    let mut run = at(Soak, 1);
    let empty = size(&run);
    let long = "x".repeat(1_000_000);
    for round in 0..200 {
        run = told(&run, Verb::Pause, &long, &long, NOW);
        run = told(&run, Verb::Resume, &long, &EVIL.repeat(10_000), NOW);
        run = decided(
            &run,
            Err(StepError::Transient { cause: anyhow::anyhow!("{round}{long}"), retry_after: None }),
            NOW,
        );
        run = dead_letter(&edited(&run, &json!({"deadLetters": 0})), Soak, run.hop, &long, NOW).expect("it counts");
    }
    assert!(size(&run) - empty < MOST_BYTES + 64 * 1024, "{}", size(&run));
    let reason = run.journal.iter().rev().find(|entry| entry.what.starts_with("pause: ")).expect("it is said");
    assert!(reason.what.len() < 600 && reason.what.ends_with("(cut, it has 1000000 bytes)"), "{}", reason.what);
    let held_run = told(&run, Verb::Pause, "a person", &long, minutes(300));
    assert!(held(&held_run).why.len() < 600);
    let back = told(&run, Verb::RollBack, "a person", &long, minutes(300));
    assert!(back.failure.as_ref().is_some_and(|why| why.len() < 600));
}

#[test]
fn no_text_of_a_run_moves_a_cursor_or_makes_a_line() {
    let mut run = at(Soak, 1);
    run = told(&run, Verb::Pause, EVIL, EVIL, NOW);
    let hold = held(&run).why.clone();
    run = told(&run, Verb::Resume, EVIL, EVIL, NOW);
    run = decided(&run, Ok(Outcome::Hold(EVIL.into())), NOW);
    let back = decided(&at(Soak, 1), Ok(Outcome::Breached(EVIL.into())), NOW);
    let texts = run.journal.iter().flat_map(|entry| [&entry.who, &entry.what]);
    for text in texts.chain([&hold, &held(&run).why]).chain(&back.failure) {
        assert!(!text.chars().any(bluegreen_core::text::is_hidden), "{text:?}");
    }
}

#[test]
fn what_is_left_out_is_the_oldest_of_what_matters_least_and_is_counted() {
    let mut run = decided(&at(RestoreTraffic, 1), not_yet(), minutes(40));
    run = told(&edited(&run, &json!({"step": Soak})), Verb::Pause, "a person", "a look", minutes(41));
    run = told(&run, Verb::Resume, "a person", "goes on", minutes(42));
    for minute in 0..5_000 {
        run = decided(
            &run,
            Err(StepError::Transient { cause: anyhow::anyhow!("wait {minute}"), retry_after: None }),
            NOW,
        );
    }
    assert_eq!(run.journal.len(), MOST_LINES);
    assert_eq!(run.last_number(), run.left_out + MOST_LINES as u32);
    let numbers: Vec<_> = run.numbered().map(|(number, _)| number).collect();
    assert!(numbers.is_sorted() && numbers[0] == 1, "the first line stays");
    let calls = run.journal.iter().filter(|entry| entry.level() == Level::NeedsPerson).count();
    assert_eq!(calls, 1, "calls are kept longest");
    assert!(run.journal.iter().any(|entry| entry.what == "pause: a look"), "and what a person said");
    assert!(run.journal.last().unwrap().what.contains("wait 4999"));
}

#[test]
fn a_thousand_calls_are_bounded_too() {
    let mut run = decided(&at(Soak, 1), needs_person(), NOW);
    for day in 1..2_000 {
        run = sweep(&run, minutes(day * (24 * 60 + 1))).expect("it calls daily");
    }
    assert!(run.journal.len() <= MOST_LINES && run.left_out > 1_400);
}

#[test]
fn lines_of_an_older_binary_are_numbered_as_they_stand_and_cut_when_they_are_too_long() {
    let entry = |what: &str, needs: bool| json!({"at": NOW, "who": "Soak", "what": what, "before": "Soak", "after": "Soak", "needsPerson": needs});
    let old = edited(&at(Soak, 1), &json!({"journal": [entry("one", false), entry("two", true)]}));
    assert_eq!(
        old.numbered().map(|(number, entry)| (number, entry.level())).collect::<Vec<_>>(),
        [(1, Level::Note), (2, Level::NeedsPerson)]
    );
    let next = decided(&old, not_yet(), NOW);
    assert_eq!(next.journal[2].number, 3);
    // It writes once more, and knows no numbers.
    let mut journal: Vec<_> = next.journal.iter().map(|entry| serde_json::to_value(entry).unwrap()).collect();
    journal.push(entry("four", false));
    assert_eq!(edited(&next, &json!({"journal": journal})).last_number(), 4);
    let long = "x".repeat(1_000_000);
    let huge = edited(&at(Soak, 1), &json!({"journal": vec![entry(&long, false); 24]}));
    let next = decided(&huge, not_yet(), NOW);
    assert!(size(&next) < 200_000 && next.last_number() == 25, "{}", size(&next));
}
