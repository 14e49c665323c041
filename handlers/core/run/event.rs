//! An event: "look at this run". It carries no decision and no secret.
use crate::plan::request::Request;
use crate::run::Run;
use crate::step::Step;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A message that says "look at this run".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The format of the message.
    pub format: u32,
    /// The site.
    pub site: String,
    /// The run's id.
    pub run: String,
    /// The step that the run was at when this was sent.
    pub step: Step,
    /// The run's hop when this was sent.
    pub hop: u32,
}

impl Event {
    /// The event of a run's present hop.
    #[must_use]
    pub fn of(run: &Run) -> Self {
        let site = run.plan.site.name.clone();
        Self { format: run.format, site, run: run.id.clone(), step: run.step, hop: run.hop }
    }

    /// By this the bus tells one hop from another.
    #[must_use]
    pub fn message_id(&self) -> String {
        format!("{}/{}", self.run, self.hop)
    }
}

/// A message for Service Bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The queue or topic.
    pub to: &'static str,
    /// For duplicate detection.
    pub id: String,
    /// What the subscriptions filter on.
    pub subject: String,
    /// The JSON body.
    pub body: String,
    /// When it becomes visible; at once otherwise.
    pub at: Option<Timestamp>,
}

/// The topic of the steps' events.
pub const STEPS: &str = "upgrade-steps";
/// The queue of requests.
pub const REQUESTS: &str = "upgrade-requests";

impl Message {
    /// A request for an upgrade, visible at once.
    ///
    /// # Errors
    /// Never in practice: a request always has a JSON form.
    pub fn asking(id: String, request: &Request) -> serde_json::Result<Self> {
        Ok(Self { to: REQUESTS, id, subject: "RequestUpgrade".into(), body: serde_json::to_string(request)?, at: None })
    }

    /// The message of a run's present hop, visible when it is due. Its id is the same each time that this hop is published:
    /// duplicates of it are dropped by the bus. It has the moment in it, too: where somebody brought an older version of the
    /// run's document back, its hops were used before.
    ///
    /// # Errors
    /// Never in practice: an event always has a JSON form.
    pub fn of(run: &Run, now: Timestamp) -> serde_json::Result<Self> {
        let event = Event::of(run);
        Ok(Self {
            to: STEPS,
            id: format!("{}/{}", event.message_id(), run.due.as_millisecond()),
            subject: event.step.name().into(),
            body: serde_json::to_string(&event)?,
            at: (run.due > now).then_some(run.due),
        })
    }
}
