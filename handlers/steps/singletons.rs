//! What may run in one cluster only changes clusters: stopped in one, seen stopped there, started in the other. One by one, so
//! that none waits for another.
mod stopped;

use super::acting::Azure;
use crate::azure::kubernetes::{Amended, KubernetesWriter, Part};
use crate::run::{Run, StepError};
use crate::text::few;
use crate::workload::readiness::unready;
use crate::workload::singletons::{
    Singleton, knows_until, made_until, marked, reconciled, remains, start, stays_off, stop,
};
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;
use stopped::{around, paused_at};
use tokio::time::Instant;

/// One batch goes on for so long; the rest is for the next look.
const BATCH: Duration = Duration::from_secs(40);
/// So many are named.
const NAMED: usize = 5;

/// Which way they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the new cluster: each is started as it ran in the old one, or as its manifest says if it was not there.
    Forward,
    /// To the old one: each is started as this run has stopped it. What it has not stopped stays as it is.
    Back,
}

/// Where they go from, and where to.
pub struct Between<'a> {
    /// The cluster that they leave; none: nothing can run there.
    pub from: Option<&'a KubernetesWriter>,
    /// The one in which they are to run.
    pub to: &'a KubernetesWriter,
    /// Which way.
    pub way: Way,
}

/// What one look came to.
#[derive(Debug, Default)]
pub struct Told {
    /// What was written.
    pub done: Vec<String>,
    /// What is waited for.
    pub waits: Vec<String>,
    /// What is not in the cluster in which it was to run: it is left as it is in the other.
    pub left: Vec<String>,
}

impl Told {
    /// For people; nothing: everything is where it should be.
    #[must_use]
    pub fn in_words(&self) -> Option<String> {
        let parts: Vec<_> =
            [&self.done, &self.waits].iter().filter(|all| !all.is_empty()).map(|all| few(all, NAMED, ", ")).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// Why nothing more could be done.
pub enum Trouble {
    /// In the cluster that they leave.
    From(StepError),
    /// In the one in which they are to run.
    To(StepError),
}

/// One look at all of them, with what is to be written.
pub async fn moved(run: &Run, azure: &Azure, between: &Between<'_>) -> Result<Told, Trouble> {
    let ends = azure.clock().after(BATCH);
    let mut told = Told::default();
    let (old, new) = (run.plan.old, run.plan.new_colour());
    let (from, to) = if between.way == Way::Forward { (old, new) } else { (new, old) };
    let [from, to] = [from, to].map(|colour| run.plan.site.singletons_in(colour));
    for both in from.iter().zip(&to) {
        if Instant::now() >= ends {
            told.waits.push(format!("{} is next", both.1));
            break;
        }
        between.moves(run, azure, both, &mut told).await?;
    }
    Ok(told)
}

impl Between<'_> {
    /// One look at one of them, by its names in the cluster that it leaves and in the other.
    async fn moves(
        &self,
        run: &Run,
        azure: &Azure,
        (leaves, one): (&Singleton, &Singleton),
        told: &mut Told,
    ) -> Result<(), Trouble> {
        let Some(live) = self.to.find_surely(&one.object()).await.map_err(Trouble::To)? else {
            told.left.push(one.to_string());
            return Ok(());
        };
        let left = match self.from {
            Some(from) => from.find_surely(&leaves.object()).await.map_err(Trouble::From)?,
            None => None,
        };
        let mut until = None;
        if let (Some(from), Some(there)) = (self.from, &left) {
            let pods = paused_at(from, leaves, there).await.map_err(Trouble::From)?;
            if let Some(patch) = stop(one.kind, there, pods, &run.id, self.way == Way::Back) {
                let said = amend(azure, from, there, &patch, "stopped").await.map_err(Trouble::From)?;
                told.done.push(format!("{leaves}: {said} in {}", self.names().0));
                return Ok(());
            }
            let still = match around(from, leaves, there).await.map_err(Trouble::From)? {
                Ok(around) => {
                    until = made_until(one.kind, there, &around.jobs);
                    remains(one.kind, there, &around)
                }
                Err(unseen) => Some(unseen),
            };
            if let Some(why) = still {
                told.waits.push(format!("in {}: {why}", self.names().0));
                return Ok(());
            }
        }
        let own = marked(&live).filter(|mark| mark.run == run.id && mark.stopped).map(|mark| mark.was);
        let with = match self.way {
            Way::Forward => left.as_ref().and_then(marked).map(|mark| mark.was).or(own),
            Way::Back => own,
        };
        if let Some(patch) = start(one.kind, &live, &run.id, with.as_ref()) {
            let is_off = with.is_some_and(|with| stays_off(one.kind, &with));
            let said = self.starts(azure, &live, (&patch, is_off), until).await.map_err(Trouble::To)?;
            told.done.push(format!("{one}: {said} in {}", self.names().1));
        } else if let Some(why) = unready(&live).filter(|_| self.way == Way::Forward) {
            told.waits.push(why);
        }
        Ok(())
    }

    /// Starts it, when it knows up to when the other cluster's has made its Jobs. Who may not say that starts it all the same.
    async fn starts(
        &self,
        azure: &Azure,
        live: &Value,
        (patch, is_off): (&Value, bool),
        until: Option<Timestamp>,
    ) -> Result<String, StepError> {
        let mut untold = String::new();
        if let Some(status) = until.filter(|_| !is_off).and_then(|until| knows_until(until, live)) {
            match self.to.amend_part(azure.permit().await?, live, &status, Part::Status).await? {
                Amended::Yes => return Ok("told when it ran last".into()),
                Amended::Changed => return Ok("changed meanwhile".into()),
                Amended::Refused(why) => untold = format!(" (it may make its last Job once more: {why})"),
            }
        }
        let said = amend(azure, self.to, live, patch, "started").await?;
        let said = if is_off { "left as it was, off," } else { said };
        Ok(format!("{said}{untold}"))
    }

    const fn names(&self) -> (&'static str, &'static str) {
        match self.way {
            Way::Forward => ("the old cluster", "the new one"),
            Way::Back => ("the new cluster", "the old one"),
        }
    }
}

/// Why the plan cannot be carried out: reconcilers in the old cluster that would start again what is stopped there.
pub async fn started_again(run: &Run, azure: &Azure) -> Result<Option<String>, StepError> {
    let singletons = run.plan.site.singletons_in(run.plan.old);
    if singletons.is_empty() {
        return Ok(None);
    }
    let old = azure.kubernetes(&run.plan.old_slot().cluster).await?;
    let mut lines = vec![];
    for one in &singletons {
        lines.extend(old.find_surely(&one.object()).await?.and_then(|live| reconciled(one.kind, &live)));
    }
    if lines.is_empty() {
        return Ok(None);
    }
    let what = "singletons: what is stopped in the old cluster would be started there again by who owns it";
    let remedy =
        "let its repository say nothing of that member, or take it out of singletons and suspend it there yourself";
    Ok(Some(format!("{what}: {}; {remedy}", few(&lines, NAMED, "; "))))
}

async fn amend(
    azure: &Azure,
    kubernetes: &KubernetesWriter,
    live: &Value,
    patch: &Value,
    what: &'static str,
) -> Result<&'static str, StepError> {
    match kubernetes.amend(azure.permit().await?, live, patch).await? {
        Amended::Yes => Ok(what),
        Amended::Changed => Ok("changed meanwhile"),
        Amended::Refused(why) => Err(anyhow::anyhow!(why).context("failed to hand over a singleton").into()),
    }
}
