//! What an operator sees: one JSON line an event on stdout, and spans over OTLP when an endpoint is set.
use crate::text::is_hidden;
use anyhow::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt, TracerProvider};
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::io::Write;
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
        .with_writer(|| Plain(std::io::stdout()))
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

/// Writes lines of JSON. What JSON may hold as it is, and what still moves a cursor or turns a text around on the screen of
/// whoever reads the log, is written as JSON's own escape.
struct Plain<Out>(Out);

impl<Out: Write> Write for Plain<Out> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match std::str::from_utf8(bytes) {
            Ok(text) if text.contains(is_unseen) => {
                let mut plain = String::with_capacity(text.len() + 16);
                for c in text.chars() {
                    if is_unseen(c) {
                        c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| plain += &format!("\\u{unit:04x}"));
                    } else {
                        plain.push(c);
                    }
                }
                self.0.write_all(plain.as_bytes())?;
                Ok(bytes.len())
            }
            Ok(_) | Err(_) => self.0.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// The end of a line is ours.
fn is_unseen(c: char) -> bool {
    c != '\n' && is_hidden(c)
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
    fn a_line_of_the_log_moves_no_cursor_and_stays_json() {
        let mut out = Plain(vec![]);
        let line = "{\"message\":\"a\u{9b}31m \u{202e}b\u{e0041} é\"}\n";
        out.write_all(line.as_bytes()).unwrap();
        let text = String::from_utf8(out.0).unwrap();
        assert_eq!(text, "{\"message\":\"a\\u009b31m \\u202eb\\udb40\\udc41 é\"}\n");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap()["message"],
            "a\u{9b}31m \u{202e}b\u{e0041} é"
        );
    }

    #[test]
    fn only_a_whole_traceparent_is_linked() {
        assert!(parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").is_some());
        for wrong in ["", "00-0-0-01", "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "é-é-é-é"] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }
}
