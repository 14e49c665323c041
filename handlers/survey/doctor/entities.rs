//! The entities of the bus: each there, with the options on which the functions rely.
use super::{Observed, Row, SeenNamespace};
use crate::resources::answers::{is_true, text};
use crate::resources::subscription::takes_only;
use crate::step::Step;
use serde_json::Value;

const CHECK: &str = "entities";
const DEAD_LETTERS: &str = "dead-letters";
const TOPIC: &str = "upgrade-steps";

pub(super) fn check(seen: &Observed) -> Vec<Row> {
    let namespace = match &seen.namespace {
        Err(unread) => return vec![Row::unread(CHECK, unread)],
        Ok(None) => {
            let what = format!("no subscription that was looked at has the namespace {}", seen.bus);
            let remedy =
                "name the app with --app, correct ServiceBusConnection__fullyQualifiedNamespace, or get Reader there";
            return vec![Row::finding(CHECK, what, remedy)];
        }
        Ok(Some(namespace)) => namespace,
    };
    let mut rows = queues(namespace);
    rows.extend(topic(namespace));
    if rows.is_empty() {
        let count = 4 + Step::ALL.len();
        rows.push(Row::well(CHECK, format!("all {count} queues, topics and subscriptions are as they should be")));
    }
    rows
}

fn queues(namespace: &SeenNamespace) -> Vec<Row> {
    let mut rows = vec![];
    for (name, forwards, remembers) in
        [(DEAD_LETTERS, false, false), ("upgrade-requests", true, true), ("version-events", true, false)]
    {
        let path = format!("queues/{name}");
        let Some(queue) = namespace.entities.get(&path) else {
            rows.push(missing(&path));
            continue;
        };
        rows.extend(enabled(&path, queue));
        if forwards {
            rows.extend(forwarding(&path, queue));
        }
        if remembers {
            rows.extend(remembering(&path, queue));
        }
    }
    rows
}

fn topic(namespace: &SeenNamespace) -> Vec<Row> {
    let path = format!("topics/{TOPIC}");
    let Some(topic) = namespace.entities.get(&path) else { return vec![missing(&path)] };
    let mut rows: Vec<_> = enabled(&path, topic).into_iter().chain(remembering(&path, topic)).collect();
    for step in Step::ALL {
        let path = format!("{path}/subscriptions/{step}");
        let Some(subscription) = namespace.entities.get(&path) else {
            rows.push(missing(&path));
            continue;
        };
        rows.extend(enabled(&path, subscription));
        rows.extend(forwarding(&path, subscription));
        rows.extend(lock(&path, subscription));
        rows.extend(filter(namespace, &path, step.name()));
    }
    rows
}

fn missing(path: &str) -> Row {
    Row::finding(CHECK, format!("{path} does not exist"), "deploy infra/ once more: it makes what is missing")
}

fn enabled(path: &str, entity: &Value) -> Option<Row> {
    let status = text(entity, "/properties/status");
    (status != "Active").then(|| Row::finding(CHECK, format!("{path} is {status}"), "set its status to Active"))
}

fn forwarding(path: &str, entity: &Value) -> Option<Row> {
    let target = text(entity, "/properties/forwardDeadLetteredMessagesTo");
    (target != DEAD_LETTERS).then(|| {
        let what =
            format!("{path} forwards dead letters to {target:?}, not to {DEAD_LETTERS:?}: nobody would be called");
        Row::finding(CHECK, what, format!("set forwardDeadLetteredMessagesTo to {DEAD_LETTERS}"))
    })
}

fn remembering(path: &str, entity: &Value) -> Option<Row> {
    let window = text(entity, "/properties/duplicateDetectionHistoryTimeWindow");
    if !is_true(entity, "/properties/requiresDuplicateDetection") {
        let remedy =
            "delete it while no run is active, and make it again with duplicate detection: it cannot be changed";
        return Some(Row::finding(CHECK, format!("{path} does not detect duplicates"), remedy));
    }
    (window != "P1D").then(|| {
        let what = format!("{path} remembers ids for {window}, expected is a day");
        Row::finding(CHECK, what, "set duplicateDetectionHistoryTimeWindow to P1D")
    })
}

fn lock(path: &str, entity: &Value) -> Option<Row> {
    let lock = text(entity, "/properties/lockDuration");
    (lock != "PT3M").then(|| {
        let what = format!("{path} locks messages for {lock}, expected are 3 minutes: a handler takes up to 160 s");
        Row::finding(CHECK, what, "set lockDuration to PT3M")
    })
}

fn filter(namespace: &SeenNamespace, path: &str, step: &str) -> Option<Row> {
    let below = format!("{path}/rules/");
    let rules: Vec<_> = namespace.entities.iter().filter(|(name, _)| name.starts_with(&below)).collect();
    if takes_only(rules.iter().map(|(_, rule)| *rule), step) {
        return None;
    }
    let names: Vec<_> = rules.iter().map(|(name, _)| name.rsplit('/').next().unwrap_or_default()).collect();
    let what = format!("{path} is expected to have one rule, for the subject {step}; it has {names:?}");
    Some(Row::finding(
        CHECK,
        what,
        "let the rule $Default be a correlation filter with the step as its label, and delete others",
    ))
}
