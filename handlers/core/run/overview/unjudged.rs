//! Why nobody judges whether users are served well: what they get is not what the run gave them. Pure.
use crate::resources::gateway::{Gateway, Members};
use crate::run::Run;
use crate::step::{self, Step};

/// The reason, by the gateway as it is seen, else by what the run was told; `None`: it is the run's traffic.
pub(super) fn unjudged(run: &Run, gateway: Option<&Gateway>) -> Option<String> {
    if run.glass.is_some() {
        return Some("a person used the emergency way back, and has not said how it goes on".to_owned());
    }
    let Some(gateway) = gateway else { return as_told(run) };
    run.led_elsewhere(gateway).or_else(|| {
        let differs = gateway.differs(&left(run)?)?;
        Some(format!("the live pools are not as the run left them: {differs}"))
    })
}

fn as_told(run: &Run) -> Option<String> {
    let overwritten = run.held.is_some() && run.others.overwritten;
    run.others.told.clone().or_else(|| overwritten.then(|| "the gateway is not as the run left it".to_owned()))
}

/// The live pools' members as the run left them; `None`: it is about to write them, or does.
fn left(run: &Run) -> Option<Members> {
    let writes = run.following.as_ref().is_some_and(|following| following.writes().next().is_some());
    if writes || run.keeps_old_rules() {
        return None;
    }
    let members = match (run.step.row().traffic, run.step) {
        (_, Step::ShiftTraffic | Step::RestoreTraffic) => return None,
        (step::Traffic::Moved, _) => run.intended(),
        (step::Traffic::Untouched | step::Traffic::Offered | step::Traffic::Back, _) => run.plan.before(),
    };
    Some(members.into_iter().filter(|(pool, _)| run.plan.site.pools.is_live(pool)).collect())
}
