//! The new slot holds a provisioned cluster that carries our run id.
use super::acting::Azure;
use super::bring_back::grow;
use super::presence::{Presence, look_again, not_tagged, presence};
use super::{again_in, not_yet, terminal, written};
use crate::azure::clusters::Written;
use crate::azure::operations::Progress;
use crate::plan::Kind;
use crate::plan::cluster_body::new_cluster;
use crate::resources::cluster::Cluster;
use crate::resources::tags::RUN_TAG;
use crate::run::{Following, Outcome, Run, StepResult};
use std::time::Duration;

/// The new slot holds a provisioned cluster that carries our run id, and equals the old one except where the plan says
/// so. Kind `return`: the kept cluster is started and tagged.
pub async fn create_cluster(run: &Run, azure: &Azure) -> StepResult {
    if let Some(Following::ClusterChange(operation)) = &run.following {
        match azure.look(operation).await? {
            Progress::InProgress(again) => return again_in("Azure is creating the cluster", again),
            Progress::Failed { code, message, .. } => return terminal(format!("Azure failed: {code}: {message}")),
            Progress::Succeeded(_) | Progress::Gone => {}
        }
    }
    let slot = run.plan.new_slot();
    match (presence(run, azure, &slot.cluster).await?, run.plan.kind) {
        (Presence::Here(found), Kind::Return) => bring_back(run, azure, &found).await,
        (Presence::Gone, Kind::Return) => terminal("the kept cluster is gone"),
        (Presence::Missed(cluster), Kind::Return) => look_again(cluster, "the kept cluster was not found"),
        (Presence::Here(found), Kind::Upgrade | Kind::Replace) => adopt(run, azure, &found),
        // Where there is one all the same, the creation is refused.
        (Presence::Missed(_) | Presence::Gone, Kind::Upgrade | Kind::Replace) => {
            let old = match presence(run, azure, &run.plan.old_slot().cluster).await? {
                Presence::Here(old) => old,
                Presence::Missed(cluster) => return look_again(cluster, "the old cluster was not found"),
                Presence::Gone => return terminal("the old cluster is gone: there is nothing to copy"),
            };
            let body = match new_cluster(&old.0, &run.plan, &run.id) {
                Ok(body) => body,
                Err(why) => return terminal(why),
            };
            match azure.writer.create_cluster(azure.permit().await?, &slot.cluster, &body).await? {
                // Somebody was faster, perhaps a late look of ours: the next look tells.
                Written::Changed => again_in("the slot was taken meanwhile", Some(Duration::from_secs(1))),
                accepted => written("the new cluster", accepted),
            }
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
            azure.writer.tag_cluster(azure.permit().await?, &slot.cluster, found, RUN_TAG, &run.id).await?,
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
