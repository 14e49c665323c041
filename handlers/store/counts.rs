//! How many pods each autoscaled workload of a serving cluster had within the last hour, beside the runs. It may be lost: then
//! only what there is now counts. Layout: `capacity/<site>.json`.
use super::Store;
use super::blobs::{Put, to_bytes};
use crate::workload::pins::Counts;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What was counted before that says nothing of the load now.
const KEPT: SignedDuration = SignedDuration::from_hours(1);
/// So many counts are kept, and so many workloads in each.
const MOST: usize = 20;
const MOST_WORKLOADS: usize = 500;

/// What was counted of a cluster lately.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counted {
    /// The cluster's `resourceUID`: another one's counts say nothing.
    uid: String,
    /// The counts, oldest first.
    looks: Vec<Look>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Look {
    at: Timestamp,
    counts: Counts,
}

impl Counted {
    /// The same after one more count of a cluster.
    #[must_use]
    pub fn and(mut self, uid: &str, mut counts: Counts, at: Timestamp) -> Self {
        if self.uid != uid {
            self = Self { uid: uid.to_owned(), looks: vec![] };
        }
        while counts.len() > MOST_WORKLOADS {
            counts.pop_last();
        }
        self.looks.retain(|look| at.duration_since(look.at) <= KEPT && look.at < at);
        self.looks.push(Look { at, counts });
        let surplus = self.looks.len().saturating_sub(MOST);
        self.looks.drain(..surplus);
        self
    }

    /// The largest counts of this cluster within the last hour.
    #[must_use]
    pub fn most(&self, uid: &str, now: Timestamp) -> Counts {
        let mut most = Counts::new();
        let lately = |look: &&Look| self.uid == uid && now.duration_since(look.at) <= KEPT;
        for (workload, count) in self.looks.iter().filter(lately).flat_map(|look| &look.counts) {
            let known = most.entry(workload.clone()).or_default();
            *known = (*known).max(*count);
        }
        most
    }
}

impl Store {
    /// What was counted of a site's serving cluster lately. What is absent or unreadable was never counted.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn counted(&self, site: &str) -> anyhow::Result<Counted> {
        let found = self.runs.get(&name(site)).await?;
        Ok(found.and_then(|found| serde_json::from_slice(&found.value).ok()).unwrap_or_default())
    }

    /// Keeps what was counted.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn keep_counted(&self, site: &str, counted: &Counted) -> anyhow::Result<()> {
        Ok(self.runs.put(&name(site), to_bytes(counted)?, Put::Anyway).await?)
    }
}

fn name(site: &str) -> String {
    format!("capacity/{site}.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_count_of_the_last_hour_of_this_very_cluster_counts() {
        let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        let counts = |count| Counts::from([("Deployment shop/web".to_owned(), count)]);
        let mut counted = Counted::default();
        for (minute, count) in [(0, 12), (30, 9), (60, 4), (65, 3)] {
            counted = counted.and("blue", counts(count), at(minute));
        }
        assert_eq!(counted.most("blue", at(65)), counts(9));
        assert_eq!(counted.most("blue", at(121)), counts(3));
        assert!(counted.most("green", at(65)).is_empty());
        for minute in 66..200 {
            counted = counted.and("blue", counts(1), at(minute));
        }
        assert!(counted.looks.len() <= MOST);
        assert_eq!(counted.and("green", counts(2), at(200)).most("green", at(200)), counts(2));
    }
}
