//! The new slot holds a provisioned cluster that carries our run id.
use super::acting::Azure;
use super::bring_back::grow;
use super::checked::{Checked, checked};
use super::old_serves::{Spared, old_serves};
use super::presence::{Presence, is_missed, look_again, not_tagged, presence};
use super::{again_in, not_yet, permit_to_reduce, terminal, written};
use crate::azure::clusters::Written;
use crate::azure::operations::Progress;
use crate::plan::Kind;
use crate::plan::cluster_body::new_cluster;
use crate::resources::cluster::Cluster;
use crate::resources::tags::taken_back;
use crate::run::{Following, Outcome, Run, StepError, StepResult, Waiting};
use std::time::Duration;

/// The new slot holds a provisioned cluster that carries our run id, and equals the old one except where the plan says
/// so. A leftover that the plan lists is deleted first, and then the checks of the plan must hold once more. Kind `return`:
/// the kept cluster is tagged, started, and as big as it was before it was reduced.
pub async fn create_cluster(run: &Run, azure: &Azure) -> StepResult {
    let mut failed = None;
    if let Some(Following::ClusterChange(operation)) = &run.following {
        match azure.look(operation).await? {
            Progress::InProgress(again) => return again_in("Azure is working on the new slot's cluster", again),
            Progress::Failed { code, message, .. } => failed = Some(format!("Azure failed: {code}: {message}")),
            Progress::Succeeded(_) | Progress::Gone => {}
        }
    }
    let found = presence(run, azure, &run.plan.new_slot().cluster).await?;
    if let Presence::Here(found) = &found
        && is_leftover(run, found)
    {
        let again = failed.map_or_else(String::new, |why| format!(" again ({why})"));
        return make_room(run, azure, &again).await;
    }
    if let Some(why) = failed {
        return terminal(why);
    }
    match (found, run.plan.kind) {
        (Presence::Here(found), Kind::Return) => bring_back(run, azure, &found).await,
        (Presence::Gone, Kind::Return) => terminal("the kept cluster is gone"),
        (Presence::Missed(cluster), Kind::Return) => look_again(cluster, "the kept cluster was not found"),
        (Presence::Here(found), Kind::Upgrade | Kind::Replace) => adopt(run, azure, &found),
        // Where there is one all the same, the creation is refused.
        (Presence::Missed(_) | Presence::Gone, Kind::Upgrade | Kind::Replace) => create(run, azure).await,
    }
}

fn is_leftover(run: &Run, found: &Cluster) -> bool {
    let is_it = run.plan.found_uid.as_deref() == Some(found.uid()) && found.run() != Some(&run.id);
    is_it && run.plan.kind != Kind::Return
}

/// Deletes the leftover, if all else holds: after a look at every pool, only as it was then, and while the old cluster serves.
async fn make_room(run: &Run, azure: &Azure, again: &str) -> StepResult {
    match checked(run, azure).await? {
        Checked::Wait(outcome) => Ok(outcome),
        Checked::Refused(why) => Ok(Outcome::Refused(why)),
        Checked::Fine { leftover: None, .. } => not_yet("the leftover in the new slot is gone"),
        Checked::Fine { leftover: Some(leftover), .. } => delete_leftover(run, azure, &leftover, again).await,
    }
}

/// Deletes what was judged to be in the way, unless users may need it after all.
///
/// # Errors
/// When something cannot be looked at, or the deletion is not accepted.
pub(super) async fn delete_leftover(run: &Run, azure: &Azure, leftover: &Cluster, again: &str) -> StepResult {
    if let Some(outcome) = old_serves(run, azure, Spared::Leftover, again).await? {
        return Ok(outcome);
    }
    let slot = run.plan.new_slot();
    let permit = permit_to_reduce(run, azure, |gateway| {
        let pools = gateway.pools_with(&slot.addresses);
        let held = pools.into_iter().find(|pool| !run.plan.site.pools.is_candidate(pool))?;
        let why = format!("the pool {held} holds the leftover's addresses since it was judged");
        Some(Outcome::NotYet(Waiting::because(why)))
    });
    match permit.await? {
        Err(outcome) => Ok(outcome),
        Ok(permit) => {
            let deleted = azure.writer.delete_cluster(permit, &slot.cluster, leftover).await?;
            written(&format!("the deletion of the leftover{again}"), deleted)
        }
    }
}

