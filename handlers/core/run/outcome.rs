//! What a look can have seen: what a step says to `decide`.
use super::Mark;
use super::following::Following;
use jiff::Timestamp;
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
    /// It holds, because the step's own write of the gateway, with this mark, is in force and was seen.
    Proved(Mark),
    /// Not yet, and why.
    NotYet(Waiting),
    /// Somebody else wrote: put it right.
    Drifted(String),
    /// Worse than allowed: go back.
    Breached(String),
    /// A person must decide.
    Hold(String),
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
}

impl Waiting {
    /// Waiting for this, with the step's own interval.
    #[must_use]
    pub fn because(why: impl Into<String>) -> Self {
        Self { why: why.into(), again_in: None, following: None, proved: None }
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

impl From<anyhow::Error> for StepError {
    fn from(cause: anyhow::Error) -> Self {
        Self::Transient { cause, retry_after: None }
    }
}
