//! A run in a few members: a line of the list, and the head of its page. It is kept beside the document, so that a list
//! reads no documents.
use super::{Level, Run};
use serde_json::{Value, json};

/// A run for a person's eye.
#[must_use]
pub fn summary(run: &Run) -> Value {
    json!({
        "site": run.plan.site.name, "run": run.id, "kind": run.plan.kind, "version": run.plan.version,
        "from": run.plan.old, "to": run.plan.new_colour(), "step": run.step, "stage": run.stage, "share": run.share(),
        "stages": run.plan.stages.iter().map(|stage| json!({"asked": stage.asked, "share": stage.share})).collect::<Vec<_>>(),
        "hop": run.hop, "due": run.due, "held": run.held, "ending": run.ending, "failure": run.failure,
        "readiness": run.readiness, "reducing": run.reducing, "unclear": run.unclear, "called": called(run),
        "leftOut": run.left_out,
    })
}

/// What somebody was told of last.
fn called(run: &Run) -> Value {
    let told = run.numbered().filter(|(_, entry)| entry.level() > Level::Note).last();
    told.map_or(Value::Null, |(number, entry)| {
        json!({"number": number, "at": entry.at, "level": entry.level(), "cause": entry.cause, "what": entry.what})
    })
}
