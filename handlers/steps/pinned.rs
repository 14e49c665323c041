//! Both clusters are as large as the load wants, and stay so: before a share of traffic moves.
use super::acting::Azure;
use super::on_old::renamed;
use crate::azure::kubernetes::{Amended, Kubernetes, KubernetesWriter};
use crate::resources::answers::text;
use crate::resources::object::name;
use crate::run::{Fact, Outcome, Run, StepError, Waiting};
use crate::site::{Capacity, Reconciled};
use crate::text::few;
use crate::workload::pins::{
    Pin, Pins, Placed, Planned, Scaled, Side, Wishes, patch, planned, together, unready, wishes,
};
use crate::workload::selector::selector;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// One batch of writes goes on for so long; the rest is for the next look.
const BATCH: Duration = Duration::from_secs(30);
/// From recording what will be pinned to doing it, and on with what was left over.
const AT_ONCE: Duration = Duration::from_secs(1);
/// New pods take some seconds.
const PODS_TAKE: Duration = Duration::from_secs(15);
/// What is said of pins.
const KEPT_LARGE: &str = "both clusters are kept as large as the load wants";
/// So many pins are named.
const NAMED: usize = 5;

/// Every pin of this run is in force, and what is pinned in the new cluster is ready at that size. `None`: so it is, or the
/// site wants no pins. What is pinned is recorded a hop before, and only grows.
pub async fn pinned(run: &Run, azure: &Azure) -> Result<Option<Outcome>, StepError> {
    let Some(capacity) = run.plan.site.pins() else { return Ok(None) };
    let old = azure.writer.kubernetes(&run.plan.old_slot().cluster).await?;
    let new = azure.writer.kubernetes(&run.plan.new_slot().cluster).await?;
    let (of_old, of_new) = (old.scaled().await?, new.scaled().await?);
    let mut wanted = wishes(&of_old, &azure.counted(&run.plan.old_uid).await?, |space| capacity.covers(space));
    // Manifests are read for what is not there by its old name alone.
    let there = wishes(&of_new, &Wishes::new(), |_| true);
    let all_there = wanted.keys().all(|key| there.contains_key(key));
    let renamed = if all_there { BTreeMap::new() } else { renamed(run, azure).await? };
    // What was raised feeds itself: new pods have no load yet, and count.
    if run.leads_to_both() && !run.has_said(KEPT_LARGE) {
        wanted = together(wanted, &of_old, &of_new, &renamed);
    }
    let plan_old = planned(&of_old, &wanted, &run.id, false);
    let in_new = wanted.into_iter().map(|(key, wish)| (renamed.get(&key).cloned().unwrap_or(key), wish)).collect();
    let plan_new = planned(&of_new, &in_new, &run.id, true);
    let (too_small, noted) = (too_small(capacity, &plan_new), noted(capacity, &plan_old, &plan_new));
    let more = Pins { old: plan_old.pins, new: plan_new.pins, ..Pins::default() };
    let mut all = run.pins.clone().unwrap_or_default();
    all.add(&more);
    if (all.old.len(), all.new.len()) != (0, 0) && run.pins.as_ref() != Some(&all) {
        let what = named(all.old.iter().map(|pin| (Side::Old, pin)).chain(all.new.iter().map(|pin| (Side::New, pin))));
        let waiting = Waiting::because(format!("{KEPT_LARGE}: {what}"));
        return Ok(Some(Outcome::NotYet(Waiting {
            again_in: Some(AT_ONCE),
            facts: vec![Fact::Pins(more)],
            ..waiting
        })));
    }
    let ends = azure.clock().after(BATCH);
    let mut batch = Batch { run, azure, ends, written: 0, left_over: 0, left: vec![] };
    batch.place(&old, &of_old, &all.old).await?;
    batch.place(&new, &of_new, &all.new).await?;
    if let Some(outcome) = batch.outcome() {
        return Ok(Some(outcome));
    }
    if let Some(note) = noted.filter(|note| run.first_said(note).is_none()) {
        return Ok(Some(Outcome::NotYet(Waiting { again_in: Some(AT_ONCE), ..Waiting::because(note) })));
    }
    if let Some(why) = too_small {
        return Ok(Some(Outcome::NotYet(Waiting { again_in: Some(PODS_TAKE), ..Waiting::because(why) })));
    }
    for pin in &all.new {
        let is_left = batch.left.iter().any(|(left, _)| std::ptr::eq(*left, pin));
        if let Some(why) = unready(&of_new, pin).filter(|_| !is_left) {
            let pending = without_node(&new, &of_new, pin).await?.map_or_else(String::new, |why| format!(" ({why})"));
            let waiting = Waiting::because(format!("{why}{pending}"));
            return Ok(Some(Outcome::NotYet(Waiting { again_in: Some(PODS_TAKE), ..waiting })));
        }
    }
    Ok(None)
}

