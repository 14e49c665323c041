//! The clients of the outside world: Resource Manager, the clusters' API servers, Service Bus, tokens. What only looks and
//! what writes are two; whoever writes shows a permit for each write.
pub mod answer;
pub mod arm;
pub mod attached;
pub mod break_glass;
pub mod clusters;
pub mod federation;
pub mod gateways;
pub mod identity;
pub mod issuer;
pub mod kubernetes;
pub mod operations;
pub mod patience;
pub mod permit;
pub mod plainly;
pub mod roles;
mod second_opinion;
pub mod service_bus;
pub mod subscriptions;
pub mod tell;
pub mod told;
pub mod web;

use crate::process::clock::Clock;
use crate::process::cloud::Cloud;
use crate::process::wire::Wire;
use crate::run::{Operation, StepError};
use arm::{Arm, ArmWriter};
use azure_core::Uuid;
use azure_core::credentials::TokenCredential;
use azure_core::http::Request;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

/// What looks at the world. Resource Manager it can only read; of an API server it asks at most what it would say (`dryRun`).
#[derive(Clone)]
pub struct Reader {
    arm: Arm,
    wire: Wire,
    web: web::Web,
    credential: Arc<dyn TokenCredential>,
    now: Timestamp,
    /// When Resource Manager was last asked for the time.
    asked: Arc<Mutex<Option<Instant>>>,
}

/// What changes the world. Each of its methods takes a permit, and each permit is good for one write.
#[derive(Clone)]
pub struct Writer {
    arm: ArmWriter,
    wire: Wire,
    credential: Arc<dyn TokenCredential>,
}

impl Writer {
    /// What writes in this cloud.
    #[must_use]
    pub fn new(cloud: &Cloud, wire: &Wire, credential: &Arc<dyn TokenCredential>, clock: &Clock) -> Self {
        let arm = ArmWriter::new(cloud, credential, &wire.http, clock).telling(wire.signals.clone());
        Self { arm, wire: wire.clone(), credential: credential.clone() }
    }
}

/// The time is waited for so long: nobody's work waits for more.
const SECOND_OPINION: Duration = Duration::from_secs(5);
/// Where there was no answer, it is asked for again after so long.
const ASKED_AGAIN: Duration = Duration::from_secs(30);

impl Reader {
    /// What looks at this cloud. [`Reader::at`] gives it a time.
    #[must_use]
    pub fn new(cloud: &Cloud, wire: &Wire, credential: &Arc<dyn TokenCredential>, clock: &Clock) -> Self {
        Self {
            arm: Arm::new(cloud, credential, &wire.http, clock),
            wire: wire.clone(),
            web: web::Web::new(&wire.web),
            credential: credential.clone(),
            now: Timestamp::UNIX_EPOCH,
            asked: Arc::default(),
        }
    }

    /// The same, at this time.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Self {
        Self { now, ..self.clone() }
    }

    /// The store's time of this look; by a second service that has answered since it was not so late.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock().now().map_or(self.now, |now| self.now.min(now))
    }

    /// Asks Resource Manager for the time, if the clock knows no second opinion that agrees with the store's. Any answer
    /// tells it, and anybody may ask this; without one the store's alone counts.
    pub async fn agree_on_time(&self) {
        if self.clock().is_agreed() {
            return;
        }
        // Whoever comes meanwhile waits for the same answer.
        let mut asked = self.asked.lock().await;
        let lately = asked.is_some_and(|asked| asked.elapsed() < self.clock().real(ASKED_AGAIN));
        if !lately && !self.clock().is_agreed() {
            *asked = Some(Instant::now());
            let answer = self.arm.get("/metadata/endpoints", "2019-05-01");
            let _ = timeout_at(self.clock().after(SECOND_OPINION), answer).await;
        }
    }

    /// How fast the time goes.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        self.arm.clock()
    }

    /// Looks at a long-running operation.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub async fn look(&self, operation: &Operation) -> Result<operations::Progress, StepError> {
        Ok(self.arm.look(operation).await?)
    }
}

/// Gives a request the id by which Azure's logs know it. Without one azure_core gives it one too, but by way of an
/// error with a backtrace, which costs more than the rest of the call wherever `RUST_BACKTRACE` is set.
fn identify(request: &mut Request) {
    request.insert_header("x-ms-client-request-id", Uuid::new_v4().to_string());
}
