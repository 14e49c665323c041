//! What a step works with: it looks, it acts with a permit for each write, and it reads what was published. It cannot
//! save or publish.
use crate::azure::permit::Permit;
use crate::azure::{Reader, Writer};
use crate::run::{Run, StepError};
use crate::store::{Store, Stored};
use crate::workload::pins::Counts;
use tokio::time::Instant;

/// What looks and acts, for one hop of one run.
pub struct Azure {
    reader: Reader,
    /// What changes the world.
    pub writer: Writer,
    store: Store,
    site: String,
    run: String,
    hop: u32,
}

impl std::ops::Deref for Azure {
    type Target = Reader;
    fn deref(&self) -> &Reader {
        &self.reader
    }
}

impl Azure {
    /// For the hop at which a run was loaded.
    #[must_use]
    pub fn new(reader: &Reader, writer: &Writer, store: &Store, loaded: &Stored<Run>) -> Self {
        let run = &loaded.value;
        Self {
            reader: reader.at(loaded.at),
            writer: writer.clone(),
            store: store.clone(),
            site: run.plan.site.name.clone(),
            run: run.id.clone(),
            hop: run.hop,
        }
    }

    /// The right to write once: the run is read again, and is still where the step looked at it.
    ///
    /// # Errors
    /// When the run moved on, or the store does not answer.
    pub async fn permit(&self) -> Result<Permit, StepError> {
        let asked = Instant::now();
        let found = self.store.run(&self.site).await?;
        Permit::for_run(&self.run, self.hop, found.as_ref().map(|found| &found.value), asked, self.clock())
    }

    /// The largest counts of pods of this cluster within the last hour, as far as they are known.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn counted(&self, uid: &str) -> Result<Counts, StepError> {
        Ok(self.store.counted(&self.site).await?.most(uid, self.now()))
    }

    /// A published manifest, by its digest.
    ///
    /// # Errors
    /// When the store does not answer, or does not have it.
    pub async fn manifest(&self, digest: &str) -> Result<String, StepError> {
        let found = self.store.manifest(digest).await?;
        let found = found.ok_or_else(|| StepError::Terminal(format!("the store has no manifest {digest}")))?;
        String::from_utf8(found.to_vec()).map_err(|_| StepError::Terminal(format!("the manifest {digest} is no UTF-8")))
    }
}
