//! Everything that the plan needs holds.
use super::acting::Azure;
use super::checked::{Checked, checked};
use super::judged::{Judged, judged};
use super::permitted::of_the_old;
use super::pinned::reconciled;
use super::rehearsed::rehearsed;
use super::singletons::started_again;
use super::{again_in, terminal, written};
use crate::azure::operations::Progress;
use crate::run::{Following, Outcome, Run, StepResult};
use crate::site::Reconciled;

/// Everything that the plan needs holds, a leftover of ours that the plan lists and that serves nothing taken as gone. It is
/// only looked at here: `CreateCluster` deletes it.
pub async fn check_plan(run: &Run, azure: &Azure) -> StepResult {
    if let Some(Following::ClusterChange(operation)) = &run.following
        && let Progress::InProgress(again) = azure.look(operation).await?
    {
        return again_in("the leftover in the idle slot is being deleted", again);
    }
    let checked = match checked(run, azure).await? {
        Checked::Fine { leftover, mut warnings } => match judged(run, azure).await? {
            Judged { refused: Some(why), .. } => Checked::Refused(why),
            Judged { refused: None, warnings: more } => {
                warnings.extend(more);
                let rights = of_the_old(run, azure).await;
                if let Some(why) = rights.missing {
                    return super::not_yet(why);
                }
                warnings.extend(rights.unclear);
                if let Some(why) = started_again(run, azure).await? {
                    return terminal(why);
                }
                sized(Checked::Fine { leftover, warnings }, reconciled(run, azure).await?)
            }
        },
        checked => checked,
    };
    let checked = match checked {
        Checked::Fine { leftover, mut warnings } => {
            let tried = rehearsed(run, azure).await?;
            match tried.refusal() {
                Some(why) => Checked::Refused(why),
                None => {
                    warnings.extend(tried.unsure);
                    Checked::Fine { leftover, warnings }
                }
            }
        }
        checked => checked,
    };
    match checked {
        Checked::Wait(outcome) => Ok(outcome),
        Checked::Refused(why) => terminal(why),
        // A run of format 1 deletes it here: an older binary's `CreateCluster` would not.
        Checked::Fine { leftover: Some(leftover), .. } if run.keeps_old_rules() => {
            let id = &run.plan.new_slot().cluster;
            let deleted = azure.writer.delete_cluster(azure.permit().await?, id, &leftover).await?;
            written("the deletion of the leftover", deleted)
        }
        Checked::Fine { warnings, .. } if warnings.is_empty() => Ok(Outcome::Done),
        Checked::Fine { warnings, .. } => Ok(Outcome::Noted(warnings)),
    }
}

/// What holds, with what reconcilers keep small.
fn sized(checked: Checked, reconciled: Option<(Reconciled, String)>) -> Checked {
    match (checked, reconciled) {
        (_, Some((Reconciled::Refuse, why))) => Checked::Refused(why),
        (Checked::Fine { leftover, mut warnings }, Some((Reconciled::Leave, why))) => {
            warnings.push(why);
            Checked::Fine { leftover, warnings }
        }
        (checked, _) => checked,
    }
}
