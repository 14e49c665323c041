//! What a run knows of others who write its gateway: how users are led to it, whose write is under way, how often it wrote
//! itself.
use super::document::is_false;
use super::journal::said;
use super::{Following, Hold, Run};
use crate::resources::beside::Beside;
use crate::resources::gateway::{Drift, Gateway, Members};
use crate::resources::leads::Leads;
use crate::step::Step;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A step on the way forward writes the gateway so often; then somebody must part it from whoever else writes.
pub const MOST_WRITES: u32 = 6;
/// A write of somebody else is waited for so long; then a person is called.
pub const OTHERS_TAKE: SignedDuration = SignedDuration::from_mins(60);
/// On the way back what somebody else wrote is written over again after so long, for ever.
pub const BETWEEN_WRITES: SignedDuration = SignedDuration::from_mins(2);

/// What a run knows of others who write its gateway.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Others {
    /// How the gateway leads users to the live pools, as it was when the run began, or as a person accepted it since.
    /// `None`: the next watch takes what it sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leads: Option<Leads>,
    /// Which listeners came before those that lead to the live pools then. `None`: nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// What of that is different now, as was told last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<String>,
    /// The writes that the present step had accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrote: Option<Wrote>,
    /// Since when the present step waits for a write of somebody else. That time does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_since: Option<Timestamp>,
    /// The present step puts right what somebody else wrote over a share of traffic that was in force.
    #[serde(default)]
    pub repairing: bool,
    /// The gateway was found otherwise than the run left it: who serves is not what its ending would say.
    #[serde(default, skip_serializing_if = "is_false")]
    pub overwritten: bool,
    /// What else the gateway had when the present step wrote it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<Beside>,
    /// Members that this binary does not know.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The writes of the gateway that a step had accepted since it began, or since a person let it go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wrote {
    /// How many.
    pub times: u32,
    /// When the last one was recorded.
    pub last: Timestamp,
}

impl Others {
    /// Whether there is nothing to be written of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// A step begins.
    pub(super) fn enter(&mut self) {
        self.wrote = None;
        self.write_since = None;
        self.repairing = false;
        self.overwritten = false;
        self.beside = None;
    }

    /// A person lets a run go on that was held for this. Whose hold said that something else leads users now accepts it, and
    /// whatever looks next takes it. Held for another reason it is not accepted, and is told anew; who approves a gate says
    /// nothing of it.
    pub(super) fn released(&mut self, hold: &Hold) {
        self.wrote = None;
        self.write_since = None;
        if hold.gate.is_none()
            && let Some(told) = self.told.take()
            && hold.why == said(&told)
        {
            self.leads = None;
            self.first = None;
        }
    }

    /// So users are led.
    pub(super) fn keep(&mut self, leads: Leads) {
        let (leads, first) = leads.apart();
        self.leads = Some(leads);
        self.first = first;
    }

    /// A write of ours was accepted.
    pub(super) fn count(&mut self, now: Timestamp) {
        let times = self.wrote.map_or(0, |wrote| wrote.times);
        self.wrote = Some(Wrote { times: times.saturating_add(1), last: now });
    }
}

impl Run {
    /// What of the gateway, beside our pools, is not as the present step wrote it. `None`: nothing, or it did not write.
    #[must_use]
    pub fn changed_meanwhile(&self, gateway: &Gateway) -> Option<String> {
        self.others.beside.as_ref()?.changes(&gateway.beside(|pool| self.plan.site.pools.is_ours(pool)))
    }

    /// Somebody changed the gateway while it was written by us. What is seen is in force, so nobody is woken; what leads users
    /// elsewhere is a look of its own.
    pub(super) fn changed_beside(&mut self, what: &str, now: Timestamp) {
        self.0.others.beside = None;
        self.note_news(&format!("somebody else changed the gateway while it was being written: {what}"), now);
    }

    /// Whether the gateway carries a mark of this run.
    #[must_use]
    pub fn has_marked(&self, gateway: &Gateway) -> bool {
        gateway.mark().is_some_and(|mark| mark.starts_with(&format!("{}/", self.id)))
    }

    /// Why users are not led to the live pools as they were: somebody stopped the gateway, or changed what leads to them.
    #[must_use]
    pub fn led_elsewhere(&self, gateway: &Gateway) -> Option<String> {
        if self.keeps_old_rules() {
            return None;
        }
        if let Some(state) = gateway.stopped() {
            return Some(format!("the gateway is {state}, and serves nobody: start it, and resume"));
        }
        let kept = self.others.leads.as_ref()?.together(self.others.first.as_ref());
        let changes = kept.changes(gateway, &self.plan.site.pools.live)?;
        Some(format!(
            "somebody changed what leads users to the live pools ({changes}): put it back, and resume; or resume, which \
             accepts it"
        ))
    }

    /// Whether a write of somebody else is under way at the gateway. It may carry our mark along: then the write with that
    /// mark must be over.
    #[must_use]
    pub fn others_write(&self, gateway: &Gateway) -> bool {
        !self.keeps_old_rules()
            && gateway.is_updating()
            && (!self.has_marked(gateway) || gateway.mark() == self.in_force.as_deref())
    }

    /// Why the members of the live pools are neither those before this step nor those that it writes. What it is to put
    /// right, or has written itself, counts no more.
    #[must_use]
    pub fn overwrites(&self, gateway: &Gateway) -> Option<Drift> {
        let mut writes = self.following.iter().flat_map(Following::writes).peekable();
        let has_written = writes.peek().is_some();
        let is_recorded = writes.any(|(_, mark)| gateway.mark() == Some(mark));
        // What an invocation of this run wrote, and could not record, is no drift.
        let unrecorded = self.has_marked(gateway) && gateway.mark() != self.in_force.as_deref() && !is_recorded;
        if unrecorded || self.others.repairing || self.keeps_old_rules() {
            return None;
        }
        let live = |members: Members| -> Members {
            members.into_iter().filter(|(pool, _)| self.plan.site.pools.is_live(pool)).collect()
        };
        let before = match (self.step, self.stage.checked_sub(1)) {
            (Step::ShiftTraffic, Some(stage)) => live(self.plan.at_stage(stage)),
            (Step::ShiftTraffic | Step::ValidateHealth, _) => live(self.plan.before()),
            _ => return None,
        };
        // Whoever wrote over a write of ours before that was over may have changed its members.
        let is_written = (has_written || self.step == Step::ShiftTraffic) && gateway.shows(&self.intended_live());
        gateway.differs(&before).filter(|_| !is_written).map(Drift::Members)
    }
}