/// Why the new cluster cannot be as large as the load wants, whatever is pinned there: users are not led to it.
fn too_small(capacity: &Capacity, new: &Planned) -> Option<String> {
    let mut parts = vec![];
    if !new.short.is_empty() {
        let remedy = "mend that in the new cluster, and in the manifests";
        parts.push(format!("{}; {remedy}", few(&new.short, NAMED, "; ")));
    }
    if capacity.reconciled == Reconciled::Refuse && !new.reconciled.is_empty() {
        let lines = few(&new.reconciled, NAMED, "; ");
        parts.push(format!("{lines}; put these lines into their repository"));
    }
    (!parts.is_empty()).then(|| format!("the new cluster cannot be as large as the load wants: {}", parts.join("; ")))
}

/// What keeps no upgrade, and a person should know.
fn noted(capacity: &Capacity, old: &Planned, new: &Planned) -> Option<String> {
    let left = (capacity.reconciled == Reconciled::Leave).then_some(&new.reconciled).into_iter().flatten();
    let in_old = old.short.iter().chain(&old.reconciled).map(|line| format!("{line} in the old cluster"));
    let in_new = new.beyond.iter().chain(left).map(|line| format!("{line} in the new cluster"));
    let all: Vec<_> = in_old.chain(in_new).collect();
    (!all.is_empty()).then(|| format!("not everything can be kept large: {}", few(&all, NAMED, "; ")))
}

/// The writes of one look.
struct Batch<'a> {
    run: &'a Run,
    azure: &'a Azure,
    ends: Instant,
    written: usize,
    left_over: usize,
    /// What somebody else has written since, and how.
    left: Vec<(&'a Pin, String)>,
}

impl<'a> Batch<'a> {
    async fn place(
        &mut self,
        kubernetes: &KubernetesWriter,
        scaled: &Scaled,
        pins: &'a [Pin],
    ) -> Result<(), StepError> {
        for pin in pins {
            let live = scaled.all().find(|object| is_of(object, pin));
            let patch = match patch(pin, live, &self.run.id) {
                Placed::Yes => continue,
                Placed::Left(why) => {
                    self.left.push((pin, why));
                    continue;
                }
                Placed::By(patch) => patch,
            };
            if Instant::now() >= self.ends {
                self.left_over += 1;
                continue;
            }
            let permit = self.azure.permit().await?;
            match kubernetes.amend(permit, &pin.object(), &patch).await? {
                Amended::Yes => self.written += 1,
                Amended::Changed => self.left_over += 1,
                Amended::Refused(why) => {
                    return Err(anyhow::anyhow!(why).context("failed to keep a workload large").into());
                }
            }
        }
        Ok(())
    }

    fn outcome(&self) -> Option<Outcome> {
        if self.written == 0 && self.left_over == 0 {
            return None;
        }
        let left: String = self.left.iter().map(|(_, why)| format!("; {why}")).collect();
        let again_in = Some(if self.left_over > 0 { AT_ONCE } else { PODS_TAKE });
        let why = format!("{} counts were raised, {} are left{left}", self.written, self.left_over);
        Some(Outcome::NotYet(Waiting { again_in, ..Waiting::because(why) }))
    }
}

fn is_of(object: &Value, pin: &Pin) -> bool {
    text(object, "/kind") == pin.kind.kind()
        && text(object, "/metadata/namespace") == pin.namespace
        && name(object) == pin.name
}

/// Why pods of what a pin keeps large have no node.
async fn without_node(kubernetes: &Kubernetes, scaled: &Scaled, pin: &Pin) -> Result<Option<String>, StepError> {
    match scaled.kept_by(pin).and_then(selector) {
        Some(labels) => kubernetes.unscheduled(&pin.namespace, &labels).await,
        None => Ok(None),
    }
}

fn named<'a>(pins: impl Iterator<Item = (Side, &'a Pin)>) -> String {
    let all: Vec<_> = pins.map(|(side, pin)| format!("{pin} in {}", side.name())).collect();
    few(&all, NAMED, ", ")
}
