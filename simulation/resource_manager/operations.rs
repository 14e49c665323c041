//! Long-running operations: what is under way, how it ends, and the two styles of asking for it.
use super::answers::{Answered, empty, refuse, with};
use super::place::{Place, spelt, squeezed};
use crate::{Ask, Reply, answer::json, hosts::origin_of, ids::hex_of};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An operation that has not ended, as a test may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InFlight {
    /// The operation's GUID, the last segment of its URL.
    pub id: String,
    /// The id of the resource that it changes.
    pub resource: String,
    /// The verb that began it: `PUT`, `DELETE`, `POST stop`.
    pub verb: String,
    /// When it will end.
    pub ends_at: Timestamp,
}

/// What an operation does to its resource when it ends well.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Cluster(ClusterChange),
    Gateway(GatewayChange),
    /// Nothing: a gateway looks at its backends.
    Look(BackendLook),
}

#[derive(Clone, Debug)]
pub(crate) enum ClusterChange {
    Put,
    Tag,
    Delete,
    Start,
    Stop,
    PutPool(String),
    DeletePool(String),
}

#[derive(Clone, Debug)]
pub(crate) enum GatewayChange {
    /// With the number of the write.
    Write(u64),
    Start,
    Stop,
    Delete,
}

#[derive(Clone, Debug)]
pub(crate) enum BackendLook {
    All,
    /// At what the request names.
    OnDemand(Value),
    /// They have been looked at, and this was seen.
    Seen(Value),
}

impl From<ClusterChange> for Change {
    fn from(change: ClusterChange) -> Self {
        Self::Cluster(change)
    }
}

impl From<GatewayChange> for Change {
    fn from(change: GatewayChange) -> Self {
        Self::Gateway(change)
    }
}

impl From<BackendLook> for Change {
    fn from(look: BackendLook) -> Self {
        Self::Look(look)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum State {
    Running,
    Succeeded(Value),
    Failed(Value),
    Canceled(Value),
}

#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub id: String,
    pub resource: String,
    pub verb: String,
    pub change: Change,
    /// What the script has in store for its end.
    pub failure: Option<(String, String)>,
    pub began: Timestamp,
    pub ends_at: Timestamp,
    pub ended: Option<Timestamp>,
    pub state: State,
}

/// Every operation of the last 24 hours.
#[derive(Default)]
pub(crate) struct Operations {
    by_id: BTreeMap<String, Operation>,
}

/// Azure forgets an operation after a day.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

impl Operations {
    pub fn begin(&mut self, operation: Operation, now: Timestamp) {
        self.by_id.retain(|_, kept| kept.ended.is_none_or(|ended| now.duration_since(ended) < KEPT));
        self.by_id.insert(operation.id.clone(), operation);
    }

    pub fn get(&self, id: &str) -> Option<&Operation> {
        self.by_id.get(id)
    }

    pub fn get_mut(&mut self, id: &str) -> Option<&mut Operation> {
        self.by_id.get_mut(id)
    }

    /// The operation that runs on a resource, looks at backends left aside.
    pub fn running_on(&self, key: &str) -> Option<&Operation> {
        self.by_id.values().find(|operation| {
            operation.state == State::Running
                && operation.changes_something()
                && operation.resource.to_lowercase() == key
        })
    }

    pub fn in_flight(&self) -> impl Iterator<Item = &Operation> {
        self.by_id.values().filter(|operation| operation.state == State::Running)
    }

