//! The run as far as it decides anything, and the production code's `decide` and verbs on it.
//!
//! A document is made into a real `Run`, the real function is called, and the answer is made small again. Being pure,
//! each is called once for each question and remembered: that alone makes an unoptimised test quick enough.
use super::input::{Input, Known, Next, Ours, Saw, Unkind};
use super::judged::Judged;
use super::search::Quick;
use super::steps::{Rules, look};
use crate::edited::edited;
use crate::ordered::order_of;
use crate::two_stages;
use bluegreen_core::resources::gateway::BREAK_GLASS;
use bluegreen_core::resources::size::Size;
use bluegreen_core::run::flow::decide;
use bluegreen_core::run::kept::Kept;
use bluegreen_core::run::readiness::{Readiness, Ready, Verdict};
use bluegreen_core::run::verbs::{self, Direction, Order, Verb};
use bluegreen_core::run::watchers;
use bluegreen_core::run::{Ending, Fact, Following, Hold, Looked, Operation, Outcome, Run, StepError, Style, Waiting};
use bluegreen_core::site::OldCluster;
use bluegreen_core::step::Step;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::net::Ipv4Addr;

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
    /// Waits for a person's direction after the emergency way back; whether by the mark that the gateway carries.
    pub glass: Option<bool>,
    /// Knows the mark of the emergency way back that the gateway carries.
    pub knows_glass: bool,
    pub repairing: bool,
    pub retiring: bool,
    pub missed: bool,
    pub readiness: Option<Known>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Held {
    Paused,
    ForAReason,
    /// Somebody else is said to write the gateway.
    ForAStranger,
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
    Obey(Verb, Option<Direction>),
    Sweep,
    DeadLetter,
    /// An invocation that had this write accepted could not save it.
    Record(Ours),
    /// The check each minute saw this.
    Watch(Saw),
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

/// What was asked before, and answered.
type Answers<Question, Answer> = HashMap<Question, Answer, BuildHasherDefault<Quick>>;

/// The production code, asked.
pub struct Production {
    template: Run,
    /// Others do something, too: what the run knows of them counts.
    is_unkind: bool,
    looks: Answers<Input, Vec<Next>>,
    checks: Answers<(Input, bool), Option<Next>>,
    answers: Answers<(Document, Question), Option<Document>>,
}

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn ago(seconds: i64) -> Timestamp {
    NOW - SignedDuration::from_secs(seconds)
}

impl Production {
    pub fn new(is_unkind: bool) -> Self {
        // Deleting the old cluster ends the way back: the most that a plan can ask for.
        let plan = two_stages::plan(|site| site.old_cluster = OldCluster::Delete);
        let plan = Kept::new(plan).expect("a plan has a JSON form");
        let template = Run::begin("shop-1".into(), "request".into(), plan, "a test", NOW);
        Self { template, is_unkind, looks: Answers::default(), checks: Answers::default(), answers: Answers::default() }
    }

    /// A run that `ValidateHealth` has just sent on; the candidate pool's write was proved last.
    pub fn first(&self) -> Document {
        let entered = json!({"step": Step::ShiftTraffic, "inForce": mark(Ours::Newest), "writes": true, "moved": true});
        self.small(&edited(&self.template, &entered))
    }

    /// What a look of the present step can lead to.
    pub fn look(&mut self, seen: &Input, rules: Rules) -> Vec<Next> {
        let template = &self.template;
        self.looks.entry(*seen).or_insert_with(|| look(seen, rules, template)).clone()
    }

    /// What the check each minute sees of a run, if anything. While the gateway is being written, or is not as the run left it,
    /// it judges nothing.
    pub fn checks(&mut self, seen: &Input, world: Unkind, glass: bool, rules: Rules) -> Option<Next> {
        let template = &self.template;
        let checked = || checked(&Judged::of(seen, world, template), seen, glass, rules);
        *self.checks.entry((*seen, glass)).or_insert_with(checked)
    }

    /// A person can end it, at once or when it is paused.
    pub fn can_be_ended(&mut self, document: Document) -> bool {
        let finish = Question::Obey(Verb::Finish, None);
        document.ending.is_some()
            || self.ask(document, finish).is_some()
            || self
                .ask(document, Question::Obey(Verb::Pause, None))
                .is_some_and(|paused| self.ask(paused, finish).is_some())
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
                let result = if saw == Saw::NoAnswer {
                    Err(StepError::from(anyhow::anyhow!("no answer that can be read")))
                } else {
                    Ok(outcome(saw, document.operation))
                };
                Some(decide(&run, Looked { at, result }, NOW))
            }
            Question::Obey(verb, direction) => {
                let order = Order { direction, ..order_of(&run, verb, "a person") };
                verbs::obey(&run, &order, NOW).ok()
            }
            Question::Sweep => watchers::sweep(&run, NOW),
            Question::DeadLetter => watchers::dead_letter(&run, run.step, run.hop, "a fault", NOW),
            Question::Record(ours) => {
                let acted = edited(&run, &json!({"operation": write(ours)}));
                watchers::recorded(&run, &run, &acted, NOW)
            }
            Question::Watch(saw) => watched(&run, saw),
        };
        assert!(next.as_ref().is_none_or(|next| next.hop == run.hop + 1), "each change takes one new hop: {next:?}");
        let answer = next.as_ref().map(|next| self.small(next));
        self.answers.insert((document, question), answer);
        answer
    }

    fn real(&self, document: Document, question: Question) -> Run {
        let (quiet, late) = match question {
            Question::Decide { time, .. } => (time.quiet_now, time.late),
            Question::Obey(..) | Question::Sweep | Question::DeadLetter | Question::Record(_) | Question::Watch(_) => {
                (false, false)
            }
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
                "glass": document.glass.map(glass), "knownGlass": if document.knows_glass { vec![glass(true)] } else { vec![] },
                "others": {"repairing": document.repairing}, "retiring": document.retiring,
                "missed": document.missed.then(|| json!({"cluster": OLD_CLUSTER, "since": ago(120)})),
                "readiness": document.readiness.map(readiness),
            }),
        )
    }
}

