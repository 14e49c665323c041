//! What an operator sees: one JSON line an event on stdout, and spans over OTLP when an endpoint is set.
use anyhow::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt, TracerProvider};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// Keeps the exporter alive; what was collected is sent when it is dropped.
pub struct Telemetry(Option<SdkTracerProvider>);

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(provider) = &self.0 {
            // At the end of the process nobody is left to tell.
            let _ = provider.shutdown();
        }
    }
}

/// Starts logging. `filter` is in the form of `RUST_LOG`; `endpoint` is where OTLP spans go.
///
/// # Errors
/// When the filter or the endpoint is malformed, or logging was started before.
pub fn start(filter: &str, endpoint: Option<&str>) -> anyhow::Result<Telemetry> {
    let filter = EnvFilter::try_new(filter).with_context(|| format!("RUST_LOG is {filter:?}"))?;
    // stdout: the Functions host takes every line of stderr for a warning or an error.
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_filter(filter);
    let provider = endpoint.map(exporter).transpose()?;
    let spans = provider.as_ref().map(|provider| {
        let tracer = provider.tracer("bluegreen");
        tracing_opentelemetry::layer().with_tracer(tracer).with_filter(EnvFilter::new("bluegreen=info"))
    });
    tracing_subscriber::registry().with(spans).with(lines).try_init()?;
    Ok(Telemetry(provider))
}

fn exporter(endpoint: &str) -> anyhow::Result<SdkTracerProvider> {
    use opentelemetry_otlp::WithExportConfig;
    let endpoint = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().with_endpoint(endpoint).build()?;
    let resource = opentelemetry_sdk::Resource::builder().with_service_name("aks-bluegreen").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// The present span as a W3C `traceparent`, if it is exported.
#[must_use]
pub fn traceparent() -> Option<String> {
    let context = tracing::Span::current().context();
    let span = context.span();
    let span = span.span_context();
    span.is_valid().then(|| format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags().to_u8()))
}

/// Links the present span to the one that published the event: an upgrade is followed from hop to hop.
pub fn link_to(parent: &str) {
    if let Some(context) = parse(parent) {
        tracing::Span::current().add_link(context);
    }
}

fn parse(parent: &str) -> Option<SpanContext> {
    use opentelemetry::trace::{SpanId, TraceFlags, TraceId, TraceState};
    let parts: Vec<&str> = parent.split('-').collect();
    let ["00", trace, span, flags] = parts[..] else { return None };
    let flags = u8::from_str_radix(flags, 16).ok()?;
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, TraceFlags::new(flags), true, TraceState::default());
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_traceparent_is_linked() {
        assert!(parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").is_some());
        for wrong in ["", "00-0-0-01", "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "é-é-é-é"] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }
}
