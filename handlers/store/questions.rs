//! What a gateway was asked about its backends, beside the run: no hop, no version, and it may be lost. Layout:
//! `watch/<site>.json`.
use super::Store;
use super::blobs::{Put, to_bytes};
use crate::run::{Following, Run};
use crate::step::Step;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A question of the watch that is not answered yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// The run that is watched.
    pub run: String,
    /// Where it was when this was asked.
    pub step: Step,
    /// The stage then.
    pub stage: usize,
    /// When that step had begun: what was asked before says nothing of it.
    pub step_began: Timestamp,
    /// When it was asked.
    pub asked: Timestamp,
    /// How to read the answer.
    pub following: Following,
}

impl Question {
    /// What was just asked about a run.
    #[must_use]
    pub fn about(run: &Run, following: Following, asked: Timestamp) -> Self {
        let (step, stage, step_began) = (run.step, run.stage, run.step_began);
        Self { run: run.id.clone(), step, stage, step_began, asked, following }
    }

    /// Whether its answer says something of the run as it is now.
    #[must_use]
    pub fn is_about(&self, run: &Run) -> bool {
        self.run == run.id && (self.step, self.stage, self.step_began) == (run.step, run.stage, run.step_began)
    }
}

impl Store {
    /// The open question about a site's run. What is unreadable was never asked.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn question(&self, site: &str) -> anyhow::Result<Option<Question>> {
        let found = self.runs.get(&name(site)).await?;
        Ok(found.and_then(|found| serde_json::from_slice(&found.value).ok()))
    }

    /// Keeps the open question about a site's run.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn keep_question(&self, site: &str, question: &Question) -> anyhow::Result<()> {
        Ok(self.runs.put(&name(site), to_bytes(question)?, Put::Anyway).await?)
    }
}

fn name(site: &str) -> String {
    format!("watch/{site}.json")
}
