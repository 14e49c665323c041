//! Looks at the traffic of a stage: is the gateway as we left it, and are its members healthy?
use crate::azure::Reader;
use crate::azure::operations::Progress;
use crate::resources::gateway::{Gateway, Health, health};
use crate::run::{Following, Run, StepError};
use serde_json::Value;
use std::net::Ipv4Addr;
use std::time::Duration;

/// What a watch sees.
pub enum Seen {
    /// The gateway is as we left it, and every member that should serve is healthy.
    Well,
    /// It was asked for its health, and has not answered yet.
    Asked(Following),
    /// It is still looking.
    Looking(Option<Duration>),
    /// Neither well nor ill.
    Inconclusive(String),
    /// Somebody else wrote.
    Drifted(String),
    /// A person used the emergency way back.
    GlassBroken,
    /// The new cluster is ill.
    Breached(String),
}

/// Why the gateway is not as the run left it; `None` when it is.
#[must_use]
pub fn drift(run: &Run, gateway: &Gateway) -> Option<String> {
    if !gateway.shows(&run.intended()) {
        return Some("the members of our pools are not the intended ones".into());
    }
    match (&run.in_force, gateway.mark()) {
        (Some(ours), Some(found)) if ours == found => None,
        (_, found) => Some(format!("the gateway carries the mark {found:?}, not that of our last write")),
    }
}

/// Looks at the gateway and, in turns, asks for and reads its health.
///
/// # Errors
/// When something cannot be looked at.
pub async fn watch(run: &Run, reader: &Reader) -> Result<Seen, StepError> {
    let gateway = reader.gateway(&run.plan.site.gateway).await?;
    if gateway.is_glass_broken() {
        return Ok(Seen::GlassBroken);
    }
    if let Some(why) = drift(run, &gateway) {
        return Ok(Seen::Drifted(why));
    }
    let Some(Following::HealthQuestion(asked)) = &run.following else {
        return Ok(Seen::Asked(ask(run, reader).await?));
    };
    match reader.look(asked).await? {
        Progress::InProgress(again_in) => Ok(Seen::Looking(again_in)),
        Progress::Succeeded(answer) => Ok(judge(run, &answer)),
        Progress::Gone | Progress::Failed { .. } => Ok(Seen::Asked(ask(run, reader).await?)),
    }
}

/// Asks the gateway for its backends' health.
///
/// # Errors
/// When it was not accepted.
pub async fn ask(run: &Run, reader: &Reader) -> Result<Following, StepError> {
    Ok(Following::question(reader.ask_health(&run.plan.site.gateway).await?))
}

/// Judges what the gateway says of the members of the live pools.
#[must_use]
pub fn judge(run: &Run, answer: &Value) -> Seen {
    let (old, new) = (&run.plan.old_slot().addresses, &run.plan.new_slot().addresses);
    let Some(stage) = run.plan.stages.get(run.stage) else { return Seen::Inconclusive("no such stage".into()) };
    let (mut ill, mut old_ill, mut unknown) = (vec![], vec![], vec![]);
    for pool in &run.plan.site.pools.live {
        for (address, seen) in health(answer, pool, &stage.members) {
            match seen {
                Some(Health::Healthy) => {}
                Some(Health::Unhealthy) if new.contains(&address) => ill.push(address),
                Some(Health::Unhealthy) if old.contains(&address) => old_ill.push(address),
                Some(Health::Unhealthy | Health::Unknown) | None => unknown.push(address),
            }
        }
    }
    let list = |addresses: &[Ipv4Addr]| addresses.iter().map(Ipv4Addr::to_string).collect::<Vec<_>>().join(", ");
    if !ill.is_empty() && !old_ill.is_empty() {
        // A shared cause: going back would help nobody, and might start a ping-pong.
        return Seen::Inconclusive(format!(
            "members of both clusters are unhealthy: {}; {}",
            list(&ill),
            list(&old_ill)
        ));
    }
    if !ill.is_empty() {
        return Seen::Breached(format!("the gateway finds the new cluster unhealthy at {}", list(&ill)));
    }
    if !old_ill.is_empty() {
        return Seen::Inconclusive(format!("the gateway finds the old cluster unhealthy at {}", list(&old_ill)));
    }
    if unknown.is_empty() { Seen::Well } else { Seen::Inconclusive(format!("no health yet of {}", list(&unknown))) }
}
