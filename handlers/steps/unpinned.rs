//! What was kept large in a cluster is taken back, as far as it is still as it was pinned.
use super::acting::Azure;
use crate::azure::kubernetes::{Amended, KubernetesWriter};
use crate::azure::permit::Permit;
use crate::run::{Fact, Outcome, Run, StepError, Waiting};
use crate::store::Store;
use crate::text::few;
use crate::workload::pins::{Scaled, Side, Undo, marked, undo};
use jiff::SignedDuration;
use std::time::Duration;
use tokio::time::Instant;

/// A cluster that does not answer is waited for so long: what stays in it is taken back by the check, once it answers.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);
const AT_ONCE: Duration = Duration::from_secs(1);
/// So many are named.
const NAMED: usize = 5;

/// The pins of a side are taken back. `None`: there are none any more. Sizes without an autoscaler stay where they serve.
pub async fn unpinned(run: &Run, azure: &Azure, side: Side, keeps_sizes: bool) -> Result<Option<Outcome>, StepError> {
    if run.pinned(side).is_empty() {
        return Ok(None);
    }
    let cluster = match side {
        Side::Old => &run.plan.old_slot().cluster,
        Side::New => &run.plan.new_slot().cluster,
    };
    let why = match taken_back(run, azure, cluster, keeps_sizes).await {
        Ok(told) if told.again => {
            let waiting = Waiting::because(format!("pins are taken back in {}", side.name()));
            return Ok(Some(Outcome::NotYet(Waiting { again_in: Some(AT_ONCE), ..waiting })));
        }
        Ok(told) => format!("pins are taken back in {}: {}", side.name(), told.in_words()),
        Err(error) if azure.now().duration_since(run.step_began) < PATIENCE => return Err(error),
        Err(error) => {
            let cause = error.into_cause();
            format!("pins stay in {} until it answers, and the check takes them back: {cause:#}", side.name())
        }
    };
    let facts = vec![Fact::Unpinned(side)];
    Ok(Some(Outcome::NotYet(Waiting { again_in: Some(AT_ONCE), facts, ..Waiting::because(why) })))
}

async fn taken_back(run: &Run, azure: &Azure, cluster: &str, keeps_sizes: bool) -> Result<Told, StepError> {
    let kubernetes = azure.writer.kubernetes(cluster).await?;
    let scaled = kubernetes.scaled().await?;
    take_back(&kubernetes, &scaled, &Whose::Run(run, azure), keeps_sizes).await
}

/// What came of taking pins back.
#[derive(Debug, Default)]
pub struct Told {
    /// What was set back, or kept.
    pub done: Vec<String>,
    /// What is left as somebody else has written it.
    pub left: Vec<String>,
    /// Somebody wrote at the same time: once more.
    pub again: bool,
}

impl Told {
    /// For people.
    #[must_use]
    pub fn in_words(&self) -> String {
        let list = |all: &[String]| few(all, NAMED, ", ");
        match (self.done.is_empty(), self.left.is_empty()) {
            (true, true) => "none was there".to_owned(),
            (false, true) => list(&self.done),
            (true, false) => list(&self.left),
            (false, false) => format!("{}; {}", list(&self.done), list(&self.left)),
        }
    }
}

/// Whose pins are taken back, and by what right.
pub enum Whose<'a> {
    /// Those of this run, by its own step.
    Run(&'a Run, &'a Azure),
    /// Those that no run holds, beside this one of the site, by the check.
    Left(Option<&'a Run>, &'a Store, &'a str),
}

impl Whose<'_> {
    fn is_meant(&self, owner: &str) -> bool {
        match self {
            Self::Run(run, _) => run.id == owner,
            Self::Left(run, ..) => run.is_none_or(|run| run.id != owner || run.ending.is_some()),
        }
    }

    async fn permit(&self, owner: &str) -> Result<Permit, StepError> {
        match self {
            Self::Run(_, azure) => azure.permit().await,
            Self::Left(_, store, site) => {
                let asked = Instant::now();
                let found = store.run(site).await?;
                Permit::for_what_is_left(owner, found.as_ref().map(|found| &found.value), asked, store.clock())
            }
        }
    }
}

/// Takes back what a cluster's objects carry, each with a permit of its own.
///
/// # Errors
/// When the API server does not answer, refuses, or there is no permit.
pub async fn take_back(
    kubernetes: &KubernetesWriter,
    scaled: &Scaled,
    whose: &Whose<'_>,
    keeps_sizes: bool,
) -> Result<Told, StepError> {
    let mut told = Told::default();
    for object in scaled.all() {
        let Some(Undo { patch, what, left }) = undo(object, keeps_sizes) else { continue };
        let owner = marked(object).map(|mark| mark.run).unwrap_or_default();
        if !whose.is_meant(&owner) {
            continue;
        }
        match kubernetes.amend(whose.permit(&owner).await?, object, &patch).await? {
            Amended::Yes if left.is_some() => told.left.extend(left),
            Amended::Yes => told.done.push(what),
            Amended::Changed => told.again = true,
            Amended::Refused(why) => return Err(anyhow::anyhow!(why).context("failed to take a pin back").into()),
        }
    }
    Ok(told)
}
