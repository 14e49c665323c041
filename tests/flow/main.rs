//! The table, `decide`, the verbs, the sweep and dead letters, rule by rule. PURE.
mod decide;
mod turns;
mod verbs;

use bluegreen::plan::{Kind, Plan, planned};
use bluegreen::run::flow::decide;
use bluegreen::run::kept::Kept;
use bluegreen::run::{Hold, Looked, Operation, Outcome, Run, StepError, StepResult, Style, Waiting};
use bluegreen::site::{Colour, Gate, Site};
use bluegreen::step::Step;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// When everything here happens.
const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn minutes(minutes: i64) -> Timestamp {
    NOW + SignedDuration::from_mins(minutes)
}

fn seconds(seconds: i64) -> Timestamp {
    NOW + SignedDuration::from_secs(seconds)
}

/// A run of two stages (half, then all, ten minutes each; an hour of soak) with these gates, just begun.
fn begun_with(gates: Vec<Gate>) -> Run {
    let slot = |colour: &str, address: &str| serde_json::json!({"cluster": format!("/clusters/{colour}"), "subnet": "/subnets/one", "addresses": [address]});
    let mut site: Site = serde_json::from_value(serde_json::json!({
        "name": "shop", "gateway": "/gateways/one", "soakMinutes": 60,
        "pools": {"live": ["web"], "candidate": "candidate"},
        "slots": {"blue": slot("blue", "10.1.0.4"), "green": slot("green", "10.2.0.4")},
        "stages": [{"share": 50, "watchMinutes": 10}, {"share": 100, "watchMinutes": 10}],
    }))
    .expect("the site is valid");
    site.gates = gates;
    let (old, new) = (&site.slots.blue.addresses, &site.slots.green.addresses);
    let plan = Plan {
        kind: Kind::Upgrade,
        version: "1.34.6".parse().expect("the version is exact"),
        old: Colour::Blue,
        old_uid: "uid".into(),
        found_uid: None,
        found_stopped: false,
        stages: site.stages.iter().map(|stage| planned(stage, old, new)).collect(),
        site,
    };
    Run::begin("shop-1".into(), "request".into(), Kept::new(plan).expect("a plan has a JSON form"), "a test", NOW)
}

/// A run that has just entered this step.
fn at(step: Step, stage: usize) -> Run {
    begun_with(vec![]).enter(step, stage, "done", NOW)
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

fn write_of_ours(mark: &str) -> Operation {
    Operation {
        url: "https://management/operations/1".into(),
        style: Style::AsyncOperation,
        mark: Some(mark.into()),
        rest: serde_json::Map::new(),
    }
}

fn held(run: &Run) -> &Hold {
    run.held.as_ref().expect("it is held")
}
