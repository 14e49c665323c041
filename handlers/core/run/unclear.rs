//! For how long it cannot be told whether the traffic is well: what is not seen is never a yes, and a person is told.
use super::Run;
use super::calls::Cause;
use super::journal::said;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A person is told after so long.
pub const UNCLEAR_FOR: SignedDuration = SignedDuration::from_mins(5);

/// Since when nobody can tell whether the traffic is well, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unclear {
    /// The last reason.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
    /// The gateway answered, and its answer is neither well nor ill. Otherwise there is no answer yet.
    pub judged: bool,
}

impl Run {
    /// A look judged the traffic: `None`, and it is well.
    pub(super) fn judged(&mut self, unclear: Option<&str>, now: Timestamp) {
        match unclear {
            None => self.0.unclear = None,
            Some(why) => self.is_unclear(why, true, now),
        }
    }

    /// A look at the traffic came to no judgement.
    pub(super) fn not_judged(&mut self, why: &str, now: Timestamp) {
        if self.step.is_watch() {
            self.is_unclear(why, false, now);
        }
    }

    /// What keeps the present watch from being done: the last answer that was neither well nor ill, rather than that it is
    /// asked once more.
    #[must_use]
    pub(super) fn true_reason(&self, why: &str) -> String {
        let judged = self.unclear.as_ref().filter(|unclear| unclear.judged);
        judged.map_or_else(|| why.to_owned(), |unclear| unclear.why.clone())
    }

    fn is_unclear(&mut self, why: &str, judged: bool, now: Timestamp) {
        // A run of format 1 has no such member.
        if self.keeps_old_rules() {
            return;
        }
        let unclear = self.0.unclear.get_or_insert_with(|| Unclear { why: said(why), since: now, judged });
        if judged || !unclear.judged {
            (unclear.why, unclear.judged) = (said(why), judged);
        }
        let (why, lasts) = (unclear.why.clone(), now.duration_since(unclear.since));
        // Who has paused it, or is to approve, believes that the traffic is watched meanwhile.
        let is_told = self.held.as_ref().is_some_and(|hold| !hold.paused && hold.gate.is_none());
        if lasts >= UNCLEAR_FOR && !is_told {
            let minutes = lasts.as_mins();
            let what = format!("for {minutes} min it cannot be told whether the traffic is well: {why}");
            self.call(Cause::Inconclusive, &what, now);
        }
    }
}
