//! When the check of each minute had time for each site, so that whoever waits longest is first. It may be lost. Layout:
//! `check/turns.json`.
use super::Store;
use super::blobs::{Put, to_bytes};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const NAME: &str = "check/turns.json";

/// The turns of the sites.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turns(BTreeMap<String, Turn>);

/// The turn of a site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Turn {
    /// When a check last had time for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    had: Option<Timestamp>,
    /// How many checks in a row have had none.
    #[serde(default)]
    left_over: u32,
}

impl Turns {
    /// These sites, the one that waits longest first.
    #[must_use]
    pub fn in_order(&self, mut sites: Vec<String>) -> Vec<String> {
        sites.sort_by_key(|site| self.0.get(site).and_then(|turn| turn.had));
        sites
    }

    /// The turns after a check that began then: each of its sites, and whether it had time for it.
    #[must_use]
    pub fn after(&self, check: &[(String, bool)], began: Timestamp) -> Self {
        let turn = |(site, had): &(String, bool)| {
            let before = self.0.get(site).cloned().unwrap_or_default();
            let left_over = Turn { left_over: before.left_over.saturating_add(1), ..before };
            let turn = if *had { Turn { had: Some(began), left_over: 0 } } else { left_over };
            (site.clone(), turn)
        };
        Self(check.iter().map(turn).collect())
    }

    /// The sites for which two checks in a row, or more, had no time.
    #[must_use]
    pub fn left_over_again(&self) -> Vec<&str> {
        self.0.iter().filter(|(_, turn)| turn.left_over > 1).map(|(site, _)| site.as_str()).collect()
    }
}

impl Store {
    /// The turns as the last check left them. What is absent or unreadable has none.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn turns(&self) -> anyhow::Result<Turns> {
        let found = self.runs.get(NAME).await?;
        Ok(found.and_then(|found| serde_json::from_slice(&found.value).ok()).unwrap_or_default())
    }

    /// Keeps the turns for the next check.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn keep_turns(&self, turns: &Turns) -> anyhow::Result<()> {
        Ok(self.runs.put(NAME, to_bytes(turns)?, Put::Anyway).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_longest_is_first_and_is_known_when_left_over_again() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let sites = || ["a", "b", "c"].map(str::to_owned).to_vec();
        let check = |had: [bool; 3]| sites().into_iter().zip(had).collect::<Vec<_>>();
        let first = Turns::default().after(&check([true, true, false]), at(60));
        assert_eq!(first.in_order(sites()), ["c", "a", "b"]);
        assert!(first.left_over_again().is_empty());
        let second = first.after(&check([false, true, false]), at(120));
        assert_eq!(second.in_order(sites()), ["c", "a", "b"]);
        assert_eq!(second.left_over_again(), ["c"]);
        let third = second.after(&check([true, true, true]), at(180));
        assert!(third.left_over_again().is_empty());
    }
}
