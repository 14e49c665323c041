//! What a person may do to a run. Each order takes a new hop.
use super::mended::mended;
use super::{Approval, Ending, Following, Run};
use crate::site::VerifiedOnly;
use crate::site::check::Checked;
use crate::step::{Step, Then};
use crate::text::{LONGEST_NAME, LONGEST_REASON, cut};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Map;

/// What a person may say. It is spelt one way everywhere; what was written as `roll_back` before is still read. No document
/// keeps a verb but as a text of its journal, so no older binary has to read the new spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
    #[serde(alias = "roll_back")]
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
            Self::RollBack => "roll-back",
            Self::Finish => "finish",
        }
    }

    /// The verb of this name, or of its old one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.name() == name.replace('_', "-"))
    }
}

/// A verb with what it was decided on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The run that the person saw.
    pub run: String,
    /// What to do.
    pub verb: Verb,
    /// The step that the person saw. Not needed for `roll-back` and `pause`.
    #[serde(default)]
    pub step: Option<Step>,
    /// The stage that the person saw. Not needed for `roll-back` and `pause`.
    #[serde(default)]
    pub stage: Option<usize>,
    /// Who says it.
    #[serde(default)]
    pub by: String,
    /// Whether somebody has proved that it is they. No document says so: whoever takes the order does.
    #[serde(skip)]
    pub verified: bool,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// Go back although the old cluster is not ready.
    #[serde(default)]
    pub force: bool,
    /// `resume` after the emergency way back: which way.
    #[serde(default)]
    pub direction: Option<Direction>,
    /// `resume` with what the published site mends.
    #[serde(default)]
    pub with_site: bool,
}

/// Which way a run goes on after a person used the emergency way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// On with the upgrade, from the present stage.
    Forward,
    /// Back to the old cluster.
    Back,
}

impl Direction {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Forward, Self::Back];

    /// Its one name, as in documents and commands.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Back => "back",
        }
    }
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
    /// The site takes it from a verified name only.
    NotVerified(String),
}

/// Carries out a person's order.
///
/// # Errors
/// When the run has ended, has moved since the person looked, or the order makes no sense now.
pub fn obey(run: &Run, order: &Order, now: Timestamp) -> Result<Run, Refusal> {
    is_current(run, order)?;
    is_verified(run, order)?;
    let mut next = run.next_hop();
    let who = person(order);
    let name = order.verb.name();
    let reason = order.reason.as_ref().map(|reason| cut(reason, LONGEST_REASON));
    let what = reason.map_or_else(|| name.to_owned(), |reason| format!("{name}: {reason}"));
    next.note(&who, &what, run.step, now);
    match order.verb {
        Verb::Pause => pause(run, next, &what, now),
        Verb::Resume => resume(run, next, order.direction, &what, now),
        Verb::Approve => match run.held.as_ref().and_then(|hold| hold.gate.clone()) {
            None => not_now("no gate waits for an approval"),
            Some(gate) => {
                next.0.approved.push(Approval { gate, by: cut(&order.by, LONGEST_NAME), at: now, rest: Map::new() });
                Ok(next.release(now))
            }
        },
        Verb::Promote if run.step.is_watch() && run.held.is_none() => {
            next.0.promoted = true;
            next.0.due = now;
            Ok(next)
        }
        Verb::Promote => not_now("only a watch or a soak under way can be promoted"),
        Verb::Abort | Verb::RollBack => go_back(run, next, order, &what, now),
        Verb::Finish => finish(run, next, now),
    }
}

/// What a person should know before an order is given.
#[must_use]
pub fn beforehand(run: &Run, verb: Verb) -> Option<String> {
    let goes_back = matches!(verb, Verb::Abort | Verb::RollBack) && !run.step.undoes();
    if !goes_back || run.reducing.is_none() {
        return None;
    }
    Some(if run.can_bring_back() {
        "the old cluster is being reduced: it is started and scaled up first, as far as it was, which takes AKS some minutes \
         (5 to 20 for a start) and may fail for want of capacity; until then traffic stays where it is"
            .to_owned()
    } else {
        "the old cluster is being deleted: traffic goes back only if it is still there after 3 min".to_owned()
    })
}

/// Goes on after a hold with what a mended site brings.
///
/// # Errors
/// Like [`obey`], and when the site cannot be brought into the run.
pub fn resume_with(run: &Run, order: &Order, site: &Checked, now: Timestamp) -> Result<Run, Refusal> {
    if run.held.is_none() {
        return not_now("it is not held: a mended site is for a held run");
    }
    let (plan, changes) = mended(run, site).map_err(Refusal::NotNow)?;
    let mut with = run.clone();
    with.0.plan = plan;
    let who = person(order);
    changes.iter().for_each(|change| with.note(&who, &format!("the site was mended: {change}"), run.step, now));
    obey(&with, order, now)
}

