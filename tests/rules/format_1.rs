//! Documents of runs that an older binary wrote: they are read, go on by their own rules, and can be read by it again.
//!
//! `runs_of_format_1.json` was recorded from the last binary of that format, one document for each step of an upgrade and
//! of a return that was rolled back.
use crate::ordered::order_of;
use bluegreen_core::run::event::Event;
use bluegreen_core::run::flow::decide;
use bluegreen_core::run::verbs::{Order, Verb, obey};
use bluegreen_core::run::{Looked, Outcome, Run, Waiting};
use bluegreen_core::step::Step;
use serde_json::Value;
use std::collections::BTreeSet;

fn documents() -> Vec<Value> {
    serde_json::from_str(include_str!("../fixtures/runs_of_format_1.json")).expect("it is JSON")
}

fn read(document: &Value) -> Run {
    serde_json::from_value(document.clone()).expect("it is a run")
}

fn names(document: &Value) -> BTreeSet<&String> {
    document.as_object().into_iter().flatten().map(|(name, _)| name).collect()
}

#[test]
fn each_is_read_and_written_as_it_was() {
    let documents = documents();
    let steps: BTreeSet<Step> = documents.iter().map(|document| read(document).step).collect();
    // `CheckPlan` is over before anybody can look, and no such run has singletons.
    let there = Step::ALL[1..].iter().copied().filter(|step| !step.needs_singletons());
    assert!(there.eq(steps), "every step is there");
    for document in &documents {
        let run = read(document);
        assert_eq!(&serde_json::to_value(&run).unwrap(), document, "{}", run.step);
        assert_eq!(serde_json::to_value(Event::of(&run)).unwrap()["format"], 1, "the older binary reads its events");
    }
}

#[test]
fn each_goes_on_in_its_own_format_and_spelling() {
    for document in documents() {
        let run = read(&document);
        let now = run.due;
        let outcomes = [
            Outcome::Done,
            Outcome::NotYet(Waiting::because("not yet")),
            Outcome::Breached("ill".into()),
            Outcome::Drifted("another mark".into()),
        ];
        let looked = outcomes.map(|outcome| decide(&run, Looked { at: now, result: Ok(outcome) }, now));
        let order = Order { step: None, stage: None, ..order_of(&run, Verb::RollBack, "a person") };
        let turned = obey(&run, &order, now).ok();
        assert_eq!(turned.is_some(), run.ending.is_none() && !run.step.undoes() && !run.is_reducing(), "{}", run.step);
        for next in looked.iter().chain(&turned).filter(|_| run.ending.is_none()) {
            let written = serde_json::to_value(next).unwrap();
            assert_eq!(written["format"], 1);
            assert_eq!(names(&written), names(&document), "{}: no member that it does not know", run.step);
        }
    }
}
