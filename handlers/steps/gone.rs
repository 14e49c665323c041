//! Clusters are proved to be gone: what we made for them elsewhere goes, too, and what others made is named.
use super::acting::Azure;
use super::federated::forgotten;
use super::given::taken_back;
use crate::plan::Kind;
use crate::plan::federation::Gone;
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
    nothing_is_left(run, azure, &principals(run, cluster), &clusters(run, cluster)).await
}

/// The old cluster stays. What made room for the new one is gone, and nothing that we gave it is left.
///
/// # Errors
/// When it cannot be seen, or a write was not accepted.
pub async fn room_was_made(run: &Run, azure: &Azure) -> StepResult {
    let leftover: Vec<_> = leftover(run).into_iter().collect();
    nothing_is_left(run, azure, &run.plan.surroundings.principals.leftover, &leftover).await
}

/// What we gave these identities, and who trusts these clusters, is taken back; what stays is named.
async fn nothing_is_left(
    run: &Run,
    azure: &Azure,
    principals: &BTreeMap<String, String>,
    gone: &[Gone<'_>],
) -> StepResult {
    let mut left = match taken_back(run, azure, principals).await? {
        Ok(left) => left,
        Err(waiting) => return Ok(waiting),
    };
    match forgotten(run, azure, gone).await? {
        Ok(more) => {
            left.ours.extend(more.ours);
            left.others.extend(more.others);
        }
        Err(waiting) => return Ok(waiting),
    }
    Ok(left.outcome())
}

/// What made room for the new cluster, and had its id.
fn leftover(run: &Run) -> Option<Gone<'_>> {
    let known = &run.plan.surroundings;
    let issuer = Some(known.leftover_issuer.as_str()).filter(|issuer| !issuer.is_empty())?;
    Some(Gone { cluster: &run.plan.new_slot().cluster, issuer: Some(issuer), living: &known.issuer })
}

/// Whom nobody is to trust any more when a cluster is gone. That of a new one was never written down: whatever is ours by its
/// id goes with it, that of what was there before, too.
fn clusters<'a>(run: &'a Run, cluster: &'a str) -> Vec<Gone<'a>> {
    let old = run.plan.surroundings.issuer.as_str();
    if cluster != run.plan.old_slot().cluster {
        return vec![Gone { cluster, issuer: None, living: old }];
    }
    let gone = Gone { cluster, issuer: Some(old).filter(|issuer| !issuer.is_empty()), living: "" };
    [Some(gone), leftover(run)].into_iter().flatten().collect()
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
