//! How a run stands, why it waits, and by which evidence.
use super::unjudged::unjudged;
use crate::resources::gateway::Gateway;
use crate::run::journal::said;
use crate::run::readiness::Ready;
use crate::run::watchers::MOST_DEAD_LETTERS;
use crate::run::{Entry, Following, Level, Run};
use crate::step::Step;
use jiff::Timestamp;
use serde::Serialize;

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// It goes on by itself.
    Moves,
    /// It goes back by itself.
    TurnsBack,
    /// It waits for a person.
    Held,
    /// A person has paused it.
    Paused,
    /// It is over.
    Ended,
}

impl State {
    pub(super) fn of(run: &Run) -> Self {
        match (&run.held, run.ending) {
            (_, Some(_)) => Self::Ended,
            (Some(hold), None) if hold.paused => Self::Paused,
            (Some(_), None) => Self::Held,
            (None, None) if run.step.undoes() => Self::TurnsBack,
            (None, None) => Self::Moves,
        }
    }

    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Moves => "goes on by itself",
            Self::TurnsBack => "goes back by itself",
            Self::Held => "HELD: waits for a person",
            Self::Paused => "PAUSED by a person",
            Self::Ended => "has ended",
        }
    }
}

/// Why a run waits.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Waits {
    /// In a sentence.
    pub why: String,
    /// What shows it: lines of the journal, operations of Azure, what was counted.
    pub evidence: Vec<String>,
    /// What somebody was told of last.
    pub called: Option<Called>,
}

/// A line of the journal of which somebody was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Called {
    /// The line's number.
    pub number: u32,
    /// When.
    pub at: Timestamp,
    /// How loudly.
    pub level: Level,
    /// By what the same cause is known again.
    pub cause: Option<String>,
    /// What was said.
    pub what: String,
}

/// Whether the traffic is well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Traffic {
    /// What is known.
    pub state: TrafficState,
    /// The reason, or what was seen.
    pub why: String,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// What is known of the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum TrafficState {
    /// The last look found every member that carries traffic healthy.
    Well,
    /// Nobody can tell, or nobody judges it: users do not get what the run gave them.
    Unclear,
    /// The new cluster is ill, and going back would help nobody.
    Ill,
    /// The run does not watch it at this step, or has not looked yet.
    NotAsked,
}

impl Waits {
    pub(super) fn of(run: &Run, now: Timestamp) -> Self {
        let (why, line) = match (&run.held, run.ending) {
            (_, Some(_)) => (last(run).map_or_else(String::new, |(_, entry)| entry.what.clone()), last(run)),
            (Some(hold), None) => (hold.why.clone(), newest(run, |entry| entry.what == hold.why)),
            (None, None) => moving(run),
        };
        let mut evidence: Vec<String> = line.map(|(number, entry)| in_journal(number, entry)).into_iter().collect();
        evidence.extend(seen(run, &why, now));
        let called = newest(run, |entry| entry.level() > Level::Note).map(|(number, entry)| Called {
            number,
            at: entry.at,
            level: entry.level(),
            cause: entry.cause.clone(),
            what: entry.what.clone(),
        });
        Self { why, evidence, called }
    }
}

/// Of a run that moves: what keeps it from being done, as it was said last at this step.
fn moving(run: &Run) -> (String, Option<(u32, &Entry)>) {
    if let Some(unclear) = &run.unclear {
        let why = format!("it cannot be told whether the traffic is well: {}", unclear.why);
        return (said(&why), newest(run, |entry| entry.what.ends_with(&unclear.why)));
    }
    let here = newest(run, |entry| entry.before == run.step && entry.after == run.step && entry.at >= run.step_began);
    match here {
        Some((number, entry)) => (entry.what.clone(), Some((number, entry))),
        None => (format!("{} has just begun", run.step), last(run)),
    }
}

