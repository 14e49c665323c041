//! No pool holds the new cluster's addresses, and the new cluster, if it is ours, is gone.
use super::acting::Azure;
use super::{again_in, not_yet, written};
use crate::azure::operations::Progress;
use crate::plan::Kind;
use crate::run::{Following, Outcome, Run, StepResult};

/// No pool holds the new cluster's addresses, and the new cluster, if it is ours, is gone: or kept for diagnosis, if
/// the site says so. Kind `return`: it is put back as it was found.
pub async fn delete_new_cluster(run: &Run, azure: &Azure) -> StepResult {
    let slot = run.plan.new_slot();
    let gateway = azure.gateway(&run.plan.site.gateway).await?;
    let pools = gateway.pools_with(&slot.addresses);
    if !pools.is_empty() {
        return Ok(Outcome::Breached(format!("the new cluster is still in the pools {}", pools.join(", "))));
    }
    let mut again = String::new();
    if let Some(Following::ClusterChange(operation)) = &run.following {
        match azure.look(operation).await? {
            Progress::InProgress(again) => return again_in("Azure is working on the new cluster", again),
            Progress::Failed { code, message, .. } => again = format!(" again (Azure failed: {code}: {message})"),
            Progress::Succeeded(_) | Progress::Gone => {}
        }
    }
    let Some(found) = azure.cluster(&slot.cluster).await? else { return Ok(Outcome::Done) };
    if found.run() != Some(&run.id) || run.plan.keeps_failed_cluster() {
        return Ok(Outcome::Done);
    }
    if run.plan.kind == Kind::Return {
        if !run.plan.found_stopped || found.is_stopped() {
            return Ok(Outcome::Done);
        }
        return written(
            &format!("the stop{again}"),
            azure.writer.stop_cluster(azure.permit().await?, &slot.cluster).await?,
        );
    }
    if found.state().eq_ignore_ascii_case("Deleting") {
        return not_yet("the new cluster is being deleted");
    }
    written(
        &format!("the deletion{again}"),
        azure.writer.delete_cluster(azure.permit().await?, &slot.cluster, &found).await?,
    )
}
