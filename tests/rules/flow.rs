//! The table, `decide`, the verbs, the sweep and dead letters, rule by rule.
mod calls;
mod decide;
mod journal;
mod no_way_back;
mod page;
mod told;
mod turns;
mod verbs;

use super::edited::edited;
use bluegreen_core::run::flow::decide;
use bluegreen_core::run::kept::Kept;
use bluegreen_core::run::{Following, Hold, Looked, Operation, Outcome, Run, StepError, StepResult, Style, Waiting};
use bluegreen_core::site::Gate;
use bluegreen_core::step::Step;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::time::Duration;

/// When everything here happens.
const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn minutes(minutes: i64) -> Timestamp {
    NOW + SignedDuration::from_mins(minutes)
}

fn seconds(seconds: i64) -> Timestamp {
    NOW + SignedDuration::from_secs(seconds)
}

/// A run of two stages with these gates, just begun.
fn begun_with(gates: Vec<Gate>) -> Run {
    let plan = super::two_stages::plan(|site| site.gates = gates);
    Run::begin("shop-1".into(), "request".into(), Kept::new(plan).expect("a plan has a JSON form"), "a test", NOW)
}

/// A run that has just entered this step.
fn at(step: Step, stage: usize) -> Run {
    entered(&begun_with(vec![]), step, stage)
}

/// The run where it has just entered this step.
fn entered(run: &Run, step: Step, stage: usize) -> Run {
    let retiring = run.retiring || step == Step::RetireOldCluster;
    edited(
        run,
        &json!({"step": step, "stage": stage, "stepBegan": NOW, "quietFrom": null, "operation": null,
        "called": false, "retiring": retiring, "writes": step >= Step::ValidateHealth,
        "moved": step >= Step::ShiftTraffic, "deadLetters": 0}),
    )
}

/// The run where it is held since then for this reason, or at this gate.
fn held_since(run: &Run, why: &str, gate: Option<&Gate>) -> Run {
    edited(run, &json!({"held": {"why": why, "since": NOW, "gate": gate, "called": NOW}}))
}

/// Looks and decides in the same moment.
fn decided(run: &Run, result: StepResult, now: Timestamp) -> Run {
    decide(run, Looked { at: now, result }, now)
}

fn done() -> StepResult {
    Ok(Outcome::Done)
}

fn not_yet() -> StepResult {
    Ok(Outcome::NotYet(Waiting::because("not yet")))
}

fn drifted() -> StepResult {
    Ok(Outcome::Drifted("another mark".into()))
}

fn breached() -> StepResult {
    Ok(Outcome::Breached("too many errors".into()))
}

fn needs_person() -> StepResult {
    Ok(Outcome::Hold("it cannot be told".into()))
}

fn transient(retry_after: Option<Duration>) -> StepResult {
    Err(StepError::Transient { cause: anyhow::anyhow!("throttled"), retry_after })
}

fn terminal() -> StepResult {
    Err(StepError::Terminal("no such version".into()))
}

fn write_of_ours(mark: &str) -> Following {
    let operation = Operation::at("https://management/operations/1".into(), Style::AsyncOperation);
    Following::write(operation, mark.into())
}

fn held(run: &Run) -> &Hold {
    run.held.as_ref().expect("it is held")
}
