//! Jobs of the run that may be gone again, since they have ended: they are not made a second time.
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// So many are remembered; a run that has more makes the rest again.
const MOST: usize = 2_000;
/// A digest's beginning is enough to tell them apart.
const SHORT: usize = 16;

/// What was last seen of a Job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ran {
    /// It is there, and is removed some time after it has ended.
    Expiring,
    /// It has completed.
    Complete,
}

/// What was seen of Jobs, by the digest of what was applied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Jobs(BTreeMap<String, Ran>);

impl Jobs {
    /// Nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was seen of the Job whose content has this digest.
    #[must_use]
    pub fn of(&self, digest: &str) -> Option<Ran> {
        self.0.get(short(digest)).copied()
    }

    /// Remembers what was seen. What is complete stays so.
    pub(super) fn learn(&mut self, digest: &str, ran: Ran) {
        let key = short(digest);
        if self.0.len() < MOST || self.0.contains_key(key) {
            let known = self.0.entry(key.to_owned()).or_insert(ran);
            *known = ran.max(*known);
        }
    }
}

fn short(digest: &str) -> &str {
    digest.get(..SHORT).unwrap_or(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_completed_stays_so_and_there_is_a_bound() {
        let mut jobs = Jobs::default();
        let digest = "0123456789abcdef0123456789abcdef";
        assert_eq!(jobs.of(digest), None);
        jobs.learn(digest, Ran::Expiring);
        jobs.learn(digest, Ran::Complete);
        jobs.learn(digest, Ran::Expiring);
        assert_eq!(jobs.of(digest), Some(Ran::Complete));
        assert_eq!(serde_json::to_string(&jobs).unwrap(), r#"{"0123456789abcdef":"complete"}"#);
        (0..3 * MOST).for_each(|number| jobs.learn(&format!("{number:064}"), Ran::Expiring));
        (0..3 * MOST).for_each(|number| jobs.learn(&format!("{number:0<64}"), Ran::Expiring));
        assert!(jobs.0.len() <= MOST);
    }
}
