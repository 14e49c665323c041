//! Requests that started nothing, and those that wait, as a person is shown them.
use crate::plan::Kind;
use crate::plan::request::Refused;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// A refusal is news for so long.
const NEWS: SignedDuration = SignedDuration::from_hours(24);
/// So many of each are shown.
const MOST_SHOWN: usize = 5;
/// A request that waits is tried again after so long.
const TRIED_AGAIN: SignedDuration = SignedDuration::from_mins(5);
/// The queue of dead letters.
pub(super) const DEAD_LETTERS: &str = "dead-letters";

/// Where a record lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shelf {
    Refused,
    Waiting,
}

/// A request that has not started a run.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestSeen {
    /// Its id.
    pub id: Option<String>,
    /// When that was said of it.
    pub at: Timestamp,
    /// Its site; empty where it could not be read.
    pub site: String,
    /// What was asked for.
    pub version: Option<String>,
    /// What kind of replacement.
    pub kind: Kind,
    /// Who asked.
    pub by: Option<String>,
    /// Why it started nothing yet.
    pub why: String,
    /// When it is tried again by itself; `null`: never.
    pub again: Option<Timestamp>,
    /// The queue in which it came, when it could not be read: `dead-letters` for one that could not be handled.
    pub queue: Option<String>,
    /// The beginning of what came, when it could not be read.
    pub came: Option<String>,
}

impl RequestSeen {
    /// Whether it is a message that could not be handled.
    #[must_use]
    pub fn is_dead_letter(&self) -> bool {
        self.queue.as_deref() == Some(DEAD_LETTERS)
    }
}

/// Those of a site, and those that belong to none.
pub(super) fn of(site: &str, records: &[Refused], shelf: Shelf, now: Timestamp) -> Vec<RequestSeen> {
    let is_meant = |record: &&Refused| {
        let named = &record.request.site;
        let is_news = shelf == Shelf::Waiting || now.duration_since(record.at) <= NEWS;
        (named == site || named.is_empty()) && is_news
    };
    let shown = |record: &Refused| RequestSeen {
        id: record.request.id.clone(),
        at: record.at,
        site: record.request.site.clone(),
        version: record.request.version.clone(),
        kind: record.request.kind,
        by: record.request.requested_by.clone(),
        why: record.why.clone(),
        again: (shelf == Shelf::Waiting).then(|| record.at.saturating_add(TRIED_AGAIN).unwrap_or(record.at)),
        queue: record.queue.clone(),
        came: record.came.clone(),
    };
    records.iter().filter(is_meant).take(MOST_SHOWN).map(shown).collect()
}
