//! Whether a run could go back, and what that costs.
use crate::run::Run;
use crate::run::readiness::Ready;
use crate::run::verbs::{Verb, beforehand};
use crate::step::Step;
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
            _ if run.step.undoes() => on_the_way(run),
            _ if !has_moved => {
                at(Ready::Ready, format!("no traffic has left {old}: going back takes away what was made"), None)
            }
            Some(known) if run.glass.is_none() || known.state == Ready::NotReady => Some(Self {
                state: known.state,
                why: known.why.clone(),
                since: Some(known.since),
                beforehand: beforehand(run, Verb::RollBack),
            }),
            Some(_) => at(Ready::Unknown, format!("no look has judged {old} since the emergency way back"), None),
            None => {
                at(Ready::Unknown, format!("no look has judged {old} since traffic moved; it blocks no way back"), None)
            }
        }
    }
}

/// How a run stands that is on its way back.
fn on_the_way(run: &Run) -> Option<WayBack> {
    let old = run.plan.old.name();
    let at = |state, why: String, since| Some(WayBack { state, why, since, beforehand: None });
    let known = run.readiness.as_ref().filter(|_| run.step == Step::RestoreTraffic && run.has_no_way_back().is_some());
    match (&run.held, known) {
        (Some(hold), _) if !hold.paused => {
            at(Ready::NotReady, format!("it stands still on its way back: {}", hold.why), Some(hold.since))
        }
        (None, Some(known)) => at(known.state, known.why.clone(), Some(known.since)),
        _ if run.step == Step::DeleteNewCluster => at(Ready::Ready, format!("{old} has all traffic"), None),
        _ if run.waits_for_nodes() => {
            at(Ready::Unknown, format!("it is on its way back, and waits for the nodes of {old}"), None)
        }
        _ => at(Ready::Ready, "it is on its way back already".to_owned(), None),
    }
}
