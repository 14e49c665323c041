//! A run's document, as it lies in the store. Outside this room it can only be read: every change is a function of the
//! room, and takes a hop.
use super::calls::Level;
use super::following::Following;
use super::jobs::Jobs;
use super::kept::Kept;
use super::others::Others;
use super::readiness::Readiness;
use super::unclear::Unclear;
use crate::plan::Plan;
use crate::resources::leads::Leads;
use crate::resources::size::Size;
use crate::site::Gate;
use crate::step::{Ending, Step};
use crate::workload::pins::Pins;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The format of the runs that this binary begins, and the newest that it understands. A run keeps the format that it began
/// with: an older binary leaves a newer one alone, and a run of format 1 ends by the rules of format 1.
pub const FORMAT: u32 = 3;
/// The format of a run that moves no singletons, which older binaries can carry out.
const WITHOUT_SINGLETONS: u32 = 2;

/// An undoing step and `RetireOldCluster` are done, and the old cluster may be touched, only so long after the first
/// look that found the step: an invocation that looked before may act until then (an invocation is bounded to 160 s).
pub const QUIET_TIME: SignedDuration = SignedDuration::from_secs(180);

/// A run's id: unique for ever, `<site>-<12 hex digits>`.
pub type RunId = String;
/// `<run id>/<nonce>`: the tag that each gateway write of ours carries.
pub type Mark = String;

/// One upgrade under way. Its members can be read, and changed by this room alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Run(pub(super) Document);

impl std::ops::Deref for Run {
    type Target = Document;
    fn deref(&self) -> &Document {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Run {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut document = Document::deserialize(deserializer)?;
        let step = document.step;
        document.following = document.following.map(|following| following.at(step));
        Ok(Self(document))
    }
}

/// What is written of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// The format of this document.
    pub format: u32,
    /// The run's id.
    pub id: RunId,
    /// The id of the request that started it.
    pub request: String,
    /// What it will do.
    pub plan: Kept<Plan>,
    /// The present step.
    pub step: Step,
    /// The present stage of traffic, from 0.
    pub stage: usize,
    /// Counts decisions. An event with another hop is late, repeated, or lost its successor.
    pub hop: u32,
    /// When the present step began. Time that the run was held does not count: it moves on by that.
    pub step_began: Timestamp,
    /// When the present stage of traffic began.
    pub stage_began: Timestamp,
    /// The store's time at the first look that found the present step.
    pub quiet_from: Option<Timestamp>,
    /// When the next look is due.
    pub due: Timestamp,
    /// What this step asked for last, and follows.
    #[serde(rename = "operation")]
    pub following: Option<Following>,
    /// The mark of the gateway write that was proved last.
    pub in_force: Option<Mark>,
    /// Why the upgrade is on its way back.
    pub failure: Option<String>,
    /// The plan cannot be carried out, as was seen beside the leftover: the way back ends as rejected.
    #[serde(default, skip_serializing_if = "is_false")]
    pub refused: bool,
    /// Why nothing happens until a person says so.
    pub held: Option<Hold>,
    /// How it ended.
    pub ending: Option<Ending>,
    /// Gates that a person opened.
    pub approved: Vec<Approval>,
    /// A person ended the present watch or soak.
    pub promoted: bool,
    /// Retiring the old cluster has begun: from then on it is no way back, wherever a repair leads.
    #[serde(default)]
    pub retiring: bool,
    /// It has said that it will write the gateway: without that no write of it can be anywhere.
    #[serde(default, skip_serializing_if = "is_false")]
    pub writes: bool,
    /// Traffic was sent to the new cluster, or is about to be.
    #[serde(default, skip_serializing_if = "is_false")]
    pub moved: bool,
    /// It has said that it will reduce the old cluster: what that was before, so that it can be brought back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reducing: Option<Size>,
    /// The counts that it keeps large in both clusters, with what they were before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pins: Option<Pins>,
    /// It has said that it will give these identities of the new cluster roles: their object ids, and whose they are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub given_roles: BTreeMap<String, String>,
    /// It has said that it will move what may run in one cluster only, and has not moved it back.
    #[serde(default, skip_serializing_if = "is_false")]
    pub moves_singletons: bool,
    /// It goes back from a new cluster that served nobody any more.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unserved: bool,
    /// A person has it go back by force, whatever is known of the old cluster.
    #[serde(default, skip_serializing_if = "is_false")]
    pub forced: bool,
    /// Whether the old cluster could take the traffic back, as far as is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness: Option<Readiness>,
    /// The mark of a person who used the emergency way back: nothing is written or deleted until a person says how it
    /// goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glass: Option<Mark>,
    /// Such marks that a person has dealt with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_glass: Vec<Mark>,
    /// Traffic went back by a write that could carry no mark: no proof for what cannot be undone.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unmarked: bool,
    /// What it knows of others who write the gateway.
    #[serde(default, skip_serializing_if = "Others::is_empty")]
    pub others: Others,
    /// A cluster that a look did not find, and when: one such look proves nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<Missed>,
    /// Since when it cannot be told whether the traffic is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unclear: Option<Unclear>,
    /// Jobs in the new cluster that may be gone again, since they have ended.
    #[serde(default, skip_serializing_if = "Jobs::is_empty")]
    pub jobs: Jobs,
    /// How often the sweep came since the last look.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sweeps: u32,
    /// How often a foreign change was repaired.
    pub repairs: u32,
    /// Dead letters of the present step.
    pub dead_letters: u32,
    /// Whether a person was called about the present step.
    pub called: bool,
    /// What happened, oldest first. A look that saw nothing new leaves no entry.
    pub journal: Vec<Entry>,
    /// So many lines of the journal were left out, since it was too long.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u32,
    /// Members that this binary does not know.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Why nothing happens until a person says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    /// The reason, for a person.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
    /// The gate that waits for an approval, if that is the reason.
    pub gate: Option<Gate>,
    /// A person paused it: `resume` goes on.
    #[serde(default)]
    pub paused: bool,
    /// Going back would help nobody now: each watch judges that anew.
    #[serde(default, skip_serializing_if = "is_false")]
    pub watched: bool,
    /// And the new cluster is ill, too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub both_ill: bool,
    /// When a person was called last.
    pub called: Timestamp,
    /// Members that this binary does not know.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A gate that a person opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// Which gate.
    pub gate: Gate,
    /// Who opened it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Members that this binary does not know.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A cluster that a look did not find.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Missed {
    /// Its resource id.
    pub cluster: String,
    /// When it was missed first.
    pub since: Timestamp,
}

