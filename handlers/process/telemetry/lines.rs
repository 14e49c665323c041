//! The lines of the log: one JSON object an event, with the ids of the trace and the span that it belongs to.
use crate::text::is_hidden;
use opentelemetry::trace::TraceContextExt;
use std::fmt;
use std::io::Write;
use std::sync::{Arc, OnceLock};
use tracing::dispatcher::WeakDispatch;
use tracing::{Dispatch, Event, Subscriber};
use tracing_opentelemetry::get_otel_context;
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::{Format, Json, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Lines of JSON, with `trace_id` and `span_id` where a span is active.
pub struct Correlated {
    lines: Format<Json>,
    taker: Taker,
}

/// What takes spans and events; while an event is being taken, nobody else tells who that is.
#[derive(Clone, Default)]
pub struct Taker(Arc<OnceLock<WeakDispatch>>);

impl<S: Subscriber> Layer<S> for Taker {
    fn on_register_dispatch(&self, taker: &Dispatch) {
        let _ = self.0.set(taker.downgrade());
    }
}

impl Correlated {
    /// With the ids of spans that this one takes.
    #[must_use]
    pub fn with(taker: &Taker) -> Self {
        let lines = Format::default().json().flatten_event(true).with_current_span(true).with_span_list(false);
        Self { lines, taker: taker.clone() }
    }
}

impl<S, N> FormatEvent<S, N> for Correlated
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let Some((trace, span)) = self.ids(context) else { return self.lines.format_event(context, writer, event) };
        let mut line = String::new();
        self.lines.format_event(context, Writer::new(&mut line), event)?;
        match line.trim_end().strip_suffix('}') {
            Some(open) => writeln!(writer, "{open},\"trace_id\":\"{trace}\",\"span_id\":\"{span}\"}}"),
            None => writer.write_str(&line),
        }
    }
}

impl Correlated {
    /// The ids of the innermost span of ours in which an event happens.
    fn ids<S, N>(&self, context: &FmtContext<'_, S, N>) -> Option<(String, String)>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
        N: for<'a> FormatFields<'a> + 'static,
    {
        let taker = self.taker.0.get()?.upgrade()?;
        let found = context.event_scope()?.find_map(|span| get_otel_context(&span.id(), &taker))?;
        let found = found.span().span_context().clone();
        found.is_valid().then(|| (found.trace_id().to_string(), found.span_id().to_string()))
    }
}

/// Writes lines of JSON. What JSON may hold as it is, and what still moves a cursor or turns a text around on the screen of
/// whoever reads the log, is written as JSON's own escape.
pub struct Plain<Out>(pub Out);

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
}
