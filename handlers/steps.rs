//! The steps: one file each, one match from the name to the function.
//!
//! A step looks, then acts at most once, then says what it saw. It is right when run twice, and after a crash in its
//! middle. It never sleeps, publishes, saves or reads the clock.
pub mod acting;
mod apply;
mod bring_back;
mod capacity;
mod check_plan;
pub mod checked;
mod confirm_traffic;
mod create_cluster;
mod delete_new_cluster;
mod federated;
mod given;
mod gone;
mod install_controllers;
pub mod judged;
mod lately;
mod move_singletons;
mod old_serves;
mod on_old;
pub mod overwriting;
pub mod permitted;
mod pinned;
mod presence;
mod proof;
mod ready;
mod rehearsed;
mod restore_traffic;
mod retire_old_cluster;
mod shift_traffic;
mod singletons;
pub mod sized;
mod soak;
mod sync_workloads;
pub mod unpinned;
mod validate_health;
pub mod watch;

use crate::azure::clusters::Written;
use crate::azure::permit::Permit;
use crate::resources::gateway::Gateway;
use crate::run::{Following, Mark, Outcome, Run, StepError, StepResult, Waiting};
use crate::step::Step;
use acting::Azure;
use std::time::Duration;

/// One look at the present step of a run, with at most one act.
///
/// # Errors
/// What the step could not look at or do.
pub async fn look(run: &Run, azure: &Azure) -> StepResult {
    if let Some(mark) = glass(run, azure).await? {
        return Ok(Outcome::GlassBroken(mark));
    }
    match run.step {
        Step::CheckPlan => check_plan::check_plan(run, azure).await,
        Step::CreateCluster => create_cluster::create_cluster(run, azure).await,
        Step::InstallControllers => install_controllers::install_controllers(run, azure).await,
        Step::SyncWorkloads => sync_workloads::sync_workloads(run, azure).await,
        Step::ValidateHealth => validate_health::validate_health(run, azure).await,
        Step::ShiftTraffic => shift_traffic::shift_traffic(run, azure).await,
        Step::ConfirmTraffic => confirm_traffic::confirm_traffic(run, azure).await,
        Step::MoveSingletons => move_singletons::move_singletons(run, azure).await,
        Step::Soak => soak::soak(run, azure).await,
        Step::RetireOldCluster => retire_old_cluster::retire_old_cluster(run, azure).await,
        Step::RestoreTraffic => restore_traffic::restore_traffic(run, azure).await,
        Step::DeleteNewCluster => delete_new_cluster::delete_new_cluster(run, azure).await,
    }
}

/// Whether a person used the emergency way back: at whatever step, nothing more is written or deleted. The steps whose own
/// looks at the gateway begin with that are left to themselves: there every second counts.
async fn glass(run: &Run, azure: &Azure) -> Result<Option<Mark>, StepError> {
    if matches!(run.step, Step::CheckPlan | Step::ShiftTraffic | Step::RestoreTraffic) {
        return Ok(None);
    }
    Ok(run.new_glass(&azure.gateway(&run.plan.site.gateway).await?))
}

/// The right to reduce or delete a cluster. A person may have used the emergency way back to it since the step's first look, or
/// others may have led users there: nothing stands between this look at the gateway and the act. `needed`: why it may not go,
/// as the gateway is.
async fn permit_to_reduce(
    run: &Run,
    azure: &Azure,
    needed: impl FnOnce(&Gateway) -> Option<Outcome>,
) -> Result<Result<Permit, Outcome>, StepError> {
    let permit = azure.permit().await?;
    let gateway = azure.gateway_now(&run.plan.site.gateway).await?;
    let against = run.new_glass(&gateway).map(Outcome::GlassBroken).or_else(|| needed(&gateway));
    Ok(against.map_or(Ok(permit), Err))
}

fn not_yet(why: impl Into<String>) -> StepResult {
    Ok(Outcome::NotYet(Waiting::because(why)))
}

fn again_in(why: impl Into<String>, again_in: Option<Duration>) -> StepResult {
    Ok(Outcome::NotYet(Waiting { again_in, ..Waiting::because(why) }))
}

fn following(why: impl Into<String>, following: Following) -> StepResult {
    Ok(Outcome::NotYet(Waiting { following: Some(following), ..Waiting::because(why) }))
}

/// What to say after a conditional write of a cluster.
fn written(what: &str, written: Written) -> StepResult {
    match written {
        Written::Accepted(operation) => following(format!("{what} was requested"), Following::ClusterChange(operation)),
        Written::Changed => again_in(format!("{what}: the cluster changed meanwhile"), Some(Duration::from_secs(1))),
        Written::Absent => again_in(format!("{what}: the cluster is gone"), Some(Duration::from_secs(1))),
    }
}

fn terminal<T>(why: impl Into<String>) -> Result<T, StepError> {
    Err(StepError::Terminal(why.into()))
}