fn person(order: &Order) -> String {
    format!("person:{}", if order.by.is_empty() { "unknown" } else { &order.by })
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

/// Whether the site takes the order from whoever gives it.
fn is_verified(run: &Run, order: &Order) -> Result<(), Refusal> {
    let demands = |what| !order.verified && run.plan.site.verified_only.contains(&what);
    let what = match order.verb {
        Verb::Approve if demands(VerifiedOnly::Gates) => "an approval",
        _ if order.force && demands(VerifiedOnly::Force) => "an order with force",
        _ => return Ok(()),
    };
    Err(Refusal::NotVerified(format!(
        "the site takes {what} from a verified name only (verifiedOnly), and nobody has proved this one: show a token, or \
         use `bluegreen {} {}`",
        order.verb.name(),
        run.plan.site.name
    )))
}

fn not_now(why: &str) -> Result<Run, Refusal> {
    Err(Refusal::NotNow(why.to_owned()))
}

fn pause(run: &Run, next: Run, what: &str, now: Timestamp) -> Result<Run, Refusal> {
    if run.step == Step::RestoreTraffic {
        return not_now("the way back of the traffic is never paused");
    }
    if run.held.is_some() {
        return not_now("it is held already");
    }
    Ok(next.pause(what, now))
}

fn resume(run: &Run, mut next: Run, direction: Option<Direction>, what: &str, now: Timestamp) -> Result<Run, Refusal> {
    let Some(hold) = &run.held else { return not_now("it is not held") };
    if run.glass.is_none() {
        return match (&hold.gate, direction) {
            (Some(_), _) => not_now("it waits for an approval: use approve"),
            (None, Some(_)) => not_now("a direction is for a run that the emergency way back has stopped"),
            (None, None) => Ok(next.release(now)),
        };
    }
    next.know_glass();
    match direction {
        None => not_now("a person used the emergency way back: say which way it goes on, forward or back"),
        Some(Direction::Forward) if run.step.undoes() => {
            not_now("it is on its way back: it goes on back, or is finished as it stands")
        }
        Some(Direction::Forward) => {
            let again = if run.step.may_carry_traffic() { Step::ShiftTraffic } else { run.step };
            let mut next = next.release(now).enter(again, run.stage, what, now);
            // What it writes over is what the person wrote, who now says so.
            next.0.others.repairing = !run.keeps_old_rules();
            Ok(next)
        }
        Some(Direction::Back) => {
            // Force that was given before was for another moment.
            (next.0.forced, next.0.unserved) = (false, false);
            Ok(next.release(now).go_back(what, now))
        }
    }
}

fn go_back(run: &Run, mut next: Run, order: &Order, what: &str, now: Timestamp) -> Result<Run, Refusal> {
    if run.waits_for_nodes() {
        if !order.force {
            return not_now(
                "it is on its way back, and waits for the old cluster's nodes and pods: --force leads users there at once",
            );
        }
        next.0.unserved = true;
        next.0.due = now;
        return Ok(next);
    }
    if run.step.undoes() && run.glass.is_none() {
        return forced_on(run, next, order, now);
    }
    if run.keeps_old_rules() && run.is_reducing() {
        return not_now(
            "the old cluster is being retired: with a kept old cluster a request of kind \"return\" goes back",
        );
    }
    next.know_glass();
    next.0.forced = order.force;
    match run.has_no_way_back() {
        Some(lost) if !order.force => Err(Refusal::NotNow(format!(
            "the old cluster could not take the traffic: {lost}. Mend it first, or go back all the same with --force"
        ))),
        Some(lost) => Ok(next.go_back(&format!("{what} (by force, although {lost})"), now)),
        None => Ok(next.go_back(what, now)),
    }
}

/// On its way back already: by force it waits for nothing before the traffic goes.
fn forced_on(run: &Run, mut next: Run, order: &Order, now: Timestamp) -> Result<Run, Refusal> {
    let has_written = matches!(run.following, Some(Following::GatewayWrite { .. }));
    let waits = run.step == Step::RestoreTraffic && !has_written && (run.held.is_some() || run.reducing.is_some());
    match (waits && !run.forced, &run.held, order.force) {
        (false, ..) => not_now("it is on its way back already"),
        (true, Some(hold), false) => Err(Refusal::NotNow(format!(
            "it is on its way back, and held: {}. Mend that and resume, or lead users there all the same with --force",
            hold.why
        ))),
        (true, None, false) => {
            not_now("it is on its way back, and waits for the old cluster: --force leads users there at once")
        }
        (true, hold, true) => {
            next.0.forced = true;
            next.0.due = now;
            Ok(if hold.is_some() { next.release(now) } else { next })
        }
    }
}

/// Ends a run as it stands, wherever it waits for a person or would go on without end. It has come to what its last step leads
/// to, unless somebody wrote over that.
fn finish(run: &Run, next: Run, now: Timestamp) -> Result<Run, Refusal> {
    let why = match &run.held {
        Some(hold) => hold.why.clone(),
        None if run.step == Step::RestoreTraffic => format!("{} was not done", run.step),
        None => return not_now("it is not held: pause it first"),
    };
    let ending = match run.step.row().done {
        Then::End(ending) if run.glass.is_none() && !run.others.overwritten => ending,
        Then::End(_) | Then::Go(_) | Then::NextStageOr(_) => Ending::Finished,
    };
    let stays = run.stays().map_or_else(String::new, |what| format!("; {what}"));
    let ended = next.end(ending, &format!("finished as it stands; it waited, because: {why}{stays}"), now);
    Ok(match run.singletons_in_between() {
        Some(what) => ended.leaving(&what),
        None => ended,
    })
}
