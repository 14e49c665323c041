//! No pool holds the new cluster's addresses, and the new cluster, if it is ours, is gone.
use super::acting::Azure;
use super::bring_back::{Until, bring_back};
use super::gone::gone;
use super::move_singletons::{Back, moved_back};
use super::old_serves::{Spared, old_serves};
use super::presence::{Presence, is_missed, look_again, presence};
use super::restore_traffic::not_back;
use super::unpinned::unpinned;
use super::{again_in, not_yet, permit_to_reduce, written};
use crate::azure::operations::Progress;
use crate::plan::Kind;
use crate::resources::cluster::Cluster;
use crate::resources::gateway::Gateway;
use crate::resources::tags::{SERVING_TAG, saying, tag};
use crate::run::{Following, Outcome, Run, StepError, StepResult};
use crate::workload::pins::Side;

/// No pool holds the new cluster's addresses, and the new cluster, if it is ours, is gone: or kept for diagnosis, if
/// the site says so. Kind `return`: it is put back as it was found. Where a pool of ours may have held it, it may be the only
/// healthy one: it goes only when the gateway finds the old cluster healthy in the live pools.
pub async fn delete_new_cluster(run: &Run, azure: &Azure) -> StepResult {
    let slot = run.plan.new_slot();
    let gateway = azure.gateway(&run.plan.site.gateway).await?;
    if let Some(outcome) = still_needed(run, &gateway) {
        return Ok(outcome);
    }
    let mut again = String::new();
    let mut deleted = false;
    if let Some(Following::ClusterChange(operation)) = &run.following {
        match azure.look(operation).await? {
            Progress::InProgress(again) => return again_in("Azure is working on the clusters", again),
            Progress::Failed { code, message, .. } => again = format!(" again (Azure failed: {code}: {message})"),
            Progress::Succeeded(_) => {
                deleted = run.plan.kind != Kind::Return && run.reducing.is_none() && !run.moves_singletons;
            }
            Progress::Gone => {}
        }
    }
    if let Some(waiting) = singletons_back(run, azure, &again).await? {
        return Ok(waiting);
    }
    if let Some(waiting) = bring_back(run, azure, Until::IsWhole).await? {
        return Ok(waiting);
    }
    // Traffic is back and quiet since: the old cluster's autoscalers may do as they like.
    if let Some(waiting) = unpinned(run, azure, Side::Old, true).await? {
        return Ok(waiting);
    }
    let found = match presence(run, azure, &slot.cluster).await? {
        Presence::Here(found) => found,
        Presence::Gone => return gone(run, azure, &slot.cluster).await,
        Presence::Missed(_) if deleted => return gone(run, azure, &slot.cluster).await,
        Presence::Missed(cluster) => return look_again(cluster, "the new cluster was not found"),
    };
    if found.run() != Some(&run.id) {
        return not_ours(run, azure, &found);
    }
    put_away(run, azure, &found, &again).await
}

/// What may run in one cluster only runs in the old one again: `None`. Where the new cluster does not let it be stopped, that
/// is stopped as a whole, before anything starts in the old one.
async fn singletons_back(run: &Run, azure: &Azure, again: &str) -> Result<Option<Outcome>, StepError> {
    let why = match moved_back(run, azure).await {
        Ok(Back::Yes) => return Ok(None),
        Ok(Back::Waits(outcome)) => return Ok(Some(*outcome)),
        Ok(Back::CannotBeStopped(why)) => Ok(why),
        Err(error) => Err(error),
    };
    // An old cluster that is gone does not answer either: a person is called for the users, not for these.
    if let Some(waiting) = old_serves(run, azure, Spared::New, again).await? {
        return Ok(Some(waiting));
    }
    let why = why?;
    let permit = match permit_to_reduce(run, azure, |gateway| still_needed(run, gateway)).await? {
        Ok(permit) => permit,
        Err(outcome) => return Ok(Some(outcome)),
    };
    let what = format!("the stop of the new cluster, where singletons cannot be stopped otherwise ({why}){again}");
    written(&what, azure.writer.stop_cluster(permit, &run.plan.new_slot().cluster).await?).map(Some)
}

