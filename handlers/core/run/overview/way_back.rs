//! Whether a run could go back, and what that costs.
use crate::run::Run;
use crate::run::readiness::Ready;
use crate::run::verbs::{Verb, beforehand};
use jiff::Timestamp;
use serde::Serialize;

/// Whether a run could go back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WayBack {
    /// What is known.
    pub state: Ready,
    /// The evidence, or why there is none.
    pub why: String,
    /// Since when that is known.
    pub since: Option<Timestamp>,
    /// What must be brought back first, and how long that takes.
    pub beforehand: Option<String>,
}

impl WayBack {
    pub(super) fn of(run: &Run) -> Option<Self> {
        if run.ending.is_some() {
            return None;
        }
        let old = run.plan.old.name();
        let at = |state, why: String, since| Some(Self { state, why, since, beforehand: None });
        let has_moved = run.moved || run.step.may_carry_traffic();
        match &run.readiness {
            _ if run.step.undoes() => at(Ready::Ready, "it is on its way back already".into(), None),
            _ if !has_moved => {
                at(Ready::Ready, format!("no traffic has left {old}: going back takes away what was made"), None)
            }
            Some(known) => Some(Self {
                state: known.state,
                why: known.why.clone(),
                since: Some(known.since),
                beforehand: beforehand(run, Verb::RollBack),
            }),
            None => {
                at(Ready::Unknown, format!("no look has judged {old} since traffic moved; it blocks no way back"), None)
            }
        }
    }
}
