//! The run as far as it decides anything, and the production code's `decide` and verbs on it.
//!
//! A document is made into a real `Run`, the real function is called, and the answer is made small again. Being pure,
//! each is called once for each question and remembered: that alone makes an unoptimised test quick enough.
use super::input::{Ours, Saw};
use crate::edited::edited;
use crate::two_stages;
use bluegreen_core::resources::size::Size;
use bluegreen_core::run::flow::decide;
use bluegreen_core::run::kept::Kept;
use bluegreen_core::run::readiness::{Readiness, Ready};
use bluegreen_core::run::verbs::{self, Order, Verb};
use bluegreen_core::run::watchers;
use bluegreen_core::run::{Ending, Fact, Following, Hold, Looked, Operation, Outcome, Run, Style, Waiting};
use bluegreen_core::site::OldCluster;
use bluegreen_core::step::Step;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::collections::HashMap;

/// A run without its journal, its texts and its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Document {
    pub step: Step,
    pub stage: u8,
    /// A look has found the present step: `quiet_from` is there.
    pub quiet_began: bool,
    pub operation: Option<Ours>,
    pub in_force: Option<Ours>,
    pub fails: bool,
    pub held: Option<Held>,
    pub ending: Option<Ending>,
    pub reducing: bool,
    pub repairs: u8,
    pub dead_letters: u8,
    pub called: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Held {
    Paused,
    ForAReason,
    /// Nobody would know what to do: a mistake.
    ForNoReason,
}

/// What is done to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    Decide {
        saw: Saw,
        time: Time,
    },
    Obey(Verb),
    Sweep,
    DeadLetter,
    /// An invocation that had this write accepted could not save it.
    Record(Ours),
}

/// The times of a decision, as far as they matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Time {
    /// The quiet time was over when the run was loaded.
    pub quiet_at_load: bool,
    /// It is over now.
    pub quiet_now: bool,
    /// The step's deadline has passed.
    pub late: bool,
}

/// The production code, asked.
pub struct Production {
    template: Run,
    answers: HashMap<(Document, Question), Option<Document>>,
}

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn ago(seconds: i64) -> Timestamp {
    NOW - SignedDuration::from_secs(seconds)
}

impl Production {
    pub fn new() -> Self {
        // Deleting the old cluster ends the way back: the most that a plan can ask for.
        let plan = two_stages::plan(|site| site.old_cluster = OldCluster::Delete);
        let plan = Kept::new(plan).expect("a plan has a JSON form");
        let template = Run::begin("shop-1".into(), "request".into(), plan, "a test", NOW);
        Self { template, answers: HashMap::new() }
    }

    /// A run that `ValidateHealth` has just sent on; the candidate pool's write was proved last.
    pub fn first(&self) -> Document {
        let entered = json!({"step": Step::ShiftTraffic, "inForce": mark(Ours::Newest), "writes": true, "moved": true});
        small(&edited(&self.template, &entered))
    }

    /// What becomes of the run, with a new hop; nothing if the production code refuses.
    pub fn ask(&mut self, document: Document, question: Question) -> Option<Document> {
        if let Some(known) = self.answers.get(&(document, question)) {
            return *known;
        }
        let run = self.real(document, question);
        let next = match question {
            Question::Decide { saw, time } => {
                let at = if time.quiet_at_load == time.quiet_now { NOW } else { ago(90) };
                Some(decide(&run, Looked { at, result: Ok(outcome(saw, document.operation)) }, NOW))
            }
            Question::Obey(verb) => {
                let (step, stage) = (Some(run.step), Some(run.stage));
                let order = Order {
                    run: run.id.clone(),
                    verb,
                    step,
                    stage,
                    by: "a person".into(),
                    reason: None,
                    force: false,
                    direction: None,
                    with_site: false,
                };
                verbs::obey(&run, &order, NOW).ok()
            }
            Question::Sweep => watchers::sweep(&run, NOW),
            Question::DeadLetter => watchers::dead_letter(&run, run.step, run.hop, "a fault", NOW),
            Question::Record(ours) => {
                let acted = edited(&run, &json!({"operation": write(ours)}));
                watchers::recorded(&run, &run, &acted, NOW)
            }
        };
        assert!(next.as_ref().is_none_or(|next| next.hop == run.hop + 1), "each change takes one new hop: {next:?}");
        let answer = next.as_ref().map(small);
        self.answers.insert((document, question), answer);
        answer
    }

