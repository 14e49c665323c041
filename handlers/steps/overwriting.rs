//! Before a step on the way forward writes the gateway: is there what it believes to write over?
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

/// Somebody else wrote over what is ours: what that is, when their write is over.
#[must_use]
pub fn overwritten(run: &Run, gateway: &Gateway, drift: Drift) -> Outcome {
    if run.others_write(gateway) { others_write() } else { drifted(drift) }
}

/// Somebody else wrote.
#[must_use]
pub fn drifted(drift: Drift) -> Outcome {
    match drift {
        Drift::Members(why) => Outcome::Drifted(why),
        Drift::Mark(why) => Outcome::MarkLost(why),
    }
}

/// Their write is waited for.
#[must_use]
pub fn others_write() -> Outcome {
    let why = "somebody else is writing the gateway: waiting until that is over";
    Outcome::NotYet(Waiting { facts: vec![Fact::OthersWrite], ..Waiting::because(why) })
}
