//! What a process tells of itself beside its log: spans of stories, and metrics. It never waits for anybody: whoever exports
//! takes it from a queue, and what has no room there is lost.
use super::story::Story;
use jiff::Timestamp;
use opentelemetry::metrics::noop::NoopMeterProvider;
use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry::trace::{Link, Span, SpanBuilder, SpanKind, Status, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The name by which spans and metrics are known to be ours.
pub(super) const SCOPE: &str = "bluegreen";

/// Where a process tells it. By default nowhere. Cloning is cheap.
#[derive(Clone, Default)]
pub struct Signals(Option<Arc<Kept>>);

struct Kept {
    tracer: SdkTracer,
    meter: Meter,
}

/// One span of a story.
#[derive(Debug)]
pub struct Chapter {
    /// What happened: one of few names.
    pub name: Cow<'static, str>,
    /// Whether it was a call to somebody else.
    pub kind: SpanKind,
    /// When it began, by the clock that everybody shares.
    pub from: Timestamp,
    /// When it ended.
    pub to: Timestamp,
    /// What is known of it: nothing secret.
    pub attributes: Vec<KeyValue>,
    /// Why it failed, if it did.
    pub failed: Option<String>,
}

impl Signals {
    /// To these.
    #[must_use]
    pub fn to(spans: &SdkTracerProvider, metrics: &SdkMeterProvider) -> Self {
        Self(Some(Arc::new(Kept { tracer: spans.tracer(SCOPE), meter: metrics.meter(SCOPE) })))
    }

    /// What makes instruments.
    #[must_use]
    pub fn meter(&self) -> Meter {
        self.0.as_ref().map_or_else(|| NoopMeterProvider::new().meter(SCOPE), |kept| kept.meter.clone())
    }

    /// Tells a chapter of a story, linked to the invocation that tells it.
    pub fn tell(&self, story: &str, chapter: Chapter) {
        let Some(kept) = &self.0 else { return };
        let context = Context::new().with_remote_span_context(Story::of(story).whole());
        end(kept.tracer.build_with_context(builder(&chapter), &context), chapter);
    }

    /// Tells the whole of a story, at its end.
    pub fn tell_whole(&self, story: &str, chapter: Chapter) {
        let Some(kept) = &self.0 else { return };
        let span = Story::of(story).as_whole(|| kept.tracer.build_with_context(builder(&chapter), &Context::new()));
        end(span, chapter);
    }
}

fn builder(chapter: &Chapter) -> SpanBuilder {
    let invocation = tracing::Span::current().context().span().span_context().clone();
    SpanBuilder::from_name(chapter.name.clone())
        .with_kind(chapter.kind.clone())
        .with_start_time(moment(chapter.from))
        .with_attributes(chapter.attributes.clone())
        .with_links(vec![Link::new(invocation, vec![], 0)])
}

/// A time that the system cannot say is none that anybody lives in.
fn moment(time: Timestamp) -> SystemTime {
    SystemTime::try_from(time).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn end(mut span: impl Span, chapter: Chapter) {
    if let Some(why) = chapter.failed {
        span.set_status(Status::error(why));
    }
    span.end_with_timestamp(moment(chapter.to.max(chapter.from)));
}

impl std::fmt::Debug for Signals {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(if self.0.is_some() { "Signals" } else { "Signals(to nobody)" })
    }
}
