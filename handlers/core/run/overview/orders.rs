//! What can be ordered now: `obey` itself is asked, so that what is shown is what would happen. And what to do next.
use super::requests::RequestSeen;
use crate::run::readiness::Ready;
use crate::run::verbs::{Direction, Order, Refusal, Verb, obey};
use crate::run::{Ending, Run};
use crate::site::Gate;
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

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Next {
    /// The command.
    pub command: String,
    /// When, or why.
    pub why: String,
}

impl Next {
    fn new(command: String, why: &str) -> Self {
        Self { command, why: why.to_owned() }
    }
}

/// Every verb.
pub(super) fn all(run: &Run, now: Timestamp) -> Vec<OrderSeen> {
    Verb::ALL.into_iter().map(|verb| one(run, verb, now)).collect()
}

fn one(run: &Run, verb: Verb, now: Timestamp) -> OrderSeen {
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
    let (old, new) = (run.plan.old.name(), run.plan.new_colour().name());
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
        Verb::Abort | Verb::RollBack if has_moved(run) => {
            format!("all traffic goes back to {old} with one write of the gateway, then {new} is taken away")
        }
        Verb::Abort | Verb::RollBack => format!("{old} keeps all traffic, and what was made of {new} is taken away"),
        Verb::Finish => {
            "the run ends as it stands: nothing is written or deleted any more, what is left over is named".into()
        }
    }
}

/// Whether traffic may have moved, and is not on its way back.
fn has_moved(run: &Run) -> bool {
    (run.moved || run.step.may_carry_traffic()) && !run.step.undoes()
}

/// What to do next, the likeliest first.
pub(super) fn next(
    site: &str,
    run: Option<&Run>,
    refused: &[RequestSeen],
    waiting: &[RequestSeen],
    now: Timestamp,
) -> Vec<Next> {
    let mut next = vec![];
    if let Some(run) = run.filter(|run| run.ending.is_none()) {
        next.extend(of_run(site, run, now));
    }
    for dead in refused.iter().filter(|request| request.is_dead_letter()).take(1) {
        let id = dead.id.as_deref().unwrap_or("ID");
        next.push(Next::new(format!("bluegreen dead-letters show {id}"), "what could not be handled, and why"));
        next.push(Next::new(format!("bluegreen dead-letters redrive {id}"), "once its cause is mended"));
    }
    if let Some(request) = refused.iter().find(|request| !request.is_dead_letter()) {
        let version = request.version.as_deref().unwrap_or("VERSION");
        let kind = match request.kind {
            crate::plan::Kind::Upgrade => format!(" {version}"),
            kind => format!(" --kind {}", kind.name()),
        };
        next.push(Next::new(format!("bluegreen plan {site}{kind}"), "what would be refused now, without a run"));
        next.push(Next::new(format!("bluegreen start {site}{kind}"), "again, once the reason is mended"));
    }
    if !waiting.is_empty() {
        next.push(Next::new("bluegreen status".into(), "which runs are under way; it is asked again every 5 min"));
    }
    if let Some(run) = run.filter(|run| run.ending.is_some()) {
        next.extend(after_end(site, run));
    }
    if next.is_empty() {
        next.push(Next::new(format!("bluegreen start {site} latest-patch"), "nothing is under way"));
    }
    next
}

fn of_run(site: &str, run: &Run, now: Timestamp) -> Vec<Next> {
    let order = |verb: Verb, why: &str| {
        let seen = one(run, verb, now);
        seen.possible.then(|| Next::new(seen.command, why))
    };
    let watch = Next::new(format!("bluegreen status {site} --watch"), "nothing needs to be done: it goes on by itself");
    let Some(hold) = &run.held else {
        let unclear = run.unclear.is_some();
        let back = order(Verb::RollBack, if unclear { "if users suffer" } else { "if you want it back" });
        return [Some(watch), back].into_iter().flatten().collect();
    };
    if run.glass.is_some() {
        let resume = |direction: &str, why| Next::new(format!("bluegreen resume {site} --direction {direction}"), why);
        let forward = (!run.step.undoes()).then(|| resume("forward", "on with the upgrade from the present stage"));
        let back = Some(resume("back", "back to the old cluster"));
        return [back, forward, order(Verb::Finish, "as it stands")].into_iter().flatten().collect();
    }
    let lost = run.readiness.as_ref().is_some_and(|known| known.state == Ready::NotReady);
    let first = match hold {
        hold if hold.paused => order(Verb::Resume, "it goes on"),
        hold if hold.gate.is_some() => order(Verb::Approve, "the gate opens after one more look"),
        _ if lost => order(Verb::Resume, "once the old cluster is mended; it is looked at each minute"),
        _ => order(Verb::Resume, "once the cause is mended"),
    };
    let back =
        order(Verb::RollBack, if lost { "all the same, if you know better than the probes" } else { "to go back" });
    let finish = order(Verb::Finish, "it ends as it stands");
    let why = Next::new(format!("bluegreen why {site}"), "with the whole evidence");
    [first, back, finish, Some(why)].into_iter().flatten().collect()
}

fn after_end(site: &str, run: &Run) -> Vec<Next> {
    let show = Next::new(format!("bluegreen show {}", run.id), "what happened");
    match run.ending {
        Some(Ending::Upgraded) | None => {
            vec![Next::new(format!("bluegreen serving {site}"), "where to deploy from now on"), show]
        }
        Some(Ending::Rejected | Ending::RolledBack | Ending::Finished) => {
            let again = format!("bluegreen start {site} {}", run.plan.version);
            vec![show, Next::new(again, "again, once the cause is mended")]
        }
    }
}
