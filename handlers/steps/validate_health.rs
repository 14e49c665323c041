//! Nodes, workloads, smoke tests and the gateway's own probe of the new cluster pass.
use super::acting::Azure;
use super::overwriting::{instead, overwritten};
use super::pinned::pinned;
use super::proof::{Needs, Proof, proof, write};
use super::ready::{Ready, ready};
use super::watch::{ask, question};
use super::{again_in, following, not_yet};
use crate::azure::operations::Progress;
use crate::plan::checks::{public_addresses, unproved};
use crate::resources::gateway::{Drift, Health, health};
use crate::run::{Fact, Following, Outcome, Run, StepError, StepResult, Waiting};
use serde_json::Value;

/// Nodes, workloads, smoke tests through the candidate listener, and the gateway's own probe of the new cluster (its
/// addresses in the candidate pool) all pass.
pub async fn validate_health(run: &Run, azure: &Azure) -> StepResult {
    if let Some(asked) = question(run, azure) {
        return probed(run, azure, azure.look(asked).await?).await;
    }
    match &run.following {
        Some(Following::HealthQuestion(_) | Following::Answered(_)) => probed(run, azure, Progress::Gone).await,
        Some(Following::GatewayWrite { .. } | Following::ClusterChange(_)) | None => offered(run, azure).await,
    }
}

/// The cluster is ready by itself and reachable through the candidate listener; then the gateway is asked.
async fn offered(run: &Run, azure: &Azure) -> StepResult {
    // First: a new cluster needs time to grow, and is proved in the size that it will have.
    if let Some(waiting) = pinned(run, azure).await? {
        return Ok(waiting);
    }
    let but = match ready(run, azure).await? {
        Ready::No(why) => return not_yet(why),
        Ready::Yes(but) => but.map_or_else(String::new, |but| format!(" ({but})")),
    };
    let members = run.plan.candidate();
    match proof(run, azure, &members, Needs::All).await? {
        Proof::InFlight(again) => again_in("the candidate pool is being filled", again),
        Proof::GlassBroken(mark) => Ok(Outcome::GlassBroken(mark)),
        Proof::Overwritten(gateway, drift) => Ok(overwritten(run, &gateway, drift)),
        Proof::Missing(gateway, why) => {
            if let Some(outcome) = instead(run, &gateway) {
                return Ok(outcome);
            }
            let said = format!("the new cluster's addresses go into the candidate pool ({why})");
            write(run, azure, &gateway, &members, said).await
        }
        Proof::Proved(mark, changed) => match smoke(run, azure).await? {
            Some(why) => not_yet(why),
            None => Ok(Outcome::NotYet(Waiting {
                following: Some(ask(run, azure).await?),
                proved: Some(mark),
                facts: changed.map(Fact::Changed).into_iter().collect(),
                ..Waiting::because(format!("the gateway is asked what its probe sees{but}"))
            })),
        },
    }
}

/// What the gateway's probe saw of the candidate pool.
async fn probed(run: &Run, azure: &Azure, progress: Progress) -> StepResult {
    let answer: Value = match progress {
        Progress::InProgress(again) => return again_in("the gateway is looking at its backends", again),
        Progress::Succeeded(answer) => answer,
        Progress::Gone | Progress::Failed { .. } => Value::Null,
    };
    let gateway = azure.gateway(&run.plan.site.gateway).await?;
    if let Some(mark) = run.new_glass(&gateway) {
        return Ok(Outcome::GlassBroken(mark));
    }
    let members = run.plan.candidate();
    if let Some(why) = gateway.differs(&members) {
        return Ok(overwritten(run, &gateway, Drift::Members(why)));
    }
    if gateway.mark() != run.in_force.as_deref() {
        return Ok(overwritten(run, &gateway, Drift::Mark("our mark is gone from the gateway".into())));
    }
    if let Some(why) = ill(run, azure, &answer).await? {
        return following(why, ask(run, azure).await?);
    }
    // The load may have grown meanwhile, while an approval was waited for.
    match pinned(run, azure).await? {
        Some(Outcome::NotYet(waiting)) => {
            Ok(Outcome::NotYet(Waiting { following: Some(ask(run, azure).await?), ..waiting }))
        }
        Some(outcome) => Ok(outcome),
        None => Ok(Outcome::Done),
    }
}

/// Why the new cluster may not serve, by the gateway's answer, the smoke tests, and the cluster itself; `None`: it may.
///
/// # Errors
/// When something cannot be looked at.
pub async fn ill(run: &Run, azure: &Azure, answer: &Value) -> Result<Option<String>, StepError> {
    let seen = health(answer, &run.plan.site.pools.candidate, &run.plan.new_slot().addresses);
    if let Some((address, health)) = seen.iter().find(|(_, health)| *health != Some(Health::Healthy)) {
        return Ok(Some(match health {
            Some(Health::Unhealthy) => format!("the gateway finds {address} unhealthy"),
            _ => format!("the gateway does not know {address} yet"),
        }));
    }
    if let Some(why) = smoke(run, azure).await? {
        return Ok(Some(why));
    }
    Ok(match ready(run, azure).await? {
        Ready::No(why) => Some(why),
        Ready::Yes(_) => None,
    })
}

/// Why the smoke tests prove nothing; `None`: each passed, and the gateway leads each to the candidate pool.
async fn smoke(run: &Run, azure: &Azure) -> Result<Option<String>, StepError> {
    let gateway = azure.gateway(&run.plan.site.gateway).await?;
    let public = azure.parts(&public_addresses(&gateway)).await?;
    if let Some(why) = unproved(&run.plan, &gateway, &public) {
        return Ok(Some(why));
    }
    for test in &run.plan.site.smoke_tests {
        if let Err(why) = azure.test(test).await {
            return Ok(Some(why));
        }
    }
    Ok(None)
}
