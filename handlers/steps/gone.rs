//! Clusters are proved to be gone: what we made for them elsewhere goes, too, and what others made is named.
use super::acting::Azure;
use super::federated::forgotten;
use super::given::taken_back;
use crate::plan::Kind;
use crate::run::{Outcome, Run, StepResult};
use std::collections::BTreeMap;

/// What stays of a cluster that is gone.
#[derive(Debug, Default)]
pub struct Left {
    /// What we made, and may not take back.
    pub ours: Vec<String>,
    /// What others made.
    pub others: Vec<String>,
}

/// A cluster is proved to be gone, and nothing that we made for it elsewhere is left.
///
/// # Errors
/// When it cannot be seen, or a write was not accepted.
pub async fn gone(run: &Run, azure: &Azure, cluster: &str) -> StepResult {
    let mut left = match taken_back(run, azure, &principals(run, cluster)).await? {
        Ok(left) => left,
        Err(waiting) => return Ok(waiting),
    };
    match forgotten(run, azure, cluster).await? {
        Ok(more) => {
            left.ours.extend(more.ours);
            left.others.extend(more.others);
        }
        Err(waiting) => return Ok(waiting),
    }
    Ok(left.outcome())
}

/// The old cluster stays. What made room for the new one is gone, and nothing that we gave it is left.
///
/// # Errors
/// When it cannot be seen, or a write was not accepted.
pub async fn room_was_made(run: &Run, azure: &Azure) -> StepResult {
    Ok(match taken_back(run, azure, &run.plan.surroundings.principals.leftover).await? {
        Ok(left) => left.outcome(),
        Err(waiting) => waiting,
    })
}

/// Whose roles go with a cluster. Where the new slot is empty, or holds the run's own, what was found there is gone.
fn principals(run: &Run, cluster: &str) -> BTreeMap<String, String> {
    let known = &run.plan.surroundings.principals;
    let mut all = known.leftover.clone();
    let is_old = cluster == run.plan.old_slot().cluster;
    if is_old {
        all.extend(known.old.clone());
    } else if run.plan.kind != Kind::Return {
        all.extend(run.given_roles.clone());
    }
    all
}

impl Left {
    fn outcome(self) -> Outcome {
        match (self.ours.is_empty(), self.others.is_empty()) {
            (true, true) => Outcome::Done,
            (true, false) => Outcome::Noted(self.others),
            (false, _) => Outcome::LeftOver(self.ours.into_iter().chain(self.others).collect::<Vec<_>>().join("; ")),
        }
    }
}
