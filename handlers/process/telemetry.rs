//! What an operator sees: one JSON line an event on stdout; spans and metrics in Application Insights, over OTLP, or both.
//!
//! Nobody's work waits for it, and none fails with it: what cannot be sent is lost, and said in the log.
pub mod envelopes;
pub mod insights;
pub mod lines;
mod links;
pub mod signals;
pub mod story;

pub use links::{link_to, link_to_story, traceparent};

use anyhow::Context;
use insights::Insights;
use lines::{Correlated, Plain, Taker};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, TracerProviderBuilder};
use signals::{SCOPE, Signals};
use std::time::Duration;
use story::Ids;
use tracing::{Subscriber, warn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, filter::LevelFilter};

/// Spans wait so long for others to be sent with. The host ends us without a word, and what waits then is lost.
const SPANS_WAIT: Duration = Duration::from_secs(2);
/// Metrics are sent so often.
const METRICS_WAIT: Duration = Duration::from_secs(30);
/// An answer over OTLP is waited for so long: real time, for it guards a socket.
const OTLP_ANSWERS: Duration = Duration::from_secs(10);
/// What was collected is sent at the end within this: real time, for the platform's patience with a process is.
const LAST: Duration = Duration::from_secs(3);

/// Where spans and metrics go.
#[derive(Debug, Default)]
pub struct Destinations {
    /// Base URL of a collector that takes OTLP over HTTP.
    pub otlp: Option<String>,
    /// Application Insights.
    pub insights: Option<Insights>,
}

/// What collects, until the process ends.
pub struct Telemetry {
    spans: SdkTracerProvider,
    metrics: SdkMeterProvider,
}

impl Telemetry {
    /// Collects for these. A destination that cannot be used is left out, with the reason.
    #[must_use]
    pub fn collecting(destinations: Destinations) -> (Self, Vec<String>) {
        let (mut spans, mut metrics, mut wrong) =
            (spans(), SdkMeterProvider::builder().with_resource(resource()), vec![]);
        if let Some(endpoint) = destinations.otlp {
            match over_otlp(&endpoint) {
                Ok((to_spans, to_metrics)) => {
                    spans = spans.with_span_processor(in_batches(to_spans));
                    metrics =
                        metrics.with_reader(PeriodicReader::builder(to_metrics).with_interval(METRICS_WAIT).build());
                }
                Err(why) => wrong.push(format!("nothing is sent to OTEL_EXPORTER_OTLP_ENDPOINT: {why:#}")),
            }
        }
        if let Some(insights) = destinations.insights {
            spans = spans.with_span_processor(in_batches(insights.clone()));
            metrics = metrics.with_reader(PeriodicReader::builder(insights).with_interval(METRICS_WAIT).build());
        }
        (Self { spans: spans.build(), metrics: metrics.build() }, wrong)
    }

    /// Where this process tells of itself.
    #[must_use]
    pub fn signals(&self) -> Signals {
        Signals::to(&self.spans, &self.metrics)
    }

    /// Sends what was collected, within 3 s; what is not sent by then is lost.
    pub async fn end(&self) {
        let (spans, metrics) = (self.spans.clone(), self.metrics.clone());
        let (ended, end) = tokio::sync::oneshot::channel();
        // A thread of its own: the process does not wait for one that hangs.
        std::thread::spawn(move || {
            // At the end of the process nobody is left to tell.
            let _ = spans.shutdown_with_timeout(LAST);
            let _ = metrics.shutdown();
            let _ = ended.send(());
        });
        let _ = tokio::time::timeout(LAST, end).await;
    }
}

/// Starts logging alone. `filter` is in the form of `RUST_LOG`.
///
/// # Errors
/// When the filter is malformed, or logging was started before.
pub fn log(filter: &str) -> anyhow::Result<()> {
    tracing_subscriber::registry()
        .with(lines_layer(filter, || Plain(std::io::stdout()), &Taker::default())?)
        .try_init()?;
    Ok(())
}

/// Starts logging, and collecting for these destinations.
///
/// # Errors
/// When the filter is malformed, or logging was started before. A destination that cannot be used is only logged.
pub fn start(filter: &str, destinations: Destinations) -> anyhow::Result<Telemetry> {
    let (telemetry, wrong) = Telemetry::collecting(destinations);
    // stdout: the Functions host takes every line of stderr for a warning or an error.
    subscriber(filter, || Plain(std::io::stdout()), &telemetry.spans)?.try_init()?;
    wrong.iter().for_each(|why| warn!("{why}"));
    Ok(telemetry)
}

/// What takes events and spans: lines to this writer, spans to this provider.
///
/// # Errors
/// When the filter is malformed.
pub fn subscriber<Out>(
    filter: &str,
    out: Out,
    spans: &SdkTracerProvider,
) -> anyhow::Result<impl Subscriber + Send + Sync>
where
    Out: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let traced = tracing_opentelemetry::layer().with_tracer(spans.tracer(SCOPE));
    let (traced, taker) = (traced.with_filter(EnvFilter::new("bluegreen=info")), Taker::default());
    let lines = lines_layer(filter, out, &taker)?;
    Ok(tracing_subscriber::registry().with(traced).with(lines).with(taker.with_filter(LevelFilter::OFF)))
}

fn lines_layer<S, Out>(
    filter: &str,
    out: Out,
    taker: &Taker,
) -> anyhow::Result<impl Layer<S> + Send + Sync + use<S, Out>>
where
    S: Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a> + Send + Sync,
    Out: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(filter).with_context(|| format!("RUST_LOG is {filter:?}"))?;
    let lines = tracing_subscriber::fmt::layer().json().event_format(Correlated::with(taker));
    Ok(lines.with_writer(out).with_filter(filter))
}

/// What makes spans: their ids are random, but for those of stories.
#[must_use]
pub fn spans() -> TracerProviderBuilder {
    SdkTracerProvider::builder().with_id_generator(Ids::default()).with_resource(resource())
}

fn resource() -> Resource {
    let instance = azure_core::Uuid::new_v4().to_string();
    Resource::builder()
        .with_service_name("aks-bluegreen")
        .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attribute(opentelemetry::KeyValue::new("service.instance.id", instance))
        .build()
}

fn in_batches<Exporter: opentelemetry_sdk::trace::SpanExporter + 'static>(exporter: Exporter) -> BatchSpanProcessor {
    let config = BatchConfigBuilder::default().with_scheduled_delay(SPANS_WAIT).build();
    BatchSpanProcessor::builder(exporter).with_batch_config(config).build()
}

fn over_otlp(endpoint: &str) -> anyhow::Result<(opentelemetry_otlp::SpanExporter, opentelemetry_otlp::MetricExporter)> {
    let base = endpoint.trim_end_matches('/');
    let spans = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(OTLP_ANSWERS)
        .with_endpoint(format!("{base}/v1/traces"));
    let metrics = opentelemetry_otlp::MetricExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(OTLP_ANSWERS)
        .with_endpoint(format!("{base}/v1/metrics"));
    Ok((spans.build()?, metrics.build()?))
}
