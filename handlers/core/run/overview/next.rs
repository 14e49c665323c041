//! What to do next, the likeliest first: what is proposed is possible, and leads nobody to a cluster that is known ill. Pure.
use super::after_end::after_end;
use super::requests::RequestSeen;
use super::serving::Serves;
use super::under_way::At;
use crate::plan::Kind;
use crate::run::Run;
use jiff::Timestamp;
use serde::Serialize;

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Next {
    /// The command.
    pub command: String,
    /// When, or why.
    pub why: String,
}

impl Next {
    pub(super) fn new(command: String, why: impl Into<String>) -> Self {
        Self { command, why: why.into() }
    }
}

/// What is seen beside the run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Beside {
    /// Who serves, by the gateway.
    pub serves: Option<Serves>,
    /// Whether the old cluster is there.
    pub old_exists: Option<bool>,
}

/// What to do next.
pub(super) fn next(
    site: &str,
    run: Option<&Run>,
    beside: Beside,
    [refused, waiting]: [&[RequestSeen]; 2],
    now: Timestamp,
) -> Vec<Next> {
    let mut next = vec![];
    if let Some(run) = run.filter(|run| run.ending.is_none()) {
        next.extend(At { site, run, beside, now }.next());
    }
    for dead in refused.iter().filter(|request| request.is_dead_letter()).take(1) {
        let id = dead.id.as_deref().unwrap_or("ID");
        next.push(Next::new(format!("bluegreen dead-letters show {id}"), "what could not be handled, and why"));
        next.push(Next::new(format!("bluegreen dead-letters redrive {id}"), "once its cause is mended"));
    }
    if let Some(request) = refused.iter().find(|request| !request.is_dead_letter()) {
        let kind = asked(request.kind, request.version.as_deref().unwrap_or("VERSION"));
        next.push(Next::new(format!("bluegreen plan {site}{kind}"), "what would be refused now, without a run"));
        next.push(Next::new(format!("bluegreen start {site}{kind}"), "again, once the reason is mended"));
    }
    if !waiting.is_empty() {
        next.push(Next::new("bluegreen status".into(), "which runs are under way; it is asked again every 5 min"));
    }
    if let Some((run, ending)) = run.and_then(|run| Some((run, run.ending?))) {
        next.extend(after_end(site, run, ending, beside));
    }
    if next.is_empty() {
        next.push(Next::new(format!("bluegreen start {site} latest-patch"), "nothing is under way"));
    }
    next
}

/// A kind of request, as it is typed behind a site.
pub(super) fn asked(kind: Kind, version: &str) -> String {
    match kind {
        Kind::Upgrade => format!(" {version}"),
        Kind::Replace | Kind::Return => format!(" --kind {}", kind.name()),
    }
}
