//! The Application Gateway: read, and written whole with one change.
use super::arm::{Condition, Question};
use super::permit::Permit;
use super::{Reader, Writer};
use crate::resources::gateway::{Gateway, Members, unmarked};
use crate::run::{Following, Operation, Run, StepError};
use azure_core::Uuid;
use azure_core::http::Method;

impl Reader {
    /// A gateway as it shows itself now. It may show what is not in force yet.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn gateway(&self, id: &str) -> Result<Gateway, StepError> {
        Ok(Gateway(self.arm.resource(id, &self.arm.cloud().network).await?))
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
