//! From one trace to another: each invocation has its own.
use super::story::Story;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The present span as a W3C `traceparent`, if there is one.
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

/// Links the present span to a story: an invocation has a trace of its own, for a story has thousands of them.
pub fn link_to_story(name: &str) {
    tracing::Span::current().add_link(Story::of(name).whole());
}

fn parse(parent: &str) -> Option<SpanContext> {
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