    fn real(&self, document: Document, question: Question) -> Run {
        let (quiet, late) = match question {
            Question::Decide { time, .. } => (time.quiet_now, time.late),
            Question::Obey(_) | Question::Sweep | Question::DeadLetter | Question::Record(_) => (false, false),
        };
        let hold = |held| {
            json!({"why": if held == Held::ForNoReason { "" } else { "a reason" }, "since": NOW, "gate": null,
                "paused": held == Held::Paused, "called": NOW})
        };
        edited(
            &self.template,
            &json!({
                "journal": [], "step": document.step, "stage": document.stage,
                "stepBegan": if late { ago(1_000_000) } else { ago(0) },
                // 190 s ago is over now, and was not at a load 90 s ago.
                "quietFrom": (document.quiet_began || quiet).then(|| ago(if quiet { 190 } else { 10 })),
                "due": if question == Question::Sweep { ago(1_000) } else { NOW },
                "operation": document.operation.map(write), "inForce": document.in_force.map(mark),
                "failure": document.fails.then_some("a reason"), "held": document.held.map(hold),
                "ending": document.ending, "repairs": document.repairs, "writes": true, "moved": true,
                "reducing": document.reducing.then(|| json!({"running": true, "pools": []})),
                "deadLetters": document.dead_letters, "called": document.called,
            }),
        )
    }
}

fn small(run: &Run) -> Document {
    let ours = |mark: &String| match mark.as_str() {
        "shop-1/newest" => Ours::Newest,
        "shop-1/landed" => Ours::Landed,
        _ => Ours::Canceled,
    };
    Document {
        step: run.step,
        stage: run.stage as u8,
        quiet_began: run.quiet_from.is_some(),
        operation: run.following.as_ref().and_then(|following| {
            // The newest on the gateway is all that marks can tell.
            let all: Vec<_> = following.writes().map(|(_, mark)| ours(mark)).collect();
            if all.contains(&Ours::Newest) { Some(Ours::Newest) } else { all.first().copied() }
        }),
        in_force: run.in_force.as_ref().map(ours),
        fails: run.failure.is_some(),
        held: run.held.as_ref().map(|hold| match hold {
            Hold { paused: true, .. } => Held::Paused,
            Hold { why, .. } if why.is_empty() => Held::ForNoReason,
            Hold { .. } => Held::ForAReason,
        }),
        ending: run.ending,
        reducing: run.reducing.is_some(),
        repairs: run.repairs as u8,
        dead_letters: run.dead_letters as u8,
        called: run.called,
    }
}

fn mark(ours: Ours) -> String {
    let nonce = match ours {
        Ours::Newest => "newest",
        Ours::Landed => "landed",
        Ours::Canceled => "canceled",
    };
    format!("shop-1/{nonce}")
}

fn write(ours: Ours) -> Following {
    let operation = Operation::at("https://management/operations/1".into(), Style::AsyncOperation);
    Following::write(operation, mark(ours))
}

/// A step that is done says so of the write that it followed, if there is one.
fn outcome(saw: Saw, followed: Option<Ours>) -> Outcome {
    match saw {
        Saw::Done => followed.map_or(Outcome::Done, |ours| Outcome::Proved(mark(ours))),
        Saw::NotYet => Outcome::NotYet(Waiting::because("not yet")),
        Saw::Requested(ours) => {
            Outcome::NotYet(Waiting { following: Some(write(ours)), ..Waiting::because("requested") })
        }
        Saw::Drifted => Outcome::Drifted("another mark".into()),
        Saw::Breached => Outcome::Breached("errors".into()),
        Saw::Emptied => Outcome::NotYet(Waiting {
            proved: followed.map(mark),
            following: Some(Following::answered_aside()),
            ..Waiting::because("empty")
        }),
        Saw::WillReduce => {
            let facts = vec![Fact::Reduces(Size { running: true, pools: vec![] })];
            Outcome::NotYet(Waiting { facts, ..Waiting::because("about to be reduced") })
        }
        Saw::Stuck => {
            let readiness = Readiness { state: Ready::NotReady, why: "gone".into(), since: NOW, healthy: vec![] };
            Outcome::NoWayBack(readiness, "there is no cluster to go back to".into())
        }
    }
}
