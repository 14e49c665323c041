//! Manifests are applied and ready. Progress is read back from the cluster: there is no cursor.
mod enlisted;
mod excused;
mod jobs;
mod left;
mod pruned;
mod told;
mod wanted;
mod writing;

pub use pruned::pruned;

use super::acting::Azure;
use super::permitted::of_the_new;
use super::presence::{Presence, look_again, not_tagged, presence};
use crate::azure::kubernetes::{Kubernetes, KubernetesWriter, Refused};
use crate::resources::answers::shortened;
use crate::resources::cluster::Cluster;
use crate::resources::object::{describe, name};
use crate::run::jobs::Ran;
use crate::run::{Fact, Run, StepError, StepResult};
use crate::site::Manifest;
use crate::workload::apply_set::ApplySet;
use crate::workload::challenges::{CANNOT_PASS, by_http01};
use crate::workload::chart::comes_before_all;
use crate::workload::readiness::never_ready;
use crate::workload::refusal::is_own;
use crate::workload::seen::{SAYS_WHY, Seen};
use excused::Lacking;
use jobs::Gone;
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::sync::Mutex;
use told::Told;
use wanted::Wanted;

/// So much is told of what a Job says, in letters.
const MOST_WORDS: usize = 2000;

/// What one look at the manifests works with.
struct Look<'a> {
    run: &'a Run,
    azure: &'a Azure,
    kubernetes: KubernetesWriter,
    /// Whether the definition of a custom kind is young, by `apiVersion` and kind.
    young: Mutex<BTreeMap<String, bool>>,
}

/// These manifests are applied to the new cluster, in order, and what they run is ready. What is refused does not keep the
/// rest from being applied: the next look comes back to it.
pub async fn applied(run: &Run, azure: &Azure, manifests: &[Manifest]) -> StepResult {
    let slot = run.plan.new_slot();
    let cluster = match presence(run, azure, &slot.cluster).await? {
        Presence::Here(found) if found.run() == Some(&run.id) => found,
        Presence::Here(found) => return not_tagged(run, azure, &found),
        Presence::Missed(cluster) => return look_again(cluster, "the new cluster was not found"),
        Presence::Gone => return super::terminal("the new cluster is gone"),
    };
    let mut wanted = wanted::wanted(run, azure, &cluster, manifests).await?;
    let kubernetes = azure.writer.kubernetes(&slot.cluster).await?;
    let values: Vec<_> = wanted.iter().map(|object| &object.value).collect();
    let seen = kubernetes.seen(&values).await;
    if asks_for_rights(&wanted, &seen)
        && let Some(why) = missing_rights(run, azure, &kubernetes, &values).await
    {
        return super::not_yet(why);
    }
    let seen = seen?;
    // What was not served a moment ago may be when its turn comes.
    kubernetes.forget_custom_kinds().await;
    let look = Look { run, azure, kubernetes, young: Mutex::default() };
    let mut told = Told::of(wanted.len());
    mark_as_members(run, &mut wanted, &seen, &mut told);
    let (mut to_write, mut lacking) = (vec![], vec![]);
    // A Job that a chart runs before its installation: what comes behind it in the chart waits.
    let mut before: Option<&Wanted> = None;
    for (object, seen) in wanted.iter().zip(seen) {
        if let Some(job) = before.filter(|job| job.file == object.file) {
            told.behind(job);
            continue;
        }
        before = comes_before_all(&object.value).then_some(object).filter(|_| !is_complete(run, object, seen.as_ref()));
        let (as_wanted, another) = match seen {
            Some(seen) if seen.applied.as_ref() == Some(&object.digest) => (Some(seen), None),
            another => (None, another),
        };
        match as_wanted {
            Some(seen) => lacking.extend(judge(run, object, look.with_words(object, seen).await?, &mut told)),
            None => match look.gone(object, another.as_ref()).await? {
                Gone::Complete => told.learn(run, object, Ran::Complete),
                Gone::Expired => {}
                Gone::Failed(why) => told.never.push(why),
                Gone::Missing => to_write.push(object),
            },
        }
    }
    look.excuse(lacking, &mut told).await;
    tell_challenges(&wanted.iter().map(|object| &object.value).collect::<Vec<_>>(), &mut told);
    look.enlist(&to_write, &mut told).await;
    look.write(&to_write, &mut told).await;
    told.outcome()
}

/// All that the site installs, as it is applied to this cluster.
///
/// # Errors
/// When a published manifest cannot be read, or filled.
pub async fn all_objects(run: &Run, azure: &Azure, cluster: &Cluster) -> Result<Vec<Value>, StepError> {
    let manifests: Vec<_> = run.plan.site.manifests().cloned().collect();
    let wanted = wanted::wanted(run, azure, cluster, &manifests).await?;
    Ok(wanted.into_iter().map(|object| object.value).collect())
}

