//! The subscriptions of the steps: how they are set up, by Resource Manager, and how long their first message waits, by the
//! bus itself.
use super::Reader;
use super::arm::ArmError;
use super::service_bus::ServiceBus;
use crate::resources::answers::{number, text};
use crate::resources::subscription::Subscription;
use crate::run::event::STEPS;
use anyhow::{Context as _, bail};
use azure_core::http::headers::HeaderName;
use azure_core::http::{Method, StatusCode};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde_json::Value;

/// What `Microsoft.ServiceBus` is asked by.
pub const API_VERSION: &str = "2026-01-01";
/// So many are asked for their rules at once.
const AT_ONCE: usize = 4;

impl Reader {
    /// Every subscription of the steps' topic; none, when there is no such topic.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn subscriptions(&self, namespace: &str) -> Result<Vec<Subscription>, ArmError> {
        let below = format!("{}/topics/{STEPS}/subscriptions", namespace.trim_end_matches('/'));
        let found = match self.arm.list(&below, API_VERSION).await {
            Err(error) if error.status == 404 && error.has_code() => vec![],
            found => found?,
        };
        let with_rules = |entity: Value| {
            let id = format!("{below}/{}/rules", text(&entity, "/name"));
            async move { Ok(Subscription { rules: self.arm.list(&id, API_VERSION).await?, entity }) }
        };
        stream::iter(found).map(with_rules).buffered(AT_ONCE).try_collect().await
    }
}

impl ServiceBus {
    /// When the first message that waits in a step's subscription could first be received; `None` when none waits. One that
    /// is being handled does not wait.
    ///
    /// There is no look over REST that changes nothing: the message is locked and given back at once, and that counts as one
    /// of its ten deliveries. If we die between, it is late by the lock's three minutes.
    ///
    /// <https://learn.microsoft.com/rest/api/servicebus/peek-lock-message-non-destructive-read>
    ///
    /// # Errors
    /// When the bus does not answer, or the message could not be given back.
    pub async fn first_since(&self, step: &str) -> anyhow::Result<Option<Timestamp>> {
        let path = format!("{STEPS}/subscriptions/{step}/messages");
        let failed = || format!("failed to look at the first message for {step}");
        let answer = self.once(Method::Post, &format!("{path}/head?timeout=1")).await.with_context(failed)?;
        match answer.status() {
            StatusCode::NoContent => return Ok(None),
            StatusCode::Created => {}
            status => bail!("{}: HTTP {}", failed(), u16::from(status)),
        }
        let properties = answer.headers().get_optional_str(&HeaderName::from_static("brokerproperties"));
        let properties: Value = serde_json::from_str(properties.unwrap_or_default()).with_context(failed)?;
        let (sequence, lock) = (number(&properties, "/SequenceNumber"), text(&properties, "/LockToken"));
        let back = format!("{path}/{}/{lock}", sequence.context("a message without a number").with_context(failed)?);
        let given_back = self.once(Method::Put, &back).await.with_context(failed)?.status();
        if given_back != StatusCode::Ok {
            bail!("{}: it could not be given back: HTTP {}", failed(), u16::from(given_back));
        }
        let since = rfc2822::parse(text(&properties, "/EnqueuedTimeUtc")).with_context(failed)?;
        Ok(Some(since.timestamp()))
    }
}
