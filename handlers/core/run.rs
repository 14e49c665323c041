//! One upgrade under way: its document, what it follows, what a look can say, what becomes of it, what a person may do.
//! Every change of a run is a function of this room and takes a hop; outside, a run can only be read.
pub mod calls;
pub mod decision;
mod document;
pub mod event;
pub mod flow;
mod following;
pub mod intended;
pub mod jobs;
pub mod journal;
pub mod kept;
mod mended;
pub mod moves;
pub mod others;
mod outcome;
pub mod overview;
pub mod readiness;
mod state;
mod summary;
mod unclear;
pub mod verbs;
pub mod watchers;

pub use crate::step::Ending;
pub use calls::{Cause, Level};
pub use document::{Approval, Document, Entry, FORMAT, Hold, Mark, Missed, QUIET_TIME, Run, RunId};
pub use following::{Following, Operation, Style, Unknown, Write};
pub use outcome::{Fact, Looked, Outcome, StepError, StepResult, Waiting};
pub use summary::summary;
pub use unclear::{UNCLEAR_FOR, Unclear};