/// One line of a run's journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Counts the lines of a run from 1: what is logged and told goes by it. 0 in a line of an older binary.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub number: u32,
    /// The step, or the person or function, that did it.
    pub who: String,
    /// What was seen or done.
    pub what: String,
    /// The step before.
    pub before: Step,
    /// The step after.
    pub after: Step,
    /// Who is told. See [`Entry::level`].
    #[serde(default, skip_serializing_if = "Level::is_note")]
    pub(super) level: Level,
    /// By what the same cause is known again, where somebody is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// A person must look at this: the level, as older binaries know it.
    #[serde(default)]
    pub needs_person: bool,
    /// Members that this binary does not know.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
pub(super) fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

impl Run {
    /// The first state of a run.
    #[must_use]
    pub fn begin(id: RunId, request: String, plan: Kept<Plan>, why: &str, now: Timestamp) -> Self {
        let mut run = Self(Document {
            format: if plan.site.singletons.is_empty() { WITHOUT_SINGLETONS } else { FORMAT },
            id,
            request,
            plan,
            step: Step::CheckPlan,
            stage: 0,
            hop: 1,
            step_began: now,
            stage_began: now,
            quiet_from: None,
            due: now,
            following: None,
            in_force: None,
            failure: None,
            refused: false,
            held: None,
            ending: None,
            approved: vec![],
            promoted: false,
            retiring: false,
            writes: false,
            moved: false,
            reducing: None,
            pins: None,
            given_roles: BTreeMap::new(),
            moves_singletons: false,
            unserved: false,
            forced: false,
            readiness: None,
            glass: None,
            known_glass: vec![],
            unmarked: false,
            others: Others::default(),
            missed: None,
            unclear: None,
            jobs: Jobs::default(),
            sweeps: 0,
            repairs: 0,
            dead_letters: 0,
            called: false,
            journal: vec![],
            left_out: 0,
            rest: Map::new(),
        });
        run.note("RequestUpgrade", why, Step::CheckPlan, now);
        run
    }

    /// The same, with how the gateway led users when it was planned.
    #[must_use]
    pub fn led_by(mut self, leads: Leads) -> Self {
        self.0.others.keep(leads);
        self
    }

    /// The same run one decision later: what every change of it begins with, and the only place where hops are counted.
    #[must_use]
    pub(super) fn next_hop(&self) -> Self {
        let mut next = self.clone();
        next.0.hop += 1;
        next
    }
}
