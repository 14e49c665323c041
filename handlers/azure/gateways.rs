//! The Application Gateway: read, and written whole with one change.
use super::arm::Condition;
use super::{Azure, Reader};
use crate::resources::gateway::{Gateway, Members};
use crate::run::{Following, Operation, Run, StepError};
use azure_core::Uuid;
use azure_core::http::Method;

impl Reader {
    /// A gateway as it shows itself now. It may show what is not in force yet.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn gateway(&self, id: &str) -> Result<Gateway, StepError> {
        Ok(Gateway(self.arm.get(id, &self.arm.cloud().network).await?.body))
    }

    /// Asks the gateway for what its own probes see of all its backends. The answer comes later, by the operation.
    ///
    /// # Errors
    /// When it was not accepted.
    pub async fn ask_health(&self, gateway: &str) -> Result<Operation, StepError> {
        let url = self.arm.url(&format!("{gateway}/backendhealth"), &self.arm.cloud().network);
        Ok(self.arm.send(Method::Post, url, Condition::None, None).await?.operation())
    }
}

impl Azure {
    /// Writes a gateway as it was read, with these members in our pools and a new mark. Never sent twice: refused,
    /// throttled or superseded means read again.
    ///
    /// # Errors
    /// When the run moved on, or it was not accepted. It may have been, if the answer was lost.
    pub async fn write_gateway(&self, run: &Run, read: &Gateway, members: &Members) -> Result<Following, StepError> {
        let mark = format!("{}/{}", run.id, Uuid::new_v4().simple());
        let body = read.with(members, &mark).map_err(StepError::Terminal)?;
        // Harmless where it is ignored (docs/decisions): what counts is read back.
        let condition = read.etag().map_or(Condition::None, |etag| Condition::Match(etag.to_owned()));
        let id = &run.plan.site.gateway;
        self.permit.check().await?;
        let url = self.arm.url(id, &self.arm.cloud().network);
        let operation = self.arm.send(Method::Put, url, condition, Some(&body)).await?.operation();
        Ok(Following::GatewayWrite { operation, mark })
    }
}
