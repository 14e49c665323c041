//! What a person who is woken must know of a site within ten seconds, as one document. Its members are stable: scripts, and
//! whoever else shows it, read the same.
mod after_end;
mod lasting;
mod message;
mod next;
mod orders;
mod requests;
mod serving;
mod under_way;
mod unjudged;
mod waits;
mod way_back;

pub use after_end::way_back_after;
pub use lasting::{Deadline, Lasting, StageSeen, Until};
pub use message::{Shape, Wanted, message, untold};
pub use next::Next;
pub use orders::{OrderSeen, will};
pub use requests::RequestSeen;
pub use serving::{ClusterSeen, MemberSeen, PoolSeen, Serves, Serving};
pub use waits::{Called, State, Traffic, TrafficState, Waits};
pub use way_back::WayBack;

use super::{Ending, Run, RunId};
use crate::plan::request::Refused;
use crate::plan::{Kind, Version};
use crate::resources::cluster::Cluster;
use crate::resources::gateway::Gateway;
use crate::site::{Colour, Site};
use crate::step::Step;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// The format of the document. Members are added without a new one; none is taken away or changes its meaning.
pub const OVERVIEW_FORMAT: u32 = 1;

/// Something that was looked at: it, or why it could not be seen.
pub type Looked<T> = Result<T, String>;

/// What was seen of a site, and when.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// Its name.
    pub name: &'a str,
    /// The store's time.
    pub now: Timestamp,
    /// Its run: the present one, or the last.
    pub run: Looked<Option<&'a Run>>,
    /// As it is published now.
    pub site: Looked<Option<&'a Site>>,
    /// Its gateway, as Resource Manager shows it.
    pub gateway: Looked<&'a Gateway>,
    /// What stands in its slots.
    pub clusters: Vec<(Colour, Looked<Option<&'a Cluster>>)>,
    /// What the gateway's own probes see; nothing where it was not asked.
    pub health: Option<Looked<&'a Value>>,
    /// Requests that started nothing, and those that wait, of any site.
    pub refused: Looked<&'a [Refused]>,
    /// Requests that wait for their turn, of any site.
    pub waiting: Looked<&'a [Refused]>,
}

/// What a person must know of a site.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// The format of this document.
    pub format: u32,
    /// The site.
    pub site: String,
    /// The store's time of all this.
    pub now: Timestamp,
    /// Where users' traffic goes, by the gateway itself.
    pub serving: Serving,
    /// What stands in the slots.
    pub clusters: Vec<ClusterSeen>,
    /// The present run, or the last one; `null`: there never was one, or it could not be seen.
    pub run: Option<RunSeen>,
    /// What to do next, the likeliest first.
    pub next: Vec<Next>,
    /// Requests of the last day that started nothing, the newest first.
    pub refused: Vec<RequestSeen>,
    /// Requests that wait for their turn.
    pub waiting: Vec<RequestSeen>,
    /// What could not be seen, and why: nothing is said of it.
    pub not_seen: Vec<NotSeen>,
}

/// Something that could not be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NotSeen {
    /// What: `gateway`, `run`, ….
    pub what: String,
    /// Why.
    pub why: String,
}

/// A run for a person's eye.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunSeen {
    /// Its id.
    pub id: RunId,
    /// The id of the request that started it.
    pub request: String,
    /// Why it was asked for, and by whom.
    pub asked: String,
    /// What kind of replacement.
    pub kind: Kind,
    /// The version of the new cluster.
    pub version: Version,
    /// The colour that served when it began.
    pub from: Colour,
    /// The colour of the new cluster.
    pub to: Colour,
    /// Counts its decisions.
    pub hop: u32,
    /// How it stands.
    pub state: State,
    /// How it ended.
    pub ending: Option<Ending>,
    /// Why it is on its way back, or ended otherwise than asked for.
    pub failure: Option<String>,
    /// The step.
    pub step: Step,
    /// What the step makes true.
    pub goal: &'static str,
    /// Stages of traffic and moments of time.
    #[serde(flatten)]
    pub lasting: Lasting,
    /// Why it waits.
    pub waits: Waits,
    /// Whether the traffic is well, as far as the run knows.
    pub traffic: Traffic,
    /// Whether it could go back; `null`: it has ended.
    pub way_back: Option<WayBack>,
    /// What can be ordered now, and why not the rest.
    pub orders: Vec<OrderSeen>,
}

