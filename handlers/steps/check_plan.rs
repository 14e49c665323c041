//! Everything that the plan needs holds.
use super::acting::Azure;
use super::presence::{is_missed, look_again};
use super::{again_in, not_yet, terminal, written};
use crate::azure::operations::Progress;
use crate::plan::Kind;
use crate::plan::checks::{Seen, Verdict, check};
use crate::run::{Following, Outcome, Run, StepResult};

/// Everything that the plan needs holds. A leftover of ours in the idle slot, which the plan lists and which serves
/// nothing, is deleted first.
pub async fn check_plan(run: &Run, azure: &Azure) -> StepResult {
    if let Some(Following::ClusterChange(operation)) = &run.following
        && let Progress::InProgress(again) = azure.look(operation).await?
    {
        return again_in("the leftover in the idle slot is being deleted", again);
    }
    let plan = &run.plan;
    let (old, new) = (plan.old_slot(), plan.new_slot());
    let old_cluster = azure.cluster(&old.cluster).await?;
    let new_cluster = azure.cluster(&new.cluster).await?;
    let location = old_cluster.as_ref().map_or("", |cluster| cluster.location()).to_owned();
    let subscription = plan.site.subscription();
    let mut seen = Seen {
        old_cluster: old_cluster.map(|cluster| cluster.0),
        new_cluster: new_cluster.clone().map(|cluster| cluster.0),
        gateway: azure.find_gateway(&plan.site.gateway).await?,
        old_subnet: azure.network(&old.subnet).await?,
        new_subnet: azure.network(&new.subnet).await?,
        ..Seen::default()
    };
    // Without the old cluster there is no region to ask for.
    if !location.is_empty() {
        seen.offered = azure.versions(subscription, &location).await?;
        seen.usages = azure.usages(subscription, &location).await?;
        seen.sizes = azure.sizes(subscription, &location).await?;
    }
    if let Some(mark) = seen.gateway.as_ref().and_then(|gateway| run.new_glass(gateway)) {
        return Ok(Outcome::GlassBroken(mark));
    }
    if let Some(missed) = first_missed(run, azure, &seen) {
        return look_again(missed.clone(), &format!("{missed}, which the plan needs, was not found"));
    }
    match check(plan, &seen) {
        Verdict::NotYet(why) => not_yet(why),
        Verdict::Refused(findings) => terminal(findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
        Verdict::Fine { delete_leftover: false } => Ok(Outcome::Done),
        Verdict::Fine { delete_leftover: true } => match new_cluster {
            None => not_yet("the leftover is gone"),
            Some(leftover) => written(
                "the deletion of the leftover",
                azure.writer.delete_cluster(azure.permit().await?, &new.cluster, &leftover).await?,
            ),
        },
    }
}

/// Something that the plan needs and that one look did not find: that is no ground to refuse.
fn first_missed(run: &Run, azure: &Azure, seen: &Seen) -> Option<String> {
    let plan = &run.plan;
    let (old, new) = (plan.old_slot(), plan.new_slot());
    let missing = [
        (seen.gateway.is_none(), &plan.site.gateway),
        (seen.old_cluster.is_none(), &old.cluster),
        (seen.new_cluster.is_none() && plan.kind == Kind::Return, &new.cluster),
        (seen.old_subnet.is_none(), &old.subnet),
        (seen.new_subnet.is_none(), &new.subnet),
    ];
    let first = missing.into_iter().find(|(is_missing, id)| *is_missing && !is_missed(run, azure, id));
    first.map(|(_, id)| id.clone())
}
