//! The Application Gateway: read, and written whole with one change.
use super::arm::{Condition, Question};
use super::permit::Permit;
use super::{Reader, Writer};
use crate::resources::gateway::{Gateway, Members, unmarked};
use crate::run::{Following, Operation, Run, StepError};
use azure_core::Uuid;
use azure_core::http::Method;
use std::time::Duration;
use tokio::time::timeout_at;

/// Who is about to write waits no longer for what there is to write over.
const JUST_BEFORE: Duration = Duration::from_secs(5);

impl Reader {
    /// A gateway as it shows itself now. It may show what is not in force yet.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn gateway(&self, id: &str) -> Result<Gateway, StepError> {
        Ok(Gateway(self.arm.resource(id, &self.arm.cloud().network).await?))
    }

    /// The same, just before it is written: in one try, of 5 s.
    ///
    /// # Errors
    /// When it cannot be read in that time.
    pub async fn gateway_now(&self, id: &str) -> Result<Gateway, StepError> {
        let read = self.arm.resource_now(id, &self.arm.cloud().network);
        let read = timeout_at(self.clock().after(JUST_BEFORE), read).await;
        let read = read.map_err(|_| anyhow::anyhow!("{id} was not read within {} s", JUST_BEFORE.as_secs()))?;
        Ok(Gateway(read?))
    }

    /// The same; `None` when Resource Manager says that there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn find_gateway(&self, id: &str) -> Result<Option<Gateway>, StepError> {
        Ok(self.arm.find(id, &self.arm.cloud().network).await?.map(Gateway))
    }

    /// Asks the gateway for what its own probes see of all its backends. The answer comes later, by the operation.
    ///
    /// # Errors
    /// When it was not accepted.
    pub async fn ask_health(&self, gateway: &str) -> Result<Operation, StepError> {
        Ok(self.arm.ask(Question::BackendHealth, gateway, &self.arm.cloud().network).await?.operation())
    }
}

impl Writer {
    /// Writes the gateway of a run as it was read, with these members in our pools and a new mark. Never sent twice: refused,
    /// throttled or superseded means read again.
    ///
    /// # Errors
    /// When the permit is too old, or it was not accepted. It may have been, if the answer was lost.
    pub async fn write_gateway(
        &self,
        permit: Permit,
        run: &Run,
        read: &Gateway,
        members: &Members,
    ) -> Result<Following, StepError> {
        let nonce = Uuid::new_v4().simple().to_string();
        let mark = match read.has_room_for_a_mark() {
            true => format!("{}/{nonce}", run.id),
            // The way back must be open: whether it was gone is then told by the operation and the members.
            false if run.step.undoes() => unmarked(&run.id, &nonce),
            false => return Err(StepError::Terminal("the gateway has 50 tags, and no room for our mark".into())),
        };
        let body = read.with(members, &mark).map_err(StepError::Terminal)?;
        // Harmless where it is ignored (docs/decisions): what counts is read back.
        let condition = read.etag().map_or(Condition::None, |etag| Condition::Match(etag.to_owned()));
        let id = &run.plan.site.gateway;
        let arm = self.arm.reader();
        let url = arm.url(id, &arm.cloud().network);
        let operation = self.arm.write(permit, Method::Put, url, condition, Some(&body)).await?.operation();
        Ok(Following::write(operation, mark))
    }
}