impl Overview {
    /// Made of what was seen.
    #[must_use]
    pub fn of(seen: &Seen<'_>) -> Self {
        let run = seen.run.as_ref().ok().copied().flatten();
        let requests = |records: &Looked<&[Refused]>, shelf| {
            let records = records.as_ref().map_or(&[][..], |records| records);
            requests::of(seen.name, records, shelf, seen.now)
        };
        let (refused, waiting) =
            (requests(&seen.refused, requests::Shelf::Refused), requests(&seen.waiting, requests::Shelf::Waiting));
        let serving = Serving::of(seen);
        let old = run.and_then(|run| seen.clusters.iter().find(|(colour, _)| *colour == run.plan.old));
        let old_exists = old.and_then(|(_, found)| found.as_ref().ok()).map(Option::is_some);
        let beside = next::Beside { serves: serving.colour, old_exists };
        Self {
            format: OVERVIEW_FORMAT,
            site: seen.name.to_owned(),
            now: seen.now,
            next: next::next(seen.name, run, beside, [&refused, &waiting], seen.now),
            serving,
            clusters: seen.clusters.iter().map(|(colour, found)| ClusterSeen::of(seen, *colour, found)).collect(),
            run: run.map(|run| RunSeen::beside(run, seen.gateway.as_ref().ok().copied(), seen.now)),
            refused,
            waiting,
            not_seen: not_seen(seen),
        }
    }

    /// Whether a person is needed before it goes on.
    #[must_use]
    pub fn needs_person(&self) -> bool {
        self.run.as_ref().is_some_and(|run| matches!(run.state, State::Held | State::Paused))
    }
}

impl RunSeen {
    /// Made of a run alone.
    #[must_use]
    pub fn of(run: &Run, now: Timestamp) -> Self {
        Self::beside(run, None, now)
    }

    /// Made of a run, and of its gateway where that was seen.
    fn beside(run: &Run, gateway: Option<&Gateway>, now: Timestamp) -> Self {
        Self {
            id: run.id.clone(),
            request: run.request.clone(),
            asked: run.journal.first().map(|entry| entry.what.clone()).unwrap_or_default(),
            kind: run.plan.kind,
            version: run.plan.version,
            from: run.plan.old,
            to: run.plan.new_colour(),
            hop: run.hop,
            state: State::of(run),
            ending: run.ending,
            failure: run.failure.clone(),
            step: run.step,
            goal: run.step.goal(),
            lasting: Lasting::of(run, now),
            waits: Waits::of(run, now),
            traffic: Traffic::of(run, gateway),
            way_back: WayBack::of(run),
            orders: orders::all(run, now),
        }
    }
}

fn not_seen(seen: &Seen<'_>) -> Vec<NotSeen> {
    let clusters = seen.clusters.iter().map(|(colour, found)| {
        let what = format!("the {} cluster", colour.name());
        (what, found.as_ref().err())
    });
    let others = [
        ("the run", seen.run.as_ref().err()),
        ("the published site", seen.site.as_ref().err()),
        ("the gateway", seen.gateway.as_ref().err()),
        ("its backends' health", seen.health.as_ref().and_then(|health| health.as_ref().err())),
        ("refused requests", seen.refused.as_ref().err()),
        ("waiting requests", seen.waiting.as_ref().err()),
    ];
    let others = others.into_iter().map(|(what, why)| (what.to_owned(), why));
    let found = others.chain(clusters).filter_map(|(what, why)| Some((what, why?.clone())));
    // One cause stands once: what it hides is named together.
    let mut all: Vec<NotSeen> = vec![];
    for (what, why) in found {
        match all.iter_mut().find(|known| known.why == why) {
            Some(known) => known.what = format!("{}, {what}", known.what),
            None => all.push(NotSeen { what, why }),
        }
    }
    all
}