fn seen(run: &Run, why: &str, now: Timestamp) -> Vec<String> {
    let mut seen = vec![];
    if let Some(failure) = run.failure.as_ref().filter(|failure| *failure != why && !why.contains(failure.as_str())) {
        seen.push(format!("turned back: {failure}"));
    }
    if run.ending.is_none() {
        seen.extend(run.following.as_ref().and_then(followed));
    }
    // What was good before it turned back, or before a person led users elsewhere, is older than what holds it now.
    let is_old = run.step.undoes() || run.glass.is_some();
    let readiness = run.readiness.as_ref().filter(|_| run.held.is_some() || run.unclear.is_some());
    if let Some(readiness) = readiness.filter(|known| !is_old || known.state == Ready::NotReady) {
        seen.push(format!("the old cluster is {}: {}", readiness.state.name(), readiness.why));
    }
    if let Some(unclear) = &run.unclear {
        seen.push(format!("unclear since {}", unclear.since));
    }
    if let Some(missed) = &run.missed {
        seen.push(format!("a look did not find {} at {}", missed.cluster, missed.since));
    }
    if let Some(since) = run.others.write_since {
        seen.push(format!("somebody else writes the gateway since {since}"));
    }
    if run.repairs > 0 {
        seen.push(format!("what somebody else wrote was put right {} times", run.repairs));
    }
    if run.dead_letters > 0 {
        let dead = run.dead_letters;
        seen.push(format!("{dead} events of this step could not be handled; {MOST_DEAD_LETTERS} hold the run"));
    }
    if run.sweeps > 0 {
        seen.push(format!("its event was sent again {} times without a look", run.sweeps));
    }
    if let Some(hold) = run.held.as_ref().filter(|hold| !hold.paused && now > hold.called) {
        seen.push(format!("a person was called at {}", hold.called));
    }
    seen
}

/// What Azure is asked for, without the part of an address that lets anybody ask.
fn followed(following: &Following) -> Option<String> {
    let bare = |url: &str| url.split(['?', '#']).next().unwrap_or_default().to_owned();
    let (what, url) = match following {
        Following::GatewayWrite { operation, mark, .. } => {
            (format!("a write of the gateway, mark {mark}"), bare(&operation.url))
        }
        Following::ClusterChange(operation) => ("a change of a cluster".to_owned(), bare(&operation.url)),
        Following::HealthQuestion(operation) => ("the gateway looks at its backends".to_owned(), bare(&operation.url)),
        Following::Answered(_) => return None,
    };
    Some(if url.is_empty() { what } else { format!("{what}, by Azure's operation {url}") })
}

fn in_journal(number: u32, entry: &Entry) -> String {
    format!("line {number} of its journal, by {}, at {}", entry.who, entry.at)
}

fn last(run: &Run) -> Option<(u32, &Entry)> {
    run.numbered().last()
}

fn newest(run: &Run, is: impl Fn(&Entry) -> bool) -> Option<(u32, &Entry)> {
    run.numbered().filter(|(_, entry)| is(entry)).last()
}

impl Traffic {
    pub(super) fn of(run: &Run, gateway: Option<&Gateway>) -> Self {
        let at = |state, why: &str, since| Self { state, why: why.to_owned(), since };
        if run.ending.is_some() {
            return at(TrafficState::NotAsked, "the run has ended", None);
        }
        if let Some(hold) = run.held.as_ref().filter(|hold| hold.watched) {
            return at(TrafficState::Ill, &hold.why, Some(hold.since));
        }
        if let Some(why) = unjudged(run, gateway) {
            let since = run.held.as_ref().map(|hold| hold.since);
            return at(TrafficState::Unclear, &format!("nobody judges it: {why}"), since);
        }
        if !run.step.may_carry_traffic() {
            return at(TrafficState::NotAsked, &unwatched(run), None);
        }
        match (&run.unclear, &run.readiness) {
            (Some(unclear), _) => at(TrafficState::Unclear, &unclear.why, Some(unclear.since)),
            (None, Some(_)) => {
                at(TrafficState::Well, "the last look found every member that carries traffic healthy", None)
            }
            (None, None) => at(TrafficState::NotAsked, "no look has come to an end yet", None),
        }
    }
}

/// What is looked at where the new cluster has no users, or loses them.
fn unwatched(run: &Run) -> String {
    let (old, new) = (run.plan.old.name(), run.plan.new_colour().name());
    match run.step {
        Step::RestoreTraffic if run.waits_for_nodes() => {
            format!("{new} carries what it can until {old} has its nodes: looked at is only whether it serves anybody")
        }
        Step::RestoreTraffic => {
            "traffic is on its way back: looked at is where it goes, not how it is served".to_owned()
        }
        Step::DeleteNewCluster => format!("{old} has all traffic, and is looked at before {new} goes"),
        _ => format!("no traffic has left {old}"),
    }
}
