//! The clients of the outside world: Resource Manager, the clusters' API servers, Service Bus, tokens. What only looks and
//! what writes are two; whoever writes shows a permit for each write.
pub mod answer;
pub mod arm;
pub mod break_glass;
pub mod clusters;
pub mod gateways;
pub mod identity;
pub mod kubernetes;
pub mod operations;
pub mod patience;
pub mod permit;
pub mod service_bus;
pub mod subscriptions;
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

/// What looks at the world. It holds no client that could change anything.
#[derive(Clone)]
pub struct Reader {
    arm: Arm,
    wire: Wire,
    web: web::Web,
    credential: Arc<dyn TokenCredential>,
    now: Timestamp,
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
        let arm = ArmWriter::new(cloud, credential, &wire.http, clock);
        Self { arm, wire: wire.clone(), credential: credential.clone() }
    }
}

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
