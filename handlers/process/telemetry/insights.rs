//! The way to Application Insights: its ingestion takes envelopes over HTTPS, from the identity of this process.
//!
//! It goes over the transport of every other client, so that nothing else is linked for it; why, in docs/decisions.
use super::envelopes::{of_metrics, of_span};
use crate::process::cloud::Cloud;
use anyhow::{Context as _, bail, ensure};
use azure_core::credentials::TokenCredential;
use azure_core::http::headers::HeaderName;
use azure_core::http::policies::{Policy, auth::BearerTokenAuthorizationPolicy};
use azure_core::http::{
    ClientOptions, Context, Method, Pipeline, PipelineSendOptions, Request, RetryOptions, Transport, Url,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

/// One answer is waited for so long: real time, for it guards a socket.
const ANSWER: Duration = Duration::from_secs(5);
/// What was not taken is sent again after these.
const AGAIN: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];
/// So often it is sent elsewhere, when the answer says so.
const MOST_REDIRECTIONS: usize = 3;

/// Where telemetry goes, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    track: Url,
    key: String,
    /// The audience of tokens.
    scope: String,
    /// Whether it is this process's identity that sends; otherwise the key alone says whose it is.
    with_identity: bool,
}

impl Address {
    /// Reads what the host reads: a connection string, and how to prove who sends.
    ///
    /// # Errors
    /// When it names no key or no address, or a token would go over plain HTTP.
    pub fn read(connection: &str, authentication: Option<&str>, cloud: &Cloud) -> anyhow::Result<Self> {
        let member = |text: &str, name: &str| {
            let mut pairs = text.split(';').filter_map(|pair| pair.split_once('='));
            let found = pairs.find(|(key, _)| key.trim().eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let key = member(connection, "InstrumentationKey").context("it has no InstrumentationKey")?;
        let endpoint = member(connection, "IngestionEndpoint").context("it has no IngestionEndpoint")?;
        let track = format!("{}/v2.1/track", endpoint.trim_end_matches('/'));
        let track: Url = track.parse().with_context(|| format!("IngestionEndpoint is {endpoint:?}"))?;
        let authorization = authentication.and_then(|text| member(text, "Authorization"));
        let with_identity = authorization.is_some_and(|it| it.eq_ignore_ascii_case("AAD"));
        ensure!(track.scheme() == "https" || !with_identity, "IngestionEndpoint is {endpoint:?}: expected https");
        let audience = member(connection, "AADAudience").unwrap_or_else(|| cloud.monitor.clone());
        // With two slashes, unless the audience has none at its end: so the service wants it.
        Ok(Self { track, key, scope: format!("{audience}/.default"), with_identity })
    }
}

/// What sends to Application Insights. Clones are the same.
#[derive(Clone, Debug)]
pub struct Insights(Arc<Sender>, Resource);

#[derive(Debug)]
struct Sender {
    address: Address,
    pipeline: Pipeline,
    /// Collectors have threads of their own, where no client of ours could work.
    runtime: Handle,
    is_failing: AtomicBool,
}

impl Insights {
    /// Sends there, as this identity, on this transport.
    #[must_use]
    pub fn new(
        address: Address,
        credential: &Arc<dyn TokenCredential>,
        transport: &Transport,
        runtime: Handle,
    ) -> Self {
        let options = ClientOptions {
            transport: Some(transport.clone()),
            retry: RetryOptions::none(),
            ..ClientOptions::default()
        };
        let bearer: Arc<dyn Policy> =
            Arc::new(BearerTokenAuthorizationPolicy::new(credential.clone(), [address.scope.clone()]));
        let policies = if address.with_identity { vec![bearer] } else { vec![] };
        let (name, version) = (option_env!("CARGO_PKG_NAME"), option_env!("CARGO_PKG_VERSION"));
        let pipeline = Pipeline::new(name, version, options, vec![], policies, None);
        let is_failing = AtomicBool::new(false);
        Self(Arc::new(Sender { address, pipeline, runtime, is_failing }), Resource::builder_empty().build())
    }

    async fn send(&self, envelopes: Vec<Value>) -> OTelSdkResult {
        if envelopes.is_empty() {
            return Ok(());
        }
        let sender = self.0.clone();
        let body = Value::from(envelopes).to_string();
        let sent = self.0.runtime.spawn(async move { sender.send(body.into_bytes()).await }).await;
        sent.map_err(|_| OTelSdkError::AlreadyShutdown)?
            .map_err(|why| OTelSdkError::InternalFailure(format!("{why:#}")))
    }
}

impl Sender {
    async fn send(&self, body: Vec<u8>) -> anyhow::Result<()> {
        let mut sent = self.once(&body).await;
        for wait in AGAIN {
            if !matches!(sent, Err(Refused::Now(_))) {
                break;
            }
            sleep(wait).await;
            sent = self.once(&body).await;
        }
        let failed = sent.is_err();
        // Once, when it begins, and not for each batch.
        if self.is_failing.swap(failed, Ordering::Relaxed) != failed {
            match &sent {
                Ok(()) => info!("Application Insights takes spans and metrics again"),
                Err(why) => warn!("spans and metrics do not reach Application Insights: {:#}", why.cause()),
            }
        }
        sent.map_err(Refused::into_cause)
    }

    /// Sends once, wherever it is led.
    async fn once(&self, body: &[u8]) -> Result<(), Refused> {
        let mut url = self.address.track.clone();
        for _ in 0..=MOST_REDIRECTIONS {
            let (status, location) = self.ask(&url, body).await.map_err(Refused::Now)?;
            match (status, location) {
                // 206: some of it was refused for good.
                (200 | 206, _) => return Ok(()),
                (307 | 308, Some(elsewhere)) => url = led(&url, &elsewhere).map_err(Refused::ForGood)?,
                (408 | 429 | 439 | 500..=599, _) => return Err(Refused::Now(anyhow::anyhow!("it answers {status}"))),
                _ => return Err(Refused::ForGood(anyhow::anyhow!("it answers {status}"))),
            }
        }
        Err(Refused::ForGood(anyhow::anyhow!("it leads elsewhere more than {MOST_REDIRECTIONS} times")))
    }

    async fn ask(&self, url: &Url, body: &[u8]) -> anyhow::Result<(u16, Option<String>)> {
        let mut request = Request::new(url.clone(), Method::Post);
        request.insert_header("content-type", "application/json");
        request.set_body(body.to_vec());
        let options = PipelineSendOptions { skip_checks: true, ..PipelineSendOptions::default() };
        let context = Context::new();
        let answer = timeout(ANSWER, self.pipeline.send(&context, &mut request, Some(options))).await;
        let answer = answer.with_context(|| format!("no answer within {} s", ANSWER.as_secs()))??;
        let location = answer.headers().get_optional_str(&HeaderName::from_static("location")).map(str::to_owned);
        Ok((u16::from(answer.status()), location))
    }
}

/// Why it was not taken.
enum Refused {
    /// It may be taken later.
    Now(anyhow::Error),
    /// It will not.
    ForGood(anyhow::Error),
}

impl Refused {
    const fn cause(&self) -> &anyhow::Error {
        match self {
            Self::Now(cause) | Self::ForGood(cause) => cause,
        }
    }

    fn into_cause(self) -> anyhow::Error {
        match self {
            Self::Now(cause) | Self::ForGood(cause) => cause,
        }
    }
}

/// Where an answer leads: to a stamp of the same service, for a token goes with it.
fn led(from: &Url, to: &str) -> anyhow::Result<Url> {
    let to = from.join(to).with_context(|| format!("it leads to {to:?}"))?;
    let domain = |url: &Url| url.host_str().and_then(|host| host.split_once('.')).map(|(_, rest)| rest.to_owned());
    if to.scheme() != from.scheme() || domain(&to) != domain(from) {
        bail!("it leads to {}, which is another's", to.host_str().unwrap_or_default());
    }
    Ok(to)
}

impl SpanExporter for Insights {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let key = &self.0.address.key;
        self.send(batch.iter().map(|span| of_span(key, &self.1, span)).collect()).await
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.1 = resource.clone();
    }
}

impl PushMetricExporter for Insights {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.send(of_metrics(&self.0.address.key, metrics)).await
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    /// It sums up what it is sent.
    fn temporality(&self) -> Temporality {
        Temporality::Delta
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONNECTION: &str = "InstrumentationKey=0a1b;IngestionEndpoint=https://westeurope-5.in.applicationinsights.azure.com/;\
        LiveEndpoint=https://westeurope.livediagnostics.monitor.azure.com/;ApplicationId=2c3d";

    fn read(connection: &str, authentication: Option<&str>, cloud: &str) -> anyhow::Result<Address> {
        Address::read(connection, authentication, &Cloud::named(cloud).unwrap())
    }

    #[test]
    fn a_connection_string_is_read_as_the_host_reads_it() {
        let address = read(CONNECTION, Some("ClientId=11;Authorization=AAD"), "AzurePublicCloud").unwrap();
        assert_eq!(address.track.as_str(), "https://westeurope-5.in.applicationinsights.azure.com/v2.1/track");
        assert_eq!((address.key.as_str(), address.with_identity), ("0a1b", true));
        assert_eq!(address.scope, "https://monitor.azure.com//.default");
        let china = read(CONNECTION, None, "AzureChinaCloud").unwrap();
        assert_eq!((china.scope.as_str(), china.with_identity), ("https://monitor.azure.cn//.default", false));
        let told = format!("{CONNECTION};AADAudience=https://monitor.example");
        assert_eq!(read(&told, None, "AzurePublicCloud").unwrap().scope, "https://monitor.example/.default");
        for (wrong, named) in [
            ("", "InstrumentationKey"),
            ("InstrumentationKey=0a1b", "IngestionEndpoint"),
            ("InstrumentationKey=0a1b;IngestionEndpoint=nowhere", "\"nowhere\""),
            ("InstrumentationKey=0a1b;IngestionEndpoint=http://x.example/", "expected https"),
        ] {
            let why = read(wrong, Some("Authorization=AAD"), "AzurePublicCloud").unwrap_err();
            assert!(format!("{why:#}").contains(named), "{why:#}");
        }
    }

    #[test]
    fn a_token_goes_to_no_other_service() {
        let from: Url = "https://westeurope-5.in.applicationinsights.azure.com/v2.1/track".parse().unwrap();
        assert!(led(&from, "https://stamp2.in.applicationinsights.azure.com/v2.1/track").is_ok());
        for elsewhere in ["https://evil.example/", "http://stamp2.in.applicationinsights.azure.com/", "//x.azure.com/"]
        {
            assert!(led(&from, elsewhere).is_err(), "{elsewhere}");
        }
    }
}
