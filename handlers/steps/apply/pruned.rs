//! What earlier manifests have left in the new cluster: it is deleted where the site consents, and else named. It keeps no
//! upgrade: what cannot be deleted within some minutes is named, and stays.
use super::super::acting::Azure;
use super::super::permitted::to_prune;
use super::left::{Left, left};
use crate::azure::kubernetes::{KubernetesWriter, Removed};
use crate::plan::Kind;
use crate::resources::object::describe;
use crate::run::{Outcome, Run, StepError, StepResult, Waiting};
use crate::text::few;
use crate::workload::prune::goes_first;
use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// So many objects are named.
const NAMED: usize = 30;
/// What is about to be deleted is said in these words, and saved, before the first of it is.
const ABOUT: &str = "no manifest of the site has these any more, and they are pruned next: ";
/// While the same is left, it may take so long from then on,
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);
/// and leaves the step so much of its time.
const LEAST_LEFT: SignedDuration = SignedDuration::from_mins(1);
/// One look deletes for so long,
const BATCH: Duration = Duration::from_secs(45);
/// so many at once.
const AT_ONCE: usize = 8;
/// What was just said is done at once; what was just deleted takes a moment.
const NEXT: Duration = Duration::from_secs(1);
const GOES: Duration = Duration::from_secs(5);

/// Nothing is left of earlier manifests that could be deleted; or it may not be, and is named. `notes`: what is to be said
/// besides.
///
/// # Errors
/// When the cluster cannot be looked at, and the site consents.
pub async fn pruned(run: &Run, azure: &Azure, mut notes: Vec<String>) -> StepResult {
    let site = &run.plan.site;
    let kubernetes = azure.writer.kubernetes(&run.plan.new_slot().cluster).await?;
    let left = match left(run, azure, &kubernetes).await {
        Ok(left) => left,
        Err(error) if site.prune => return Err(error),
        Err(error) => Left::unseen(format!("{:#}", error.into_cause())),
    };
    // A cluster that was just made has nothing of earlier manifests, unless the site was mended.
    if !left.unseen.is_empty() && (site.prune || run.plan.kind == Kind::Return) {
        let why = few(&left.unseen, NAMED, "; ");
        notes.push(format!("what earlier manifests have left in the new cluster cannot be told: {why}"));
    }
    let names: Vec<_> = left.goes.iter().map(describe).collect();
    if !names.is_empty() && site.prune {
        if let Some(waiting) = prune(run, azure, &kubernetes, &left).await? {
            return Ok(waiting);
        }
        notes.push(format!("could not be pruned, and stay: {}: delete them by hand", few(&names, NAMED, ", ")));
    } else if !names.is_empty() {
        let why = "left over from earlier manifests, and kept, for the site does not say \"prune\": true";
        notes.push(format!("{why}: {}", few(&names, NAMED, ", ")));
    }
    if !left.stays.is_empty() {
        notes.push(format!(
            "no manifest of the site has these any more, and they stay: {}",
            few(&left.stays, NAMED, "; ")
        ));
    }
    if site.prune && names.is_empty() && left.unseen.is_empty() {
        left.narrow(azure, &kubernetes).await?;
    }
    Ok(if notes.is_empty() { Outcome::Done } else { Outcome::Noted(notes) })
}

/// One look of pruning; `None`: its time is over.
async fn prune(
    run: &Run,
    azure: &Azure,
    kubernetes: &KubernetesWriter,
    left: &Left,
) -> Result<Option<Outcome>, StepError> {
    let names: Vec<_> = left.goes.iter().map(describe).collect();
    let about = format!("{ABOUT}{}", few(&names, NAMED, ", "));
    let rest = run.deadline() - azure.now().duration_since(run.step_began);
    if rest < LEAST_LEFT {
        return Ok(None);
    }
    match run.first_said(&about) {
        None => return Ok(Some(again(about, Some(NEXT)))),
        // A step that was held began later than it did.
        Some(at) if azure.now().duration_since(at.max(run.step_began)) > PATIENCE => return Ok(None),
        Some(_) => {}
    }
    if let Some(why) = to_prune(kubernetes, &left.goes).await?.missing {
        return Ok(Some(again(why, None)));
    }
    let mut batch = Batch { azure, kubernetes, ends: azure.clock().after(BATCH), said: Said::default() };
    let (first, others): (Vec<_>, Vec<_>) = left.goes.iter().partition(|object| goes_first(object));
    batch.remove(&first).await?;
    // What goes first may need what goes behind it, until it is gone.
    let is_held_up = batch.said.goes_on() || left.ends.iter().any(goes_first);
    if !is_held_up {
        batch.remove(&others).await?;
    } else if first.is_empty() {
        let ends: Vec<_> = left.ends.iter().filter(|object| goes_first(object)).map(describe).collect();
        return Ok(Some(again(format!("being deleted: {}", few(&ends, NAMED, ", ")), Some(GOES))));
    }
    let again_in = batch.said.goes_on().then_some(GOES);
    Ok(Some(again(batch.said.words(), again_in)))
}

fn again(why: String, again_in: Option<Duration>) -> Outcome {
    Outcome::NotYet(Waiting { again_in, ..Waiting::because(why) })
}

/// The deletions of one look.
struct Batch<'a> {
    azure: &'a Azure,
    kubernetes: &'a KubernetesWriter,
    ends: Instant,
    said: Said,
}

/// What became of them.
#[derive(Default)]
struct Said {
    removed: Vec<String>,
    changed: Vec<String>,
    refused: Vec<String>,
    is_cut_short: bool,
}

impl Batch<'_> {
    async fn remove(&mut self, objects: &[&Value]) -> Result<(), StepError> {
        for some in objects.chunks(AT_ONCE) {
            if Instant::now() >= self.ends {
                self.said.is_cut_short = true;
                return Ok(());
            }
            let one = async |object: &Value| self.kubernetes.remove(self.azure.permit().await?, object).await;
            let answers = join_all(some.iter().map(|object| one(object))).await;
            for (object, answer) in some.iter().zip(answers) {
                match answer {
                    Ok(Removed::Yes) => self.said.removed.push(describe(object)),
                    Ok(Removed::Changed) => self.said.changed.push(describe(object)),
                    Ok(Removed::Refused(why)) => self.said.refused.push(why),
                    // What was deleted must be said.
                    Err(error) if self.said.goes_on() => {
                        self.said.refused.push(format!("{}: {:#}", describe(object), error.into_cause()));
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

impl Said {
    /// Whether something was done, or is to be looked at anew.
    fn goes_on(&self) -> bool {
        self.is_cut_short || !self.removed.is_empty() || !self.changed.is_empty()
    }

    fn words(&self) -> String {
        let parts = [
            ("pruned: ", &self.removed),
            ("changed meanwhile, and looked at anew: ", &self.changed),
            ("refused to be pruned: ", &self.refused),
        ];
        let said = parts.iter().filter(|(_, all)| !all.is_empty());
        said.map(|(what, all)| format!("{what}{}", few(all, NAMED, ", "))).collect::<Vec<_>>().join("; ")
    }
}
