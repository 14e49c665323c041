//! Everything that the plan needs holds.
use super::acting::Azure;
use super::capacity;
use super::checked::{Checked, checked};
use super::create_cluster::delete_leftover;
use super::judged::{Judged, judged};
use super::on_old::{OnOld, on_old};
use super::permitted::{of_the_kept, of_the_old};
use super::rehearsed::rehearsed;
use super::singletons::started_again;
use super::sized::{scaled, sized};
use super::{again_in, terminal};
use crate::azure::operations::Progress;
use crate::plan::checks::{Seen, unknown_size};
use crate::run::{Following, Outcome, Run, StepError, StepResult, Waiting};
use crate::workload::pins::Scaled;

/// Everything that the plan needs holds, a leftover of ours that the plan lists and that serves nothing taken as gone. It is
/// only looked at here: `CreateCluster` deletes it.
pub async fn check_plan(run: &Run, azure: &Azure) -> StepResult {
    if let Some(Following::ClusterChange(operation)) = &run.following
        && let Progress::InProgress(again) = azure.look(operation).await?
    {
        return again_in("the leftover in the idle slot is being deleted", again);
    }
    let checked = match checked(run, azure).await? {
        Checked::Fine { leftover, mut warnings, seen } => match further(run, azure, &seen, &mut warnings).await? {
            Further::Fine => Checked::Fine { leftover, warnings, seen },
            Further::Wait(why) => Checked::Wait(Outcome::NotYet(Waiting::because(why))),
            Further::Refused(why) => Checked::Refused(why),
        },
        checked => checked,
    };
    match checked {
        Checked::Wait(outcome) => Ok(outcome),
        Checked::Refused(why) => terminal(why),
        // A run of format 1 deletes it here: an older binary's `CreateCluster` would not.
        Checked::Fine { leftover: Some(leftover), .. } if run.keeps_old_rules() => {
            delete_leftover(run, azure, &leftover, "").await
        }
        Checked::Fine { warnings, .. } if warnings.is_empty() => Ok(Outcome::Done),
        Checked::Fine { warnings, .. } => Ok(Outcome::Noted(warnings)),
    }
}

/// What is judged when everything of Azure's holds.
enum Further {
    Fine,
    Wait(String),
    Refused(String),
}

/// The manifests, the rights in the old cluster, the size of both, and what the old cluster says of the manifests.
async fn further(run: &Run, azure: &Azure, seen: &Seen, warnings: &mut Vec<String>) -> Result<Further, StepError> {
    let Judged { refused, warnings: more } = judged(run, azure, seen.old_cluster.as_ref()).await?;
    if let Some(why) = refused {
        return Ok(Further::Refused(why));
    }
    warnings.extend(more);
    for rights in [of_the_old(run, azure).await, of_the_kept(run, azure).await] {
        if let Some(why) = rights.missing {
            return Ok(Further::Wait(why));
        }
        warnings.extend(rights.unclear);
    }
    if let Some(why) = started_again(run, azure).await? {
        return Ok(Further::Refused(why));
    }
    let on_old = site_on_old(run, azure).await?;
    if let Some((kubernetes, of_old)) = scaled(&run.plan, azure).await? {
        let hour = azure.counted(&run.plan.old_uid).await?;
        let of_manifests = Scaled::of_objects(&on_old.objects);
        let Judged { refused, warnings: more } = capacity::judged(run, &of_old, &hour, &of_manifests);
        if let Some(why) = refused {
            return Ok(Further::Refused(why));
        }
        warnings.extend(more);
        let finding = match sized(&run.plan, seen, (&kubernetes, &of_old), &hour).await {
            Ok((_, kept)) => kept.warning(),
            Err(why) => Some(unknown_size(&why)),
        };
        warnings.extend(finding.map(|finding| finding.to_string()));
    }
    let tried = rehearsed(run, azure, &on_old).await;
    if let Some(why) = tried.refusal() {
        return Ok(Further::Refused(why));
    }
    warnings.extend(tried.unsure);
    Ok(Further::Fine)
}

/// What the site installs, as it would be on the old cluster, where anybody asks for that.
async fn site_on_old(run: &Run, azure: &Azure) -> Result<OnOld, StepError> {
    let site = &run.plan.site;
    if site.pins().is_none() && !site.dry_run {
        return Ok(OnOld::default());
    }
    match azure.cluster(&run.plan.old_slot().cluster).await? {
        Some(cluster) => on_old(run, azure, &cluster).await,
        None => Ok(OnOld::default()),
    }
}
