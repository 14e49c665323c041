//! The clients of the outside world. `Reader` only looks; `Azure` also acts, and reads the run again before it does.
pub mod arm;
pub mod break_glass;
pub mod clusters;
pub mod gateways;
pub mod identity;
pub mod kubernetes;
pub mod operations;
pub mod patience;
pub mod service_bus;
pub mod web;

use crate::process::clock::Clock;
use crate::process::cloud::Cloud;
use crate::process::wire::Wire;
use crate::run::{Run, StepError};
use crate::store::Store;
use arm::Arm;
use azure_core::Uuid;
use azure_core::credentials::TokenCredential;
use azure_core::http::Request;
use jiff::Timestamp;
use std::sync::Arc;

/// What looks at the world. It has no method that changes anything.
#[derive(Clone)]
pub struct Reader {
    /// Resource Manager. Only this module's writers call its `send` with a writing method.
    arm: Arm,
    wire: Wire,
    web: web::Web,
    credential: Arc<dyn TokenCredential>,
    store: Store,
    now: Timestamp,
}

/// What looks and acts, for one hop of one run.
pub struct Azure {
    reader: Reader,
    permit: Permit,
}

impl std::ops::Deref for Azure {
    type Target = Reader;
    fn deref(&self) -> &Reader {
        &self.reader
    }
}

/// What each writing method asks first: whether the run is still where the step looked at it.
struct Permit {
    store: Store,
    site: String,
    run: String,
    hop: u32,
}

impl Permit {
    async fn check(&self) -> Result<(), StepError> {
        let found = self.store.run(&self.site).await?;
        let same = |run: &Run| run.id == self.run && run.hop == self.hop && run.moves();
        if found.is_some_and(|found| same(&found.value)) {
            return Ok(());
        }
        Err(anyhow::anyhow!("the run moved on meanwhile; nothing was written").into())
    }
}

impl Reader {
    /// What looks at this cloud, at the store's time `now`.
    #[must_use]
    pub fn new(cloud: &Cloud, wire: &Wire, credential: &Arc<dyn TokenCredential>, store: &Store) -> Self {
        Self {
            arm: Arm::new(cloud, credential, &wire.http, store.clock()),
            wire: wire.clone(),
            web: web::Web::new(&wire.http),
            credential: credential.clone(),
            store: store.clone(),
            now: Timestamp::UNIX_EPOCH,
        }
    }

    /// The same, at this time.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Self {
        Self { now, ..self.clone() }
    }

    /// The store's time of this look.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// How fast the time goes.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        self.store.clock()
    }

    /// Looks at a long-running operation.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub async fn look(&self, operation: &crate::run::Operation) -> Result<operations::Progress, StepError> {
        Ok(self.arm.look(operation).await?)
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

    /// What may act for this hop of this run.
    #[must_use]
    pub fn for_run(self, run: &Run) -> Azure {
        let permit =
            Permit { store: self.store.clone(), site: run.plan.site.name.clone(), run: run.id.clone(), hop: run.hop };
        Azure { reader: self, permit }
    }
}

/// Gives a request the id by which Azure's logs know it. Without one azure_core gives it one too, but by way of an
/// error with a backtrace, which costs more than the rest of the call wherever `RUST_BACKTRACE` is set.
fn identify(request: &mut Request) {
    request.insert_header("x-ms-client-request-id", Uuid::new_v4().to_string());
}