async fn create(run: &Run, azure: &Azure) -> StepResult {
    if let Some(uid) = &run.plan.found_uid
        && let Some(outcome) = no_room(run, azure, uid).await?
    {
        return Ok(outcome);
    }
    let old = match presence(run, azure, &run.plan.old_slot().cluster).await? {
        Presence::Here(old) => old,
        Presence::Missed(cluster) => return look_again(cluster, "the old cluster was not found"),
        Presence::Gone => return terminal("the old cluster is gone: there is nothing to copy"),
    };
    let body = match new_cluster(&old.0, &run.plan, &run.id) {
        Ok(body) => body,
        Err(why) => return terminal(why),
    };
    match azure.writer.create_cluster(azure.permit().await?, &run.plan.new_slot().cluster, &body).await? {
        // Somebody was faster, perhaps a late look of ours: the next look tells.
        Written::Changed => again_in("the slot was taken meanwhile", Some(Duration::from_secs(1))),
        accepted => written("the new cluster", accepted),
    }
}

/// Why the new cluster cannot be made, though the leftover is gone; `None`: it can. What counts what is in use lags behind a
/// deletion, so one refusal is not believed.
async fn no_room(run: &Run, azure: &Azure, uid: &str) -> Result<Option<Outcome>, StepError> {
    let id = &run.plan.new_slot().cluster;
    match checked(run, azure).await? {
        Checked::Fine { leftover: None, .. } => Ok(None),
        Checked::Fine { leftover: Some(_), .. } => not_yet("the leftover in the new slot is there again").map(Some),
        Checked::Wait(outcome) => Ok(Some(outcome)),
        Checked::Refused(why) => {
            let why = format!("{why}; the leftover {id} (resourceUID {uid}) is deleted");
            if is_missed(run, azure, id) {
                return Ok(Some(Outcome::Refused(why)));
            }
            look_again(id.clone(), &why).map(Some)
        }
    }
}

fn adopt(run: &Run, azure: &Azure, found: &Cluster) -> StepResult {
    if found.run() != Some(&run.id) {
        return not_tagged(run, azure, found);
    }
    if found.has_failed() {
        return terminal(format!("the new cluster is {}", found.state()));
    }
    if !found.is_settled() {
        return not_yet(format!("the new cluster is {}", found.state()));
    }
    Ok(Outcome::Done)
}

async fn bring_back(run: &Run, azure: &Azure, found: &Cluster) -> StepResult {
    let slot = run.plan.new_slot();
    if Some(found.uid()) != run.plan.found_uid.as_deref() {
        return terminal("the kept cluster is not the one that the plan names");
    }
    if found.has_failed() {
        return terminal(format!("the kept cluster is {}", found.state()));
    }
    if !found.is_settled() {
        return not_yet(format!("the kept cluster is {}", found.state()));
    }
    if found.run() != Some(&run.id) {
        return written(
            "the tag",
            azure
                .writer
                .tag_cluster(azure.permit().await?, &slot.cluster, found, &taken_back(&found.0, &run.id))
                .await?,
        );
    }
    if found.is_stopped() {
        return written("the start", azure.writer.start_cluster(azure.permit().await?, &slot.cluster).await?);
    }
    match &run.plan.kept {
        Some(kept) if kept.before.differs(found).is_some() => {
            grow(run, azure, &slot.cluster, found, &kept.before).await
        }
        Some(_) | None => Ok(Outcome::Done),
    }
}