/// Makes what will be applied members of the site's set. The digests are older: what was applied before is as it is wanted.
fn mark_as_members(run: &Run, wanted: &mut [Wanted], seen: &[Option<Seen>], told: &mut Told) {
    let set = ApplySet::of(&run.plan.site.name);
    for (object, seen) in wanted.iter_mut().zip(seen) {
        if !is_as_wanted(object, seen.as_ref())
            && let Err(other) = set.join(&mut object.value, seen.as_ref())
        {
            let name = describe(&object.value);
            told.aside.push(format!("{name} is a member of the set {}, and stays it", shortened(&other)));
        }
    }
}

/// Whether a Job has run to its end, now or before it was gone by its time to live.
fn is_complete(run: &Run, object: &Wanted, seen: Option<&Seen>) -> bool {
    match seen {
        Some(seen) => seen.completed && is_as_wanted(object, Some(seen)),
        None => run.jobs.of(&object.digest).is_some(),
    }
}

/// Before the first of them is applied, and where they must not even be seen.
fn asks_for_rights(wanted: &[Wanted], seen: &Result<Vec<Option<Seen>>, StepError>) -> bool {
    match seen {
        Ok(seen) => !wanted.is_empty() && !wanted.iter().zip(seen).any(|(one, seen)| is_as_wanted(one, seen.as_ref())),
        Err(StepError::Transient { cause, .. }) => {
            cause.downcast_ref::<Refused>().is_some_and(|refused| refused.code == 403)
        }
        Err(StepError::Terminal(_)) => false,
    }
}

fn is_as_wanted(object: &Wanted, seen: Option<&Seen>) -> bool {
    seen.is_some_and(|seen| seen.applied.as_ref() == Some(&object.digest))
}

/// Which rights are missing to apply these. Where nobody can tell, the answers to the applies do.
async fn missing_rights(run: &Run, azure: &Azure, kubernetes: &Kubernetes, objects: &[&Value]) -> Option<String> {
    of_the_new(run, azure, kubernetes, objects).await.ok()?.missing
}

/// Says of what waits for traffic that it does.
fn tell_challenges(wanted: &[&Value], told: &mut Told) {
    for certificate in by_http01(wanted) {
        let name = format!("{} ", describe(certificate));
        for why in told.waiting.iter_mut().filter(|why| why.starts_with(&name)) {
            *why = format!("{why}; {CANNOT_PASS}");
        }
    }
}

/// What an object that was applied as it is wanted has come to, if something that it lacks may be excused.
fn judge<'a>(run: &Run, object: &'a Wanted, seen: Seen, told: &mut Told) -> Option<Lacking<'a>> {
    if seen.completed {
        told.learn(run, object, Ran::Complete);
    } else if seen.expires {
        told.learn(run, object, Ran::Expiring);
    }
    let never = seen.failed.or_else(|| never_ready(&object.value).filter(|_| seen.unready.is_some()));
    match (never, seen.unready, seen.lack) {
        (Some(why), ..) => told.never.push(why),
        (None, Some(why), Some(lack)) => return Some(Lacking { object, lack, why }),
        (None, Some(why), None) => told.waiting.push(why),
        (None, None, _) => {}
    }
    None
}

impl Look<'_> {
    /// The same with what a Job's pod said last, where the Job says that this is why it fails.
    async fn with_words(&self, object: &Wanted, mut seen: Seen) -> Result<Seen, StepError> {
        let is_asked = object.value["metadata"]["annotations"][SAYS_WHY] == "true";
        if !is_asked || object.kind() != "Job" || (seen.unready.is_none() && seen.failed.is_none()) {
            return Ok(seen);
        }
        let namespace = object.value["metadata"]["namespace"].as_str().unwrap_or("default");
        if let Some(words) = self.kubernetes.last_words(namespace, name(&object.value)).await? {
            let words: String = words.chars().take(MOST_WORDS).collect();
            for why in [&mut seen.unready, &mut seen.failed].into_iter().flatten() {
                *why = format!("{why}: {words}");
            }
        }
        Ok(seen)
    }

    /// Whether an object is of a custom kind whose definition changed within the last minute: the server may know the one
    /// before. One that cannot be read may be young.
    async fn is_young(&self, object: &Wanted) -> Result<bool, StepError> {
        if is_own(object.api_version()) {
            return Ok(false);
        }
        let kind = format!("{}/{}", object.api_version(), object.kind());
        let mut known = self.young.lock().await;
        if let Some(young) = known.get(&kind) {
            return Ok(*young);
        }
        let defined = self.kubernetes.defined(&object.value).await;
        let now = self.azure.now();
        let young = defined.map_or(true, |at| at.is_some_and(|at| now.duration_since(at) < writing::YOUNG));
        known.insert(kind, young);
        Ok(young)
    }
}

impl Told {
    /// Remembers what was seen of a Job, if it is news.
    fn learn(&mut self, run: &Run, object: &Wanted, ran: Ran) {
        if run.jobs.of(&object.digest).is_none_or(|known| known < ran) {
            self.facts.push(Fact::Job(object.digest.clone(), ran));
        }
    }
}
