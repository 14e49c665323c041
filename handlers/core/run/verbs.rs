//! What a person may do to a run. Each order takes a new hop.
use super::{Approval, Ending, Run};
use crate::step::Step;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Map;

/// What a person may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Stop advancing. Thresholds are still judged.
    Pause,
    /// Go on.
    Resume,
    /// Open the gate, after one more look of the step before it.
    Approve,
    /// End the present watch or soak now.
    Promote,
    /// Turn back wherever the run is.
    Abort,
    /// Bring the traffic back.
    RollBack,
    /// End a held clean-up as it stands.
    Finish,
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Pause, Self::Resume, Self::Approve, Self::Promote, Self::Abort, Self::RollBack, Self::Finish];

    /// Its one name, as in documents and commands.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Approve => "approve",
            Self::Promote => "promote",
            Self::Abort => "abort",
            Self::RollBack => "roll_back",
            Self::Finish => "finish",
        }
    }

    /// The verb of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.name() == name)
    }
}

/// A verb with what it was decided on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The run that the person saw.
    pub run: String,
    /// What to do.
    pub verb: Verb,
    /// The step that the person saw. Not needed for `roll_back` and `pause`.
    #[serde(default)]
    pub step: Option<Step>,
    /// The stage that the person saw. Not needed for `roll_back` and `pause`.
    #[serde(default)]
    pub stage: Option<usize>,
    /// Who says it.
    #[serde(default)]
    pub by: String,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Why an order was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The run has ended so.
    Ended(Ending),
    /// The run is no longer where the person saw it.
    Moved(String),
    /// It cannot be done now.
    NotNow(String),
}

/// Carries out a person's order.
///
/// # Errors
/// When the run has ended, has moved since the person looked, or the order makes no sense now.
pub fn obey(run: &Run, order: &Order, now: Timestamp) -> Result<Run, Refusal> {
    is_current(run, order)?;
    let mut next = run.next_hop();
    let who = format!("person:{}", if order.by.is_empty() { "unknown" } else { &order.by });
    let name = order.verb.name();
    let what = order.reason.as_ref().map_or_else(|| name.to_owned(), |reason| format!("{name}: {reason}"));
    next.note(&who, &what, run.step, now);
    match order.verb {
        Verb::Pause => pause(run, next, what, now),
        Verb::Resume => match &run.held {
            None => not_now("it is not held"),
            Some(hold) if hold.gate.is_some() => not_now("it waits for an approval: use approve"),
            Some(_) => Ok(next.release(now)),
        },
        Verb::Approve => match run.held.as_ref().and_then(|hold| hold.gate.clone()) {
            None => not_now("no gate waits for an approval"),
            Some(gate) => {
                next.0.approved.push(Approval { gate, by: order.by.clone(), at: now, rest: Map::new() });
                Ok(next.release(now))
            }
        },
        Verb::Promote => match run.step {
            Step::ConfirmTraffic | Step::Soak if run.held.is_none() => {
                next.0.promoted = true;
                next.0.due = now;
                Ok(next)
            }
            _ => not_now("only a watch or a soak under way can be promoted"),
        },
        Verb::Abort | Verb::RollBack => match run.step {
            _ if run.is_retiring() => not_now(
                "the old cluster is being retired: with a kept old cluster a request of kind \"return\" goes back",
            ),
            Step::RestoreTraffic | Step::DeleteNewCluster => not_now("it is on its way back already"),
            _ => Ok(next.turn_back(&what, now)),
        },
        Verb::Finish => finish(run, next, now),
    }
}

/// Whether the order means this run, and the place where it is.
fn is_current(run: &Run, order: &Order) -> Result<(), Refusal> {
    if order.run != run.id {
        return Err(Refusal::Moved(format!("the site's run is {}, not {}", run.id, order.run)));
    }
    if let Some(ending) = run.ending {
        return Err(Refusal::Ended(ending));
    }
    let names_place = !matches!(order.verb, Verb::RollBack | Verb::Pause);
    if names_place && (order.step, order.stage) != (Some(run.step), Some(run.stage)) {
        return Err(Refusal::Moved(format!(
            "the run is at step {}, stage {}; the order must name them",
            run.step, run.stage
        )));
    }
    Ok(())
}

fn not_now(why: &str) -> Result<Run, Refusal> {
    Err(Refusal::NotNow(why.to_owned()))
}

fn pause(run: &Run, next: Run, what: String, now: Timestamp) -> Result<Run, Refusal> {
    if run.step == Step::RestoreTraffic {
        return not_now("the way back of the traffic is never paused");
    }
    if run.held.is_some() {
        return not_now("it is held already");
    }
    let mut next = next.hold(what, now);
    if let Some(hold) = &mut next.0.held {
        hold.paused = true;
    }
    Ok(next)
}

fn finish(run: &Run, next: Run, now: Timestamp) -> Result<Run, Refusal> {
    let ending = match run.step {
        Step::RetireOldCluster => Ending::Upgraded,
        Step::DeleteNewCluster => Ending::RolledBack,
        _ => return not_now("only a held RetireOldCluster or DeleteNewCluster can be finished"),
    };
    match &run.held {
        None => not_now("only a held RetireOldCluster or DeleteNewCluster can be finished"),
        Some(hold) => Ok(next.end(ending, &format!("finished as it stands, left over: {}", hold.why), now)),
    }
}
