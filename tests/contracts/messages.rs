//! What we publish: the form, the names, the schedule, the trace.
use crate::played::{Seen, UPGRADE, all};
use bluegreen::process::clock::http_date;
use bluegreen::run::Run;
use bluegreen::run::event::Event;
use bluegreen::step::Step;
use http::Method;
use jiff::SignedDuration;
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn every_event_names_the_hop_that_was_just_saved() {
    let mut steps = BTreeSet::new();
    for played in all() {
        for (at, sent) in played.seen.iter().enumerate().filter(|(_, it)| it.host.contains(".servicebus.")) {
            assert_eq!((sent.method.as_str(), sent.path.as_str()), ("POST", "/upgrade-steps/messages"));
            assert_eq!(sent.header("content-type"), Some("application/vnd.microsoft.servicebus.json"), "exactly this");
            let batch = sent.json();
            let [message] = &batch.as_array().unwrap()[..] else { panic!("{batch}") };
            let names: Vec<_> = message.as_object().unwrap().keys().collect();
            assert_eq!(names, ["Body", "BrokerProperties", "UserProperties"]);
            let event: Event = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
            let broker = message["BrokerProperties"].as_object().unwrap();
            assert_eq!(broker["Label"], event.step.name());
            // No event without its run in the store first, whoever saved it: a late event is published again by another.
            let saves = |seen: &&Seen| seen.method == Method::PUT && seen.path.contains("/runs/active/");
            let saved = played.seen[..at].iter().rev().find(saves).expect("saved before it is published");
            let run: Run = serde_json::from_value(saved.json()).unwrap();
            if event.hop < run.hop {
                // Somebody else took a hop in between.
                continue;
            }
            assert_eq!((event.run.as_str(), event.step, event.hop), (run.id.as_str(), run.step, run.hop));
            assert_eq!(broker["MessageId"], format!("{}/{}/{}", run.id, run.hop, run.due.as_millisecond()));
            let scheduled = broker.get("ScheduledEnqueueTimeUtc").map(|at| at.as_str().unwrap().to_owned());
            let due = (run.due > sent.at).then(|| http_date(run.due).unwrap());
            // A way back that is handled at once has its event a minute later.
            let is_handled = event.step == Step::RestoreTraffic && run.quiet_from.is_none();
            let later = http_date(sent.at + SignedDuration::from_secs(60)).unwrap();
            assert!(scheduled == due || (is_handled && scheduled == Some(later)), "due {} at {}", run.due, sent.at);
            steps.insert(event.step);
        }
    }
    assert_eq!(steps, Step::ALL.into(), "every step was published");
}

#[test]
fn the_trace_goes_along_under_both_names_in_their_case() {
    let mut traced = 0;
    for sent in UPGRADE.seen.iter().filter(|it| it.host.contains(".servicebus.") && it.is_ours()) {
        let properties = sent.json()[0]["UserProperties"].clone();
        let names: Vec<_> = properties.as_object().unwrap().keys().cloned().collect();
        assert_eq!(names, ["traceparent", "Diagnostic-Id"], "{}", sent.process);
        assert_eq!(properties["traceparent"], properties["Diagnostic-Id"]);
        let parts = properties["traceparent"].as_str().unwrap().split('-').map(str::len).collect::<Vec<_>>();
        assert_eq!(parts, [2, 32, 16, 2]);
        traced += 1;
    }
    assert!(traced > 30, "{traced}");
}

#[test]
fn an_event_carries_no_decision() {
    for sent in UPGRADE.seen.iter().filter(|it| it.host.contains(".servicebus.")) {
        let body: Value = serde_json::from_str(sent.json()[0]["Body"].as_str().unwrap()).unwrap();
        assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["format", "site", "run", "step", "hop"]);
    }
}
