//! The trace of a story that many processes tell, for days: its ids come of the story's name, so that each process finds it
//! without asking anybody.
use crate::resources::digest::digest;
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use std::cell::Cell;

/// Where a story is told: its trace, and the span that is the whole of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Story {
    trace: TraceId,
    whole: SpanId,
}

impl Story {
    /// The story of this name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let digest = digest(name);
        // Hex digits of SHA-256: no id of zeros, which would be none, is to be feared.
        let trace = TraceId::from_hex(&digest[..32]).unwrap_or(TraceId::INVALID);
        Self { trace, whole: SpanId::from_hex(&digest[32..48]).unwrap_or(SpanId::INVALID) }
    }

    /// The span that is the whole story, as another process would name it: it may not have been told yet.
    #[must_use]
    pub fn whole(self) -> SpanContext {
        SpanContext::new(self.trace, self.whole, TraceFlags::SAMPLED, true, TraceState::default())
    }

    /// Makes the next span that this thread makes in `make` the whole story.
    pub(super) fn as_whole<Made>(self, make: impl FnOnce() -> Made) -> Made {
        NEXT.set(Some(self));
        let made = make();
        NEXT.set(None);
        made
    }
}

thread_local! {
    static NEXT: Cell<Option<Story>> = const { Cell::new(None) };
}

/// Random ids, but for the span that is a whole story.
#[derive(Debug, Default)]
pub struct Ids(RandomIdGenerator);

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        NEXT.get().map_or_else(|| self.0.new_trace_id(), |story| story.trace)
    }

    fn new_span_id(&self) -> SpanId {
        NEXT.get().map_or_else(|| self.0.new_span_id(), |story| story.whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_process_finds_the_same_trace() {
        let (one, other) = (Story::of("shop-1a2b3c4d5e6f"), Story::of("shop-1a2b3c4d5e70"));
        assert_eq!(one.whole(), Story::of("shop-1a2b3c4d5e6f").whole());
        assert!(one.whole().is_valid() && one.whole().is_sampled() && one != other);
        // SHA-256, so that anybody can find it: printf %s shop-1a2b3c4d5e6f | sha256sum
        assert_eq!(one.whole().trace_id().to_string(), digest("shop-1a2b3c4d5e6f")[..32]);
    }

    #[test]
    fn other_spans_get_ids_of_their_own() {
        let (ids, story) = (Ids::default(), Story::of("shop-1"));
        assert_eq!(story.as_whole(|| ids.new_span_id()), story.whole);
        assert_ne!(ids.new_span_id(), story.whole);
        assert_ne!(ids.new_trace_id(), story.trace);
    }
}
