//! What a look can have seen: what a step says to `decide`.
use super::Mark;
use super::following::Following;
use super::jobs::Ran;
use super::readiness::{Breach, Readiness};
use crate::resources::beside::Beside;
use crate::resources::leads::Leads;
use crate::resources::size::Size;
use crate::workload::pins::{Pins, Side};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a look saw, and when.
#[derive(Debug)]
pub struct Looked {
    /// The store's time when the run was loaded for this look.
    pub at: Timestamp,
    /// What was seen.
    pub result: StepResult,
}

/// What a step says.
pub type StepResult = Result<Outcome, StepError>;

/// What a step saw.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It holds, and was seen.
    Done,
    /// It holds, and a person should know this.
    Noted(Vec<String>),
    /// It holds, because the step's own write of the gateway, with this mark, is in force and was seen; and what else of the
    /// gateway is not as it was written.
    Proved(Mark, Option<String>),
    /// Not yet, and why.
    NotYet(Waiting),
    /// Somebody else wrote: put it right.
    Drifted(String),
    /// Somebody else wrote: our members are in force, and only our mark is gone. Put it right.
    MarkLost(String),
    /// Users are not led to the live pools as they were: a person must see to it. Nothing is put right.
    LedElsewhere(String),
    /// Worse than allowed: go back.
    Breached(Breach),
    /// A person must decide.
    Hold(String),
    /// The plan cannot be carried out, as is seen only now: what was made for it goes, and the run ends as rejected.
    Refused(String),
    /// It holds, but for this, which stays and is named.
    LeftOver(String),
    /// The new cluster is ill, and going back would help nobody: a person, and each watch anew.
    NoWayBack(Readiness, String),
    /// A person used the emergency way back, with this mark: nothing goes on until a person says how.
    GlassBroken(Mark),
}

/// What a look learnt that outlives it.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// The gateway was written, with this as it was read.
    Wrote(Beside),
    /// This of the gateway is not as it was written.
    Changed(String),
    /// The gateway will be written: said, and saved, a hop before the first write.
    Writes,
    /// The old cluster, of this size now, will be reduced: said, and saved, a hop before the first reducing act.
    Reduces(Size),
    /// These counts will be raised: said, and saved, a hop before the first of them.
    Pins(Pins),
    /// Those of this side are taken back, as far as they can be.
    Unpinned(Side),
    /// These identities of the new cluster will get roles: said, and saved, a hop before the first of them.
    Gives(BTreeMap<String, String>),
    /// What may run in one cluster only will be moved: said, and saved, a hop before the first of it is stopped. Or no more:
    /// it is back.
    Singletons(bool),
    /// How the gateway leads users to the live pools.
    Leads(Leads),
    /// A write of somebody else is under way at the gateway.
    OthersWrite,
    /// Whether the old cluster could take the traffic back.
    Readiness(Readiness),
    /// What the gateway says of the traffic is neither well nor ill.
    Unclear(String),
    /// This cluster was not found, or does not carry the run's tag.
    Missed(String),
    /// What was seen of a Job, by the digest of what was applied.
    Job(String, Ran),
}

/// Why it is not yet done, and when to look again.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// The reason, for a person.
    pub why: String,
    /// When to look again; the step's own interval otherwise.
    pub again_in: Option<Duration>,
    /// What was just asked for, to be followed from now on.
    pub following: Option<Following>,
    /// The step's own write of the gateway, when this look proved it to be in force.
    pub proved: Option<Mark>,
    /// What was learnt.
    pub facts: Vec<Fact>,
}

impl Waiting {
    /// Waiting for this, with the step's own interval.
    #[must_use]
    pub fn because(why: impl Into<String>) -> Self {
        Self { why: why.into(), again_in: None, following: None, proved: None, facts: vec![] }
    }
}

/// Why a step could not look or act.
#[derive(Debug)]
pub enum StepError {
    /// Trying again may help: throttling, a timeout, a 5xx. `?` gives this.
    Transient {
        /// What went wrong.
        cause: anyhow::Error,
        /// When the service asked to be tried again.
        retry_after: Option<Duration>,
    },
    /// Trying again cannot help. Always said out loud.
    Terminal(String),
}

impl StepError {
    /// What went wrong, for whoever does not schedule by it.
    #[must_use]
    pub fn into_cause(self) -> anyhow::Error {
        match self {
            Self::Transient { cause, .. } => cause,
            Self::Terminal(why) => anyhow::anyhow!(why),
        }
    }
}

impl From<anyhow::Error> for StepError {
    fn from(cause: anyhow::Error) -> Self {
        Self::Transient { cause, retry_after: None }
    }
}
