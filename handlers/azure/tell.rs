//! Telling people over webhooks: https to hosts that are allowed, no redirect followed, never longer than some seconds.
use crate::process::targets::Target;
use crate::run::overview::Shape;
use anyhow::{Context as _, bail, ensure};
use azure_core::http::{Context, Method, Pipeline, PipelineSendOptions, Request, Transport};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// One message may take so long: real time, for it guards a socket.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tells people.
#[derive(Clone)]
pub struct Tell {
    pipeline: Pipeline,
    targets: Arc<Vec<Target>>,
}

impl Tell {
    /// These targets, on this transport.
    #[must_use]
    pub fn new(targets: &[Target], transport: &Transport) -> Self {
        let options = super::patience::for_writing(transport);
        Self { pipeline: Pipeline::new(None, None, options, vec![], vec![], None), targets: Arc::new(targets.to_vec()) }
    }

    /// Who is told.
    #[must_use]
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// Whether anybody is.
    #[must_use]
    pub fn has_targets(&self) -> bool {
        !self.targets.is_empty()
    }

    /// Sends a message once.
    ///
    /// # Errors
    /// When the answer is none of success, or none in time; without the address.
    pub async fn send(&self, target: &Target, message: &Value) -> anyhow::Result<()> {
        let host = target.url.host_str().unwrap_or_default().to_owned();
        let mut request = Request::new(target.url.clone(), Method::Post);
        request.insert_header(
            "content-type",
            match target.shape {
                Shape::CloudEvents => "application/cloudevents+json",
                Shape::Teams | Shape::Slack => "application/json",
            },
        );
        request.set_body(serde_json::to_vec(message)?);
        let options = PipelineSendOptions { skip_checks: true, ..PipelineSendOptions::default() };
        let context = Context::new();
        let sent = tokio::time::timeout(PATIENCE, self.pipeline.send(&context, &mut request, Some(options))).await;
        let answer = sent.with_context(|| format!("{host} did not answer within {} s", PATIENCE.as_secs()))?;
        // The client's own words name the address.
        let Ok(answer) = answer else { bail!("{host} did not answer") };
        let status = u16::from(answer.status());
        ensure!((200..300).contains(&status), "{host} answered {status}");
        Ok(())
    }
}