    /// `GET …/locations/{location}/operations/{id}` and `…/operationresults/{id}`.
    pub fn look(&self, place: &Place, retry_after: Option<u32>, ask: &Ask, now: Timestamp) -> Answered {
        let operation = self.by_id.get(&place.name().to_lowercase());
        let kept = operation.filter(|operation| operation.ended.is_none_or(|ended| now.duration_since(ended) < KEPT));
        let Some(operation) = kept else {
            return Err(refuse(404, "OperationNotFound", format!("The operation '{}' was not found.", place.name())));
        };
        let wants_result = place.steps.get(2).is_some_and(|step| step.eq_ignore_ascii_case("operationresults"));
        let reply = if wants_result { operation.result(ask) } else { operation.status(place) };
        Ok(if operation.state == State::Running { hinted(reply, retry_after) } else { reply })
    }
}

impl Operation {
    /// An operation that begins now.
    pub fn new(
        id: &str,
        resource: &str,
        verb: &str,
        change: Change,
        failure: Option<(String, String)>,
        began: Timestamp,
        ends_at: Timestamp,
    ) -> Self {
        let (id, resource, verb) = (id.into(), resource.into(), verb.into());
        Self { id, resource, verb, change, failure, began, ends_at, ended: None, state: State::Running }
    }

    pub fn changes_something(&self) -> bool {
        !matches!(self.change, Change::Look(_))
    }

    pub fn finish(&mut self, state: State, at: Timestamp) {
        (self.state, self.ended) = (state, Some(at));
    }

    /// The answer at `Azure-AsyncOperation`: always 200.
    fn status(&self, place: &Place) -> Reply {
        let mut body = json!({"id": place.id(), "name": self.id, "startTime": self.began.to_string()});
        let (status, error) = match &self.state {
            State::Running => ("InProgress", None),
            State::Succeeded(_) => ("Succeeded", None),
            State::Failed(error) => ("Failed", Some(error)),
            State::Canceled(error) => ("Canceled", Some(error)),
        };
        body["status"] = status.into();
        if let Some(ended) = self.ended {
            body["endTime"] = ended.to_string().into();
        }
        if let Some(error) = error {
            body["error"] = error.clone();
        }
        json(200, &body)
    }

    /// The answer at `Location`: 202 until the result is there.
    fn result(&self, ask: &Ask) -> Reply {
        match &self.state {
            State::Running => with(empty(202), "location", &same_place(ask)),
            State::Succeeded(Value::Null) => empty(204),
            State::Succeeded(result) => json(200, result),
            State::Failed(error) | State::Canceled(error) => json(400, &json!({"error": error})),
        }
    }
}

fn hinted(reply: Reply, retry_after: Option<u32>) -> Reply {
    match retry_after {
        Some(seconds) => with(reply, "retry-after", &seconds.to_string()),
        None => reply,
    }
}

/// The URL by which the caller asked.
fn same_place(ask: &Ask) -> String {
    format!("{}{}", origin_of(ask), ask.uri().path_and_query().map_or("/", |path| path.as_str()))
}

/// Which headers tell where the operation can be asked for.
#[derive(Clone, Copy)]
pub(crate) enum Style {
    AsyncOperation,
    Location,
    Both,
}

/// An answer that starts an operation: with the headers of its style.
pub(crate) fn started(
    reply: Reply,
    id: &str,
    style: Style,
    location: &str,
    ask: &Ask,
    retry_after: Option<u32>,
) -> Reply {
    let place = Place::of(ask.uri().path());
    let base = origin_of(ask);
    let namespace = spelt(place.namespace.as_deref().unwrap_or_default());
    let url = |what: &str| {
        // Opaque and signed in Azure: a caller that takes it apart or cuts it is wrong.
        let signature = hex_of(id);
        format!(
            "{base}/subscriptions/{}/providers/{namespace}/locations/{}/{what}/{id}?api-version=2016-03-30&t=638{}&c={signature}",
            place.subscription.as_deref().unwrap_or_default(),
            squeezed(location),
            &signature[..12],
        )
    };
    let results = if namespace == "Microsoft.Network" { "operationResults" } else { "operationresults" };
    let reply = match style {
        Style::AsyncOperation => with(reply, "azure-asyncoperation", &url("operations")),
        Style::Location => with(reply, "location", &url(results)),
        Style::Both => with(with(reply, "azure-asyncoperation", &url("operations")), "location", &url(results)),
    };
    hinted(reply, retry_after)
}
