//! Who else writes the gateway: is it as the run left it, and is there what a step on the way forward believes to write over?
use crate::resources::gateway::{Drift, Gateway};
use crate::run::others::MOST_WRITES;
use crate::run::{Fact, Outcome, Run, Waiting};

/// What a step does instead of writing the gateway, as it was just read; `None`: it writes.
#[must_use]
pub fn instead(run: &Run, gateway: &Gateway) -> Option<Outcome> {
    if let Some(why) = run.led_elsewhere(gateway) {
        return Some(Outcome::LedElsewhere(why));
    }
    if run.others_write(gateway) {
        return Some(others_write());
    }
    if let Some(drift) = run.overwrites(gateway) {
        return Some(drifted(drift));
    }
    let times = run.others.wrote.map_or(0, |wrote| wrote.times);
    (times >= MOST_WRITES).then(|| {
        let why = format!("{times} writes of the gateway in this step did not stay in force");
        Outcome::Hold(format!("{why}: see in its activity log who else writes it, and resume"))
    })
}

/// Why the gateway is not as the run left it; `None` when it is. Of our pools only those count that users depend on.
#[must_use]
pub fn drift(run: &Run, gateway: &Gateway) -> Option<Drift> {
    if let Some(members) = gateway.differs(&run.intended_live()) {
        return Some(Drift::Members(members));
    }
    if run.in_force.is_some() && gateway.mark() == run.in_force.as_deref() {
        return None;
    }
    let why = format!("the gateway carries the mark {:?}, not that of our last write", gateway.mark());
    // An older write of ours may lie over the newer one: then its members are not those that were seen.
    Some(if run.has_marked(gateway) { Drift::Members(why) } else { Drift::Mark(why) })
}

/// What a step says when the gateway is not as the run left it, or does not lead users as it did; `None`: it is, and does.
#[must_use]
pub fn not_as_left(run: &Run, gateway: &Gateway) -> Option<Outcome> {
    if let Some(why) = run.led_elsewhere(gateway) {
        return Some(Outcome::LedElsewhere(why));
    }
    Some(overwritten(run, gateway, drift(run, gateway)?))
}

/// Somebody else wrote over what is ours: what that is, when their write is over.
#[must_use]
pub fn overwritten(run: &Run, gateway: &Gateway, drift: Drift) -> Outcome {
    if run.others_write(gateway) { others_write() } else { drifted(drift) }
}

fn drifted(drift: Drift) -> Outcome {
    match drift {
        Drift::Members(why) => Outcome::Drifted(why),
        Drift::Mark(why) => Outcome::MarkLost(why),
    }
}

/// Their write is waited for.
fn others_write() -> Outcome {
    let why = "somebody else is writing the gateway: waiting until that is over";
    Outcome::NotYet(Waiting { facts: vec![Fact::OthersWrite], ..Waiting::because(why) })
}