impl Production {
    fn small(&self, run: &Run) -> Document {
        let small = small(run);
        if self.is_unkind {
            return small;
        }
        Document { repairing: false, retiring: false, missed: false, readiness: None, ..small }
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
            Hold { why, .. } if why.starts_with("somebody else writes the gateway") => Held::ForAStranger,
            Hold { .. } => Held::ForAReason,
        }),
        ending: run.ending,
        reducing: run.reducing.is_some(),
        repairs: run.repairs as u8,
        dead_letters: run.dead_letters as u8,
        called: run.called,
        glass: run.glass.as_ref().map(|mark| *mark == glass(true)),
        knows_glass: run.known_glass.contains(&glass(true)),
        repairing: run.others.repairing,
        retiring: run.retiring,
        missed: run.missed.is_some(),
        readiness: run.readiness.as_ref().map(known),
    }
}

const OLD_CLUSTER: &str = "/clusters/blue";

/// The mark of an emergency way back: that which the gateway carries, or one before.
pub fn glass(is_newest: bool) -> String {
    format!("{BREAK_GLASS}{}", if is_newest { "newest" } else { "older" })
}

pub fn known(readiness: &Readiness) -> Known {
    let is_ready = match readiness.state {
        Ready::Ready => Some(true),
        Ready::NotReady => Some(false),
        Ready::Unknown => None,
    };
    Known { is_ready, was_healthy: !readiness.healthy.is_empty() }
}

pub fn readiness(known: Known) -> Readiness {
    let state = match known.is_ready {
        Some(true) => Ready::Ready,
        Some(false) => Ready::NotReady,
        None => Ready::Unknown,
    };
    let healthy = if known.was_healthy { vec![Ipv4Addr::new(10, 1, 0, 4)] } else { vec![] };
    Readiness { state, why: "a reason".into(), since: NOW, healthy }
}

/// What the check each minute sees of a run, if anything. `glass`: a person used the emergency way back, as it knows.
fn checked(judged: &Judged<'_>, seen: &Input, glass: bool, rules: Rules) -> Option<Next> {
    if judged.glass_is_broken() {
        return Some(Next::Say(Saw::GlassBroken));
    }
    let is_writing = seen.step == Step::ShiftTraffic || seen.operation.is_some();
    if glass || !seen.step.may_carry_traffic() || !(is_writing || judged.is_as_left()) {
        return None;
    }
    // Before its write took effect a stage has no traffic.
    let is_shown = seen.step != Step::ShiftTraffic || judged.shows_the_stage();
    let stage = if is_shown { seen.stage } else { seen.stage.checked_sub(1)? };
    let missed = judged.is_absent() && rules.absence_is_learnt;
    Some(Next::Say(match judged.verdict(stage.into()) {
        (Verdict::Breached(_), _) => Saw::Breached,
        (Verdict::NoWayBack(_), known) => Saw::NoWayBack(known),
        (Verdict::Well | Verdict::Inconclusive(_), known) => Saw::Knows { known, missed },
    }))
}

/// What the check each minute makes of what it saw.
fn watched(run: &Run, saw: Saw) -> Option<Run> {
    match saw {
        Saw::GlassBroken => watchers::glass_broken(run, glass(true), NOW),
        Saw::Breached => watchers::breach_of(run, run, &"errors".into(), NOW),
        Saw::NoWayBack(known) => watchers::no_way_back(run, readiness(known), "both are ill", NOW),
        Saw::Knows { known, missed } => {
            let missed = missed.then_some(OLD_CLUSTER);
            watchers::know(run, readiness(known), None, missed, NOW)
        }
        _ => None,
    }
}

pub fn mark(ours: Ours) -> String {
    let nonce = match ours {
        Ours::Newest => "newest",
        Ours::Landed => "landed",
        Ours::Canceled => "canceled",
    };
    format!("shop-1/{nonce}")
}

pub fn write(ours: Ours) -> Following {
    let operation = Operation::at("https://management/operations/1".into(), Style::AsyncOperation);
    Following::write(operation, mark(ours))
}

/// A step that is done says so of the write that it followed, if there is one.
fn outcome(saw: Saw, followed: Option<Ours>) -> Outcome {
    match saw {
        Saw::Done => followed.map_or(Outcome::Done, |ours| Outcome::Proved(mark(ours), None)),
        Saw::NotYet | Saw::NoAnswer => Outcome::NotYet(Waiting::because("not yet")),
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
        Saw::MarkLost => Outcome::MarkLost("another mark".into()),
        Saw::GlassBroken => Outcome::GlassBroken(glass(true)),
        Saw::Missed => {
            Outcome::NotYet(Waiting { facts: vec![Fact::Missed(OLD_CLUSTER.into())], ..Waiting::because("not found") })
        }
        Saw::Knows { known, missed } => {
            let mut facts = vec![Fact::Readiness(readiness(known))];
            facts.extend(missed.then(|| Fact::Missed(OLD_CLUSTER.into())));
            Outcome::NotYet(Waiting { facts, ..Waiting::because("known") })
        }
        Saw::NoWayBack(known) => Outcome::NoWayBack(readiness(known), "both are ill".into()),
    }
}
