//! What can be ordered now: `obey` itself is asked, so that what is shown is what would happen. Pure.
use crate::run::Run;
use crate::run::verbs::{Direction, Order, Refusal, Verb, obey};
use crate::site::Gate;
use crate::step::Step;
use jiff::Timestamp;
use serde::Serialize;

/// A verb, and whether it would be obeyed now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderSeen {
    /// The verb.
    pub verb: Verb,
    /// Whether it would be obeyed.
    pub possible: bool,
    /// Why not; or, where only with `--force`, what speaks against it.
    pub why_not: Option<String>,
    /// What it would do.
    pub does: String,
    /// The command, with what it needs.
    pub command: String,
}

/// Every verb.
pub(super) fn all(run: &Run, now: Timestamp) -> Vec<OrderSeen> {
    Verb::ALL.into_iter().map(|verb| one(run, verb, now)).collect()
}

pub(super) fn one(run: &Run, verb: Verb, now: Timestamp) -> OrderSeen {
    let site = &run.plan.site.name;
    let plain = asked(run, verb, false, None);
    let variants = [
        (plain.clone(), ""),
        (asked(run, verb, false, Some(Direction::Back)), " --direction back"),
        (asked(run, verb, false, Some(Direction::Forward)), " --direction forward"),
        (asked(run, verb, true, None), " --force"),
    ];
    let why_not = obey(run, &plain, now).err().map(in_words);
    let usable = variants.iter().find(|(order, _)| obey(run, order, now).is_ok());
    OrderSeen {
        verb,
        possible: usable.is_some(),
        why_not,
        does: will(run, verb),
        command: format!("bluegreen {} {site}{}", verb.name(), usable.map_or("", |(_, flag)| flag)),
    }
}

fn asked(run: &Run, verb: Verb, force: bool, direction: Option<Direction>) -> Order {
    Order {
        run: run.id.clone(),
        verb,
        step: Some(run.step),
        stage: Some(run.stage),
        by: "somebody".into(),
        verified: true,
        reason: None,
        force,
        direction,
        with_site: false,
    }
}

fn in_words(refusal: Refusal) -> String {
    match refusal {
        Refusal::Ended(ending) => format!("the run has ended: {}", ending.words()),
        Refusal::Moved(why) | Refusal::NotNow(why) | Refusal::NotVerified(why) => why,
    }
}

/// What an order would do, before it is given.
#[must_use]
pub fn will(run: &Run, verb: Verb) -> String {
    match verb {
        Verb::Pause => {
            "it stops advancing; traffic stays where it is, is watched, and goes back when it is breached".into()
        }
        Verb::Resume => "it goes on from where it is, with a new look".into(),
        Verb::Approve => match run.held.as_ref().and_then(|hold| hold.gate.as_ref()) {
            Some(Gate { before, .. }) => format!("the gate before {before} opens, after one more look of {}", run.step),
            None => "the gate at which it waits opens, after one more look".into(),
        },
        Verb::Promote => "the present watch or soak ends now, at the next look that finds the traffic healthy".into(),
        Verb::Abort | Verb::RollBack => goes_back(run),
        Verb::Finish => {
            "the run ends as it stands: nothing is written or deleted any more, what is left over is named".into()
        }
    }
}

/// What really moves on the way back.
fn goes_back(run: &Run) -> String {
    let (old, new) = (run.plan.old.name(), run.plan.new_colour().name());
    let has_moved = run.moved || run.step.may_carry_traffic();
    match run.step {
        Step::RestoreTraffic if has_moved && run.glass.is_none() => format!(
            "all users go at once from {new} to {old}, which is not whole: it may be too small for them, or not serve at \
             all; then {new} is taken away"
        ),
        step if has_moved && (step != Step::DeleteNewCluster || run.glass.is_some()) => {
            format!("all traffic goes back to {old} with one write of the gateway, then {new} is taken away")
        }
        _ if run.glass.is_some() => {
            format!("what was made of {new} is taken away, once the gateway leads all traffic to {old}")
        }
        _ => format!("{old} keeps all traffic, and what was made of {new} is taken away"),
    }
}
