//! Service Bus over REST: publishing, in the batch format: names keep their case, and one POST is atomic.
use super::patience;
use crate::process::clock::{Clock, http_date};
use crate::process::cloud::SERVICE_BUS_SCOPE;
use crate::run::event::Message;
use anyhow::{Context as _, bail};
use azure_core::credentials::TokenCredential;
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::{Context, Method, Pipeline, PipelineSendOptions, RawResponse, Request, Transport, Url};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// A publisher for one namespace.
#[derive(Clone)]
pub struct ServiceBus {
    namespace: Url,
    pipeline: Pipeline,
    /// What is given out is given out once more by a second try.
    once: Pipeline,
}

impl ServiceBus {
    /// A publisher for this namespace (`<name>.servicebus.windows.net`).
    ///
    /// # Errors
    /// When the name makes no URL.
    pub fn new(
        host: &str,
        credential: &Arc<dyn TokenCredential>,
        transport: &Transport,
        clock: &Clock,
    ) -> anyhow::Result<Self> {
        let namespace = format!("https://{host}/").parse().with_context(|| format!("{host:?} is no host name"))?;
        let bearer = Arc::new(BearerTokenAuthorizationPolicy::new(credential.clone(), [SERVICE_BUS_SCOPE]));
        let (name, version) = (option_env!("CARGO_PKG_NAME"), option_env!("CARGO_PKG_VERSION"));
        let pipeline = |options| Pipeline::new(name, version, options, vec![], vec![bearer.clone() as _], None);
        let (again, once) = (patience::for_the_store(transport, clock), patience::for_writing(transport));
        Ok(Self { namespace, pipeline: pipeline(again), once: pipeline(once) })
    }

    /// One call below the namespace, without a body.
    pub(super) async fn once(&self, method: Method, path: &str) -> anyhow::Result<RawResponse> {
        let mut request = Request::new(self.namespace.join(path)?, method);
        super::identify(&mut request);
        let options = PipelineSendOptions { skip_checks: true, ..PipelineSendOptions::default() };
        Ok(self.once.send(&Context::new(), &mut request, Some(options)).await?)
    }

    /// Publishes a message. Sent twice, it arrives once: the entities detect duplicates by its id.
    ///
    /// # Errors
    /// When it was not accepted. It may have been, if the answer was lost.
    pub async fn publish(&self, message: &Message) -> anyhow::Result<()> {
        let mut properties = Map::from_iter([
            ("MessageId".to_owned(), Value::from(message.id.clone())),
            ("Label".to_owned(), message.subject.clone().into()),
        ]);
        if let Some(at) = message.at {
            properties.insert("ScheduledEnqueueTimeUtc".into(), http_date(at)?.into());
        }
        let mut user = Map::new();
        if let Some(parent) = crate::process::telemetry::traceparent() {
            // Both names: the Functions extension reads the old one.
            user.insert("traceparent".into(), parent.clone().into());
            user.insert("Diagnostic-Id".into(), parent.into());
        }
        let batch = json!([{"Body": message.body, "BrokerProperties": properties, "UserProperties": user}]);
        let url = self.namespace.join(&format!("{}/messages", message.to))?;
        let mut request = Request::new(url, Method::Post);
        // Exactly this text: with a charset the service takes the body for one message.
        request.insert_header("content-type", "application/vnd.microsoft.servicebus.json");
        super::identify(&mut request);
        request.set_body(batch.to_string().into_bytes());
        let options = PipelineSendOptions { skip_checks: true, ..PipelineSendOptions::default() };
        let failed = || format!("failed to publish {} to {}", message.id, message.to);
        let answer = self.pipeline.send(&Context::new(), &mut request, Some(options)).await.with_context(failed)?;
        let status = u16::from(answer.status());
        if status != 201 {
            let text = String::from_utf8_lossy(answer.body().as_ref()).chars().take(300).collect::<String>();
            bail!("{}: HTTP {status}: {text}", failed());
        }
        Ok(())
    }
}
