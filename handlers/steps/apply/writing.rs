//! The writes of one look: in the order of the manifests, as many as its time allows, some at once.
use super::Look;
use super::told::Told;
use super::wanted::Wanted;
use crate::azure::kubernetes::{Applied, Removed};
use crate::resources::object::describe;
use crate::run::StepError;
use crate::run::jobs::Ran;
use crate::workload::anew::{Room, room};
use crate::workload::fence::{as_applied, as_made, is_fenced};
use crate::workload::readiness::never_ready;
use crate::workload::refusal::{Meaning, in_words, is_immutable, is_own_pin, meaning, not_served, takes_over};
use crate::workload::seen::{APPLIED, Seen};
use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// One batch goes on for so long; the rest is for the next look.
const BATCH: Duration = Duration::from_secs(45);
/// So many objects of one kind and file are applied at once.
const AT_ONCE: usize = 8;
/// For so long after its last change, a definition may not be what the server judges by.
pub const YOUNG: SignedDuration = SignedDuration::from_secs(60);

/// What became of one write.
enum Written {
    Applied(Seen),
    /// Not now: the time is over, or the server is ill for this kind.
    Left,
    Refused(Meaning),
    /// Nothing more can be written by this look.
    Stopped(StepError),
}

/// When a batch ends, and whether it has.
struct Batch {
    ends: Instant,
    stopped: AtomicBool,
}

impl Batch {
    fn is_over(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) || Instant::now() >= self.ends
    }
}

impl Look<'_> {
    /// Applies these objects. Those of one kind in one file go side by side; whatever comes behind waits for them.
    pub async fn write(&self, objects: &[&Wanted], told: &mut Told) {
        let batch = Batch { ends: self.azure.clock().after(BATCH), stopped: AtomicBool::new(false) };
        let mut ill: BTreeSet<(&str, &str)> = BTreeSet::new();
        for beside in objects.chunk_by(|one, other| one.is_beside(other)) {
            let kind = (beside[0].api_version(), beside[0].kind());
            // What waits for an ill webhook takes long: each kind does so once.
            let is_ill = AtomicBool::new(ill.contains(&kind));
            for some in beside.chunks(AT_ONCE) {
                let mut writes = vec![];
                for object in some {
                    writes.push(self.write_one(object, &batch, &is_ill));
                }
                for (object, written) in some.iter().zip(join_all(writes).await) {
                    self.tell(object, written, told);
                }
            }
            if is_ill.into_inner() {
                ill.insert(kind);
            }
        }
    }

    async fn write_one(&self, object: &Wanted, batch: &Batch, is_ill: &AtomicBool) -> Written {
        if batch.is_over() || is_ill.load(Ordering::Relaxed) {
            return Written::Left;
        }
        if object.kind() == "Job"
            && let Some(why) = never_ready(&object.value)
        {
            return Written::Refused(Meaning::Never(why));
        }
        let written = self.try_to_write(object).await.unwrap_or_else(Written::Stopped);
        match written {
            Written::Refused(Meaning::Ill(_)) => is_ill.store(true, Ordering::Relaxed),
            Written::Stopped(_) => batch.stopped.store(true, Ordering::Relaxed),
            Written::Applied(_) | Written::Left | Written::Refused(Meaning::Never(_) | Meaning::Later(_)) => {}
        }
        written
    }

    async fn try_to_write(&self, object: &Wanted) -> Result<Written, StepError> {
        let applied = if is_fenced(&object.value) {
            self.apply_fenced(&object.value).await?
        } else {
            let permit = self.azure.permit().await?;
            match self.kubernetes.apply(permit, &object.value, takes_over(&object.value)).await? {
                Applied::Refused(refusal) if is_own_pin(&refusal) => {
                    self.kubernetes.apply(self.azure.permit().await?, &object.value, true).await?
                }
                applied => applied,
            }
        };
        let refusal = match applied {
            Applied::Yes(live) => return Ok(Written::Applied(Seen::of(&live))),
            Applied::NotServed => return Ok(Written::Refused(not_served(&object.value, self.run.plan.version))),
            Applied::Refused(refusal) => refusal,
        };
        if object.is_job() && is_immutable(&refusal) {
            return self.make_anew(object).await;
        }
        let young = matches!(refusal.code, 400 | 422 | 500) && self.is_young(object).await?;
        Ok(Written::Refused(meaning(&refusal, young)))
    }

    /// Makes a Job anew whose template is another than that of the one that is there. What ended is deleted, and made, at once:
    /// what its end left behind tells nobody of the new one.
    async fn make_anew(&self, object: &Wanted) -> Result<Written, StepError> {
        let later = |why: String| Ok(Written::Refused(Meaning::Later(why)));
        let Some(live) = self.kubernetes.find(&object.value).await? else {
            return later("the one of earlier manifests has just gone".into());
        };
        match room(&object.value, &live) {
            Room::Made => {}
            Room::Later(why) => return later(why),
            Room::Never(why) => return Ok(Written::Refused(Meaning::Never(why))),
        }
        match self.kubernetes.remove(self.azure.permit().await?, &live).await? {
            Removed::Yes => {}
            Removed::Changed => return later("the one of earlier manifests has just changed".into()),
            Removed::Refused(why) => return later(format!("the one of earlier manifests cannot be deleted: {why}")),
        }
        match self.kubernetes.apply(self.azure.permit().await?, &object.value, takes_over(&object.value)).await? {
            Applied::Yes(live) => Ok(Written::Applied(Seen::of(&live))),
            Applied::NotServed => later("the one of earlier manifests was deleted".into()),
            Applied::Refused(refusal) => {
                later(format!("the one of earlier manifests was deleted: {}", in_words(&refusal)))
            }
        }
    }

    /// What is fenced is made with 0 replicas, and then applied without a count to what is there. That other manager made
    /// its fields, so they are taken from it.
    async fn apply_fenced(&self, object: &Value) -> Result<Applied, StepError> {
        match self.kubernetes.make(self.azure.permit().await?, &as_made(object, APPLIED)).await? {
            Applied::Yes(there) => {
                self.kubernetes.apply(self.azure.permit().await?, &as_applied(object, &there), true).await
            }
            otherwise @ (Applied::NotServed | Applied::Refused(_)) => Ok(otherwise),
        }
    }

    fn tell(&self, object: &Wanted, written: Written, told: &mut Told) {
        let words = |why: &str| format!("{}: {why}", describe(&object.value));
        match written {
            Written::Applied(seen) => {
                told.applied += 1;
                if seen.expires {
                    told.learn(self.run, object, Ran::Expiring);
                }
            }
            Written::Left => told.left += 1,
            Written::Refused(Meaning::Never(why)) => told.never.push(words(&why)),
            Written::Refused(Meaning::Later(why) | Meaning::Ill(why)) => told.later.push(words(&why)),
            Written::Stopped(error) => told.stop(error),
        }
    }
}
