//! All traffic is on the old cluster, and the candidate pool is empty.
use super::acting::Azure;
use super::bring_back::{Until, bring_back, nodes_follow};
use super::proof::{Needs, Proof, has_live, proof, write};
use super::{again_in, not_yet};
use crate::resources::gateway::Gateway;
use crate::run::others::BETWEEN_WRITES;
use crate::run::{Outcome, Run, StepResult};
use std::time::Duration;

/// All traffic is on the old cluster, and the candidate pool is empty.
///
/// The first write never waits, not even for a write of ours in flight, which it supersedes: entering the step cleared
/// the recorded operation. Nothing of the new cluster is needed. An old cluster that this run has reduced is brought back
/// first, while the new one carries what it can: started, and given its nodes, unless the new one serves nobody any more.
pub async fn restore_traffic(run: &Run, azure: &Azure) -> StepResult {
    if !run.may_have_written() {
        // Nothing of ours was ever on its way to the gateway: there is nothing to undo, and no reason to touch it.
        return Ok(Outcome::Done);
    }
    // That may take long: a person may have used the emergency way back meanwhile.
    if run.reducing.is_some()
        && let Some(mark) = run.new_glass(&azure.gateway(&run.plan.site.gateway).await?)
    {
        return Ok(Outcome::GlassBroken(mark));
    }
    let until = if run.unserved || run.forced { Until::Runs } else { Until::HasItsNodes };
    if let Some(waiting) = bring_back(run, azure, until).await? {
        return Ok(waiting);
    }
    let members = run.plan.before();
    let (gateway, why) = match proof(run, azure, &members, Needs::WhatIsThere).await? {
        Proof::Proved(mark, changed) => {
            let growing = if until == Until::Runs { nodes_follow(run, azure).await? } else { None };
            return Ok(growing.unwrap_or(Outcome::Proved(mark, changed)));
        }
        Proof::InFlight(again) => return again_in("the gateway is being updated", again),
        Proof::GlassBroken(mark) => return Ok(Outcome::GlassBroken(mark)),
        // On the way back every foreign change is put right again, for ever: the deadline calls a person.
        Proof::Overwritten(gateway, drift) => match too_soon(run, azure) {
            Some(rest) => return again_in(format!("{drift}; it is written over again in a while"), Some(rest)),
            None => (gateway, drift.to_string()),
        },
        // Others who wrote the same members over our write lead nobody elsewhere.
        Proof::Missing(gateway, why) => match too_soon(run, azure).filter(|_| not_back(run, &gateway).is_none()) {
            Some(rest) => {
                return again_in(format!("{why}; users are back, and it is written again in a while"), Some(rest));
            }
            None => (gateway, why),
        },
    };
    if !has_live(run, &gateway) {
        let pools = run.plan.site.pools.live.join(", ");
        return not_yet(format!(
            "the gateway has none of the pools {pools} any more: make them again, and traffic goes back"
        ));
    }
    let written = Needs::WhatIsThere.written(run, &gateway, &members);
    let said = format!("all traffic for {} was requested ({why})", run.plan.old.name());
    write(run, azure, &gateway, &written, said).await
}

/// What of the pools that carry users' traffic, as far as they are there, leads users elsewhere; `None`: all are back.
pub(super) fn not_back(run: &Run, gateway: &Gateway) -> Option<String> {
    let is_there = |pool: &str| run.plan.site.pools.is_live(pool) && gateway.pool(pool).is_some();
    let live: Vec<_> = run.plan.before().into_iter().filter(|(pool, _)| is_there(pool)).collect();
    gateway.differs(&live)
}

/// Who else writes is written over, but not without end in a minute: how long until then.
fn too_soon(run: &Run, azure: &Azure) -> Option<Duration> {
    let last = run.others.wrote?.last;
    let rest = BETWEEN_WRITES - azure.now().duration_since(last);
    rest.is_positive().then(|| rest.unsigned_abs())
}
