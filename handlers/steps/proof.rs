//! What a step may say of its own gateway write: it counts only when an operation that the step recorded succeeded and a
//! GET made after that shows its mark and the intended members.
use super::acting::Azure;
use super::again_in;
use crate::azure::operations::Progress;
use crate::resources::gateway::{Drift, Gateway, Members, is_unmarked};
use crate::run::{Fact, Following, Mark, Outcome, Run, StepError, StepResult, Waiting};
use jiff::SignedDuration;
use std::time::Duration;

/// A write that nobody recorded is over so long after it may have been accepted.
const A_WRITE_LASTS: SignedDuration = SignedDuration::from_secs(90);
/// From saying that the gateway will be written to writing it.
const AT_ONCE: Duration = Duration::from_secs(1);

/// How it stands with the writes that the step recorded.
pub enum Proof {
    /// One is under way.
    InFlight(Option<Duration>),
    /// One is in force and shown; and what else is not as it was written.
    Proved(Mark, Option<String>),
    /// There is no write, or it did not take effect, or another write of this run lies over it: write (again).
    Missing(Gateway, String),
    /// A person used the emergency way back.
    GlassBroken(Mark),
    /// It took effect, and then somebody else wrote.
    Overwritten(Gateway, Drift),
}

/// Which of our pools a step cannot do without.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Every one.
    All,
    /// Those that carry users' traffic: nothing depends on the candidate pool.
    Live,
    /// Those that are there: on the way back what is missing keeps nothing else from being put right.
    WhatIsThere,
}

impl Needs {
    /// What must be seen.
    fn seen(self, run: &Run, gateway: &Gateway, members: &Members) -> Members {
        let is_live = |pool: &str| run.plan.site.pools.is_live(pool);
        let is_needed = |pool: &str| match self {
            Self::All => true,
            Self::Live => is_live(pool),
            // Without any of those that carry users' traffic nothing is proved.
            Self::WhatIsThere => gateway.pool(pool).is_some() || (is_live(pool) && !has_live(run, gateway)),
        };
        members.iter().filter(|(pool, _)| is_needed(pool)).cloned().collect()
    }

    /// What is written.
    pub fn written(self, run: &Run, gateway: &Gateway, members: &Members) -> Members {
        let is_written = |pool: &str| match self {
            Self::All => true,
            Self::Live => run.plan.site.pools.is_live(pool) || gateway.pool(pool).is_some(),
            Self::WhatIsThere => gateway.pool(pool).is_some(),
        };
        members.iter().filter(|(pool, _)| is_written(pool)).cloned().collect()
    }
}

/// Whether any of the pools that carry users' traffic is there.
pub fn has_live(run: &Run, gateway: &Gateway) -> bool {
    run.plan.site.pools.live.iter().any(|pool| gateway.pool(pool).is_some())
}