/// The new cluster goes, or is left as it was found.
async fn put_away(run: &Run, azure: &Azure, found: &Cluster, again: &str) -> StepResult {
    let slot = run.plan.new_slot();
    let stays = run.plan.keeps_failed_cluster() || run.plan.kind == Kind::Return;
    // What stays is put back as it was.
    if stays
        && !found.is_stopped()
        && let Some(waiting) = unpinned(run, azure, Side::New, false).await?
    {
        return Ok(waiting);
    }
    if stays && !found.is_stopped() && tag(&found.0, SERVING_TAG) == Some("true") {
        let tags = saying(&found.0, false);
        let tagged = azure.writer.tag_cluster(azure.permit().await?, &slot.cluster, found, &tags).await?;
        return written("the tag that says who serves", tagged);
    }
    if run.plan.keeps_failed_cluster() {
        return Ok(Outcome::Done);
    }
    let kept = run.plan.kept.as_ref().map(|kept| &kept.found);
    let smaller = kept.and_then(|size| size.differs(found));
    let is_as_found = smaller.is_none() && (!run.plan.found_stopped || found.is_stopped());
    if run.plan.kind == Kind::Return && is_as_found {
        return Ok(Outcome::Done);
    }
    if found.is_being_deleted() {
        return not_yet("the new cluster is being deleted");
    }
    // A kept cluster has served before.
    if (run.may_have_written() || run.plan.kind == Kind::Return)
        && let Some(waiting) = old_serves(run, azure, Spared::New, again).await?
    {
        return Ok(waiting);
    }
    let permit = match permit_to_reduce(run, azure, |gateway| still_needed(run, gateway)).await? {
        Ok(permit) => permit,
        Err(outcome) => return Ok(outcome),
    };
    let writer = &azure.writer;
    if let Some(pool) = smaller {
        let scaled = writer.scale_pool(permit, &slot.cluster, pool).await?;
        return written(&format!("{} nodes in pool {}, as it was found{again}", pool.count, pool.name), scaled);
    }
    if run.plan.kind == Kind::Return {
        return written(&format!("the stop{again}"), writer.stop_cluster(permit, &slot.cluster).await?);
    }
    written(&format!("the deletion{again}"), writer.delete_cluster(permit, &slot.cluster, found).await?)
}

/// Why the new cluster may not go yet, as the gateway is.
fn still_needed(run: &Run, gateway: &Gateway) -> Option<Outcome> {
    in_a_pool(run, gateway).or_else(|| led_away(run, gateway))
}

/// A pool holds it.
fn in_a_pool(run: &Run, gateway: &Gateway) -> Option<Outcome> {
    let pools = gateway.pools_with(&run.plan.new_slot().addresses);
    let (ours, foreign): (Vec<_>, Vec<_>) = pools.into_iter().partition(|pool| run.plan.site.pools.is_ours(pool));
    if !ours.is_empty() && run.may_have_written() {
        return Some(Outcome::Breached(format!("the new cluster is still in the pools {}", ours.join(", ")).into()));
    }
    // What an earlier run has left in the candidate pool leads no user anywhere.
    let ours = ours.into_iter().filter(|pool| !run.plan.site.pools.is_candidate(pool)).collect();
    let all = [ours, foreign].concat();
    (!all.is_empty()).then(|| {
        let why = format!("the new cluster is in the pools {}, where somebody else has put it", all.join(", "));
        Outcome::Hold(format!("{why}: take its addresses out and resume, or finish as it stands"))
    })
}

/// Somebody has led users away from the old cluster since its way back.
fn led_away(run: &Run, gateway: &Gateway) -> Option<Outcome> {
    not_back(run, gateway).filter(|_| run.may_have_written()).map(Outcome::Drifted)
}

/// A cluster without the run's tag is not ours to delete. What was in the slot before the run needs no word.
fn not_ours(run: &Run, azure: &Azure, found: &Cluster) -> StepResult {
    let cluster = &run.plan.new_slot().cluster;
    if run.plan.found_uid.as_deref() == Some(found.uid()) {
        return Ok(Outcome::Done);
    }
    if !is_missed(run, azure, cluster) {
        return look_again(cluster.clone(), "the new cluster does not carry this run's tag");
    }
    let tag = found.run().map_or_else(|| "no run's tag".to_owned(), |run| format!("the tag of {run}"));
    Ok(Outcome::LeftOver(format!("{cluster}, which carries {tag}: delete it by hand if it is not needed")))
}
