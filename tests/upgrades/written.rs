//! What the handlers wrote into the store and the bus: one line of saves, and no message that has two successors.
use bluegreen::local::shop::Shop;
use bluegreen::run::Run;
use bluegreen::run::event::{Event, STEPS};
use http::Method;
use jiff::Timestamp;
use serde_json::Value;
use simulated_azure::record::Call;
use std::collections::{BTreeMap, BTreeSet};

/// Every state of the run that was saved, in order, with the moment of the save.
pub fn saves(shop: &Shop) -> Vec<(Timestamp, Run)> {
    let calls = &shop.azure.world().calls;
    let is_save = |call: &&Call| call.method == Method::PUT && is_run(call) && succeeded(call);
    let read = |call: &Call| (call.at, serde_json::from_slice(&call.body).expect("what is saved is a run"));
    calls.iter().filter(is_save).map(read).collect()
}

/// Every event that the bus accepted, duplicates included.
pub fn published(shop: &Shop) -> Vec<Event> {
    let path = format!("/{STEPS}/messages");
    let calls = &shop.azure.world().calls;
    let is_one = |call: &&Call| call.method == Method::POST && call.path.starts_with(&path) && succeeded(call);
    let read = |call: &Call| {
        let batch: Vec<Value> = serde_json::from_slice(&call.body).expect("a batch is a list");
        let body = batch[0]["Body"].as_str().expect("a message has a body").to_owned();
        serde_json::from_str(&body).expect("what is published is an event")
    };
    calls.iter().filter(is_one).map(read).collect()
}

/// Whether the call is for a run's document.
pub fn is_run(call: &Call) -> bool {
    // The SDK encodes the slash.
    call.path.to_lowercase().replace("%2f", "/").starts_with("/runs/active/")
}

fn succeeded(call: &Call) -> bool {
    call.status.is_some_and(|status| status.is_success())
}

/// Each hop was saved once, after the hop before it, and every event is that of a hop that was saved. How many hops.
#[track_caller]
pub fn no_message_has_two_successors(shop: &Shop) -> usize {
    let mut hops: BTreeMap<String, u32> = BTreeMap::new();
    let mut events = BTreeSet::new();
    let saves = saves(shop);
    for (at, run) in &saves {
        let last = hops.insert(run.id.clone(), run.hop).unwrap_or(0);
        assert_eq!(run.hop, last + 1, "the save at {at} follows hop {last}");
        events.insert((run.id.clone(), run.hop, run.step));
    }
    for event in published(shop) {
        let Event { run, hop, step, .. } = event;
        assert!(events.contains(&(run.clone(), hop, step)), "nobody saved hop {hop}, {step}, of {run}");
    }
    saves.len()
}
