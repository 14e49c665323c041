//! The story of an upgrade: each decision that brought something new is a chapter, and the upgrade itself the whole. Looks
//! that saw nothing new are in the traces of their invocations alone.
use super::app::App;
use crate::process::telemetry::signals::Chapter;
use crate::run::Run;
use crate::run::decision::Decision;
use crate::text::{LONGEST_TEXT, cut};
use jiff::Timestamp;
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

/// Tells of a change that was saved; `before`: the same run as it was.
pub fn saved(app: &App, before: Option<&Run>, after: &Run, began: Timestamp) {
    let now = app.clock.now().unwrap_or(began);
    let decision = Decision::between(before, after);
    if let Some(before) = before {
        app.measures.saved(before, after, decision, now);
    }
    let is_news = before.is_none_or(|before| before.last_number() < after.last_number());
    if decision == Decision::Waits && !is_news {
        return;
    }
    let attributes = attributes(before, after, decision);
    let name = format!("decide {}", before.unwrap_or(after).step).into();
    let chapter = Chapter { name, kind: SpanKind::Internal, from: began, to: now, attributes, failed: None };
    app.signals.tell(&after.id, chapter);
    if decision == Decision::Ended {
        let from = after.journal.first().map_or(began, |first| first.at);
        let (name, attributes) = (after.plan.kind.name().into(), whole(after));
        let chapter = Chapter { name, kind: SpanKind::Internal, from, to: now, attributes, failed: None };
        app.signals.tell_whole(&after.id, chapter);
    }
}

fn attributes(before: Option<&Run>, after: &Run, decision: Decision) -> Vec<KeyValue> {
    let step = before.unwrap_or(after).step;
    let told = before.map_or(0, Run::last_number);
    let mut attributes = vec![
        KeyValue::new("bluegreen.site", after.plan.site.name.clone()),
        KeyValue::new("bluegreen.run.id", after.id.clone()),
        KeyValue::new("bluegreen.step", step.name()),
        KeyValue::new("bluegreen.outcome", decision.name()),
        KeyValue::new("bluegreen.from", step.name()),
        KeyValue::new("bluegreen.to", after.step.name()),
        KeyValue::new("bluegreen.hop", i64::from(after.hop)),
        KeyValue::new("bluegreen.stage", i64::try_from(after.stage).unwrap_or_default()),
        KeyValue::new("bluegreen.traffic.share", f64::from(after.share_in_force()) / 100.0),
    ];
    // A change may write several lines; the last of them is why.
    if let Some((number, entry)) = after.numbered().last().filter(|(number, _)| *number > told) {
        attributes.push(KeyValue::new("bluegreen.why", cut(&entry.what, LONGEST_TEXT)));
        attributes.push(KeyValue::new("bluegreen.who", entry.who.clone()));
        attributes.push(KeyValue::new("bluegreen.line", i64::from(number)));
    }
    attributes
}

fn whole(run: &Run) -> Vec<KeyValue> {
    vec![
        KeyValue::new("bluegreen.site", run.plan.site.name.clone()),
        KeyValue::new("bluegreen.run.id", run.id.clone()),
        KeyValue::new("bluegreen.kind", run.plan.kind.name()),
        KeyValue::new("bluegreen.version", run.plan.version.to_string()),
        KeyValue::new("bluegreen.ending", run.ending_words().unwrap_or_default()),
        KeyValue::new("bluegreen.hop", i64::from(run.hop)),
    ]
}