/// Looks at the recorded writes, and only after them at the gateway.
pub async fn proof(run: &Run, azure: &Azure, members: &Members, needs: Needs) -> Result<Proof, StepError> {
    let (mut succeeded, mut known, mut why) = (vec![], vec![], "not written yet".to_owned());
    for (operation, mark) in run.following.iter().flat_map(Following::writes) {
        known.push(mark);
        match azure.look(operation).await? {
            Progress::InProgress(again_in) => return Ok(Proof::InFlight(again_in)),
            Progress::Succeeded(_) => succeeded.push(mark),
            Progress::Gone => "nobody knows our write any more".clone_into(&mut why),
            Progress::Failed { code, message, .. } => why = format!("our write did not take effect: {code}: {message}"),
        }
    }
    let gateway = azure.gateway(&run.plan.site.gateway).await?;
    if let Some(mark) = run.new_glass(&gateway) {
        return Ok(Proof::GlassBroken(mark));
    }
    let differs = gateway.differs(&needs.seen(run, &gateway, members));
    let (found, of_this_run) = (gateway.mark(), run.has_marked(&gateway));
    let ours = succeeded.iter().find(|mark| found == Some(mark.as_str()) || is_unmarked(mark));
    Ok(match (ours, differs) {
        (Some(mark), None) => Proof::Proved((*mark).clone(), run.changed_meanwhile(&gateway)),
        (Some(_), Some(changed)) => Proof::Overwritten(
            gateway,
            Drift::Members(format!("somebody kept our mark and changed our pools ({changed})")),
        ),
        (None, None) if of_this_run && is_unrecorded(run, found, &known) && may_be_under_way(run, azure) => {
            Proof::InFlight(None)
        }
        (None, _) if of_this_run && !succeeded.is_empty() => {
            Proof::Missing(gateway, "an older write of this run lies over it".into())
        }
        // Nothing of ours was written in this step, or it did not take effect, and nobody else wrote.
        (None, _) if known.is_empty() || of_this_run => Proof::Missing(gateway, why),
        (None, None) => Proof::Overwritten(gateway, Drift::Mark("our mark is gone from the gateway".into())),
        (None, Some(changed)) => {
            Proof::Overwritten(gateway, Drift::Members(format!("our mark is gone from the gateway ({changed})")))
        }
    })
}

/// Whether an invocation of this run wrote that, and could not record it.
fn is_unrecorded(run: &Run, found: Option<&str>, known: &[&Mark]) -> bool {
    found != run.in_force.as_deref() && known.iter().all(|mark| found != Some(mark.as_str()))
}

/// Such a write is waited for as long as a write lasts, from the first look that found the step.
fn may_be_under_way(run: &Run, azure: &Azure) -> bool {
    run.quiet_from.is_none_or(|from| azure.now().duration_since(from) < A_WRITE_LASTS)
}

/// Writes the gateway. That it will be written at all is said, and saved, a hop before the first time.
pub async fn write(run: &Run, azure: &Azure, gateway: &Gateway, members: &Members, said: String) -> StepResult {
    if !run.may_have_written() {
        let waiting = Waiting::because("the gateway will be written from now on");
        return Ok(Outcome::NotYet(Waiting { again_in: Some(AT_ONCE), facts: vec![Fact::Writes], ..waiting }));
    }
    // Nothing comes between the last look and the write: what others change meanwhile would be lost.
    let permit = azure.permit().await?;
    let now = match azure.gateway_now(&run.plan.site.gateway).await {
        Ok(now) => now,
        // The way back does not wait for a second look.
        Err(_) if run.step.undoes() => gateway.clone(),
        Err(error) => return Err(error),
    };
    if let Some(mark) = run.new_glass(&now) {
        return Ok(Outcome::GlassBroken(mark));
    }
    if !run.step.undoes() && !looks_the_same(run, gateway, &now) {
        return again_in("the gateway was changed just before it was to be written", Some(AT_ONCE));
    }
    if !run.step.undoes() && !now.has_room_for_a_mark() {
        // What serves well is no reason to go back.
        let why = "the gateway has 50 tags, and no room for our mark, by which a write is proved: take one of them off, and resume";
        return Ok(Outcome::Hold(why.to_owned()));
    }
    let write = azure.writer.write_gateway(permit, run, &now, members).await?;
    let wrote = Fact::Wrote(now.beside(|pool| run.plan.site.pools.is_ours(pool)));
    Ok(Outcome::NotYet(Waiting { following: Some(write), facts: vec![wrote], ..Waiting::because(said) }))
}

/// Whether all that was judged still holds.
fn looks_the_same(run: &Run, seen: &Gateway, now: &Gateway) -> bool {
    let is_ours = |pool: &str| run.plan.site.pools.is_ours(pool);
    let live = &run.plan.site.pools.live;
    (seen.mark(), seen.is_updating()) == (now.mark(), now.is_updating())
        && seen.members_of(is_ours) == now.members_of(is_ours)
        && seen.leads(live) == now.leads(live)
}
