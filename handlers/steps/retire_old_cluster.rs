//! The old cluster is kept, scaled down, stopped or deleted, as the plan says.
use super::acting::Azure;
use super::watch::drift;
use super::{again_in, not_yet, written};
use crate::azure::clusters::Written;
use crate::azure::operations::Progress;
use crate::resources::cluster::Cluster;
use crate::resources::tags::{RETIRED_TAG, tag};
use crate::run::{Following, Outcome, Run, StepResult};
use crate::site::OldCluster;

/// The old cluster is kept, scaled down, stopped or deleted, as the plan says. Nothing is done while an invocation that
/// looked at an earlier step could still act, nor while any pool holds the old cluster's addresses.
pub async fn retire_old_cluster(run: &Run, azure: &Azure) -> StepResult {
    let slot = run.plan.old_slot();
    let gateway = azure.gateway(&run.plan.site.gateway).await?;
    if gateway.is_glass_broken() {
        return Ok(Outcome::Hold("a person used the emergency way back: the old cluster stays as it is".into()));
    }
    if let Some(why) = drift(run, &gateway) {
        return Ok(Outcome::Drifted(why));
    }
    let pools = gateway.pools_with(&slot.addresses);
    if !pools.is_empty() {
        return Ok(Outcome::Hold(format!("the old cluster is still in the pools {}", pools.join(", "))));
    }
    if !run.is_quiet(azure.now()) {
        return not_yet("waiting until nothing older can still act");
    }
    if let Some(Following::ClusterChange(operation)) = &run.following {
        match azure.look(operation).await? {
            Progress::InProgress(again) => return again_in("Azure is working on the old cluster", again),
            Progress::Failed { code, message, .. } => {
                return Ok(Outcome::Hold(format!("Azure failed: {code}: {message}")));
            }
            Progress::Succeeded(_) | Progress::Gone => {}
        }
    }
    let Some(found) = azure.cluster(&slot.cluster).await? else { return Ok(Outcome::Done) };
    if found.uid() != run.plan.old_uid {
        return Ok(Outcome::Hold("the old slot holds another cluster than the plan names".into()));
    }
    let wish = run.plan.site.old_cluster;
    if wish == OldCluster::Delete {
        if found.state().eq_ignore_ascii_case("Deleting") {
            return not_yet("the old cluster is being deleted");
        }
        return written(
            "the deletion",
            azure.writer.delete_cluster(azure.permit().await?, &slot.cluster, &found).await?,
        );
    }
    // Tagged first: what is kept must be known as ours when the slot is needed again.
    if tag(&found.0, RETIRED_TAG) != Some(&run.id) {
        return written(
            "the tag",
            azure.writer.tag_cluster(azure.permit().await?, &slot.cluster, &found, RETIRED_TAG, &run.id).await?,
        );
    }
    match wish {
        OldCluster::Keep | OldCluster::Delete => Ok(Outcome::Done),
        OldCluster::Stop if found.is_stopped() => Ok(Outcome::Done),
        OldCluster::Stop => written("the stop", azure.writer.stop_cluster(azure.permit().await?, &slot.cluster).await?),
        OldCluster::ScaleDown => scale_down(azure, &slot.cluster, &found).await,
    }
}

async fn scale_down(azure: &Azure, id: &str, found: &Cluster) -> StepResult {
    for pool in found.pools() {
        // A system pool must keep a node.
        let wanted = u32::from(pool["mode"].as_str() == Some("System"));
        let count = pool["count"].as_u64().unwrap_or(0);
        let name = pool["name"].as_str().unwrap_or_default();
        if count > u64::from(wanted) {
            let scaled: Written = azure.writer.scale_pool(azure.permit().await?, id, name, wanted).await?;
            return written(&format!("{wanted} nodes in pool {name}"), scaled);
        }
    }
    Ok(Outcome::Done)
}
