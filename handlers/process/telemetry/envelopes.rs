//! Spans and metrics in Application Insights' own form: envelopes, as its other exporters send them. Pure.
//!
//! A span becomes a dependency: requests are the host's own, and its alerts count them. The form is that of the public
//! swagger (2.1) of `azure-sdk-for-net/sdk/monitor/Azure.Monitor.OpenTelemetry.Exporter`.
use crate::text::cut;
use jiff::Timestamp;
use opentelemetry::trace::{SpanId, SpanKind, Status};
use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, Metric, MetricData, ResourceMetrics, ScopeMetrics};
use opentelemetry_sdk::trace::SpanData;
use serde_json::{Map, Value, json};
use std::time::{Duration, SystemTime};

/// A property has so many characters at most; a name so many.
const LONGEST_PROPERTY: usize = 8192;
const LONGEST_NAME: usize = 1024;

/// The envelope of a span.
#[must_use]
pub fn of_span(key: &str, resource: &Resource, span: &SpanData) -> Value {
    let mut tags = role(resource);
    tags.insert("ai.operation.id".into(), span.span_context.trace_id().to_string().into());
    if span.parent_span_id != SpanId::INVALID {
        tags.insert("ai.operation.parentId".into(), span.parent_span_id.to_string().into());
    }
    let mut properties = properties(span.attributes.iter());
    let links = span.links.links.iter().map(|link| {
        let context = &link.span_context;
        json!({"operation_Id": context.trace_id().to_string(), "id": context.span_id().to_string()})
    });
    let links: Vec<_> = links.collect();
    if !links.is_empty() {
        properties.insert("_MS.links".into(), Value::from(links).to_string().into());
    }
    let (success, code) = match &span.status {
        Status::Unset | Status::Ok => (true, String::new()),
        Status::Error { description } => (false, cut(description, LONGEST_NAME)),
    };
    let lasted = span.end_time.duration_since(span.start_time).unwrap_or_default();
    let of_azure = matches!(span.span_kind, SpanKind::Client | SpanKind::Producer);
    let data = json!({
        "ver": 2,
        "id": span.span_context.span_id().to_string(),
        "name": cut(&span.name, LONGEST_NAME),
        "duration": duration(lasted),
        "resultCode": code,
        "success": success,
        "type": if of_azure { "HTTP" } else { "InProc" },
        "properties": properties,
    });
    envelope(key, "RemoteDependency", span.start_time, tags, ("RemoteDependencyData", data))
}

/// The envelopes of metrics, one a point. What did not change since the last time has none.
#[must_use]
pub fn of_metrics(key: &str, metrics: &ResourceMetrics) -> Vec<Value> {
    let all = metrics.scope_metrics().flat_map(ScopeMetrics::metrics).flat_map(points);
    all.map(|(time, point, attributes)| {
        let data = json!({"ver": 2, "metrics": [point], "properties": attributes});
        envelope(key, "Metric", time, role(metrics.resource()), ("MetricData", data))
    })
    .collect()
}

/// A point in time with its value and its attributes.
type Point = (SystemTime, Value, Map<String, Value>);

fn points(metric: &Metric) -> Vec<Point> {
    match metric.data() {
        AggregatedMetrics::F64(data) => points_of(metric.name(), data, |value| value),
        AggregatedMetrics::U64(data) => points_of(metric.name(), data, |value| value as f64),
        AggregatedMetrics::I64(data) => points_of(metric.name(), data, |value| value as f64),
    }
}

fn points_of<Number: Copy>(name: &str, data: &MetricData<Number>, number: fn(Number) -> f64) -> Vec<Point> {
    match data {
        MetricData::Gauge(gauge) => {
            let point = |value| json!({"name": name, "kind": "Measurement", "value": number(value)});
            let all = gauge.data_points();
            all.map(|it| (gauge.time(), point(it.value()), properties(it.attributes()))).collect()
        }
        MetricData::Sum(sum) => {
            let point = |value| json!({"name": name, "kind": "Aggregation", "value": number(value), "count": 1});
            sum.data_points().map(|it| (sum.time(), point(it.value()), properties(it.attributes()))).collect()
        }
        MetricData::Histogram(histogram) => {
            let seen = histogram.data_points().filter(|it| it.count() > 0);
            seen.map(|it| {
                let value = json!({
                    "name": name,
                    "kind": "Aggregation",
                    "value": number(it.sum()),
                    "count": it.count(),
                    "min": it.min().map(number),
                    "max": it.max().map(number),
                });
                (histogram.time(), value, properties(it.attributes()))
            })
            .collect()
        }
        // We have none.
        MetricData::ExponentialHistogram(_) => vec![],
    }
}

fn envelope(key: &str, name: &str, at: SystemTime, tags: Map<String, Value>, data: (&str, Value)) -> Value {
    let (kind, data) = data;
    let mut envelope = json!({
        "name": format!("Microsoft.ApplicationInsights.{name}"),
        "time": Timestamp::try_from(at).unwrap_or_default().to_string(),
        "iKey": key,
        "tags": Value::Null,
        "data": {"baseType": kind, "baseData": Value::Null},
    });
    envelope["tags"] = tags.into();
    envelope["data"]["baseData"] = data;
    envelope
}

fn role(resource: &Resource) -> Map<String, Value> {
    let tag = |name: &str, key: &'static str| {
        Some((name.to_owned(), Value::from(resource.get(&Key::from_static_str(key))?.to_string())))
    };
    let tags = [
        tag("ai.cloud.role", "service.name"),
        tag("ai.cloud.roleInstance", "service.instance.id"),
        tag("ai.application.ver", "service.version"),
    ];
    tags.into_iter().flatten().collect()
}

fn properties<'a>(attributes: impl Iterator<Item = &'a KeyValue>) -> Map<String, Value> {
    attributes.map(|it| (it.key.to_string(), cut(&it.value.to_string(), LONGEST_PROPERTY).into())).collect()
}

/// As .NET writes a time span: `1.02:03:04.567890`.
fn duration(lasted: Duration) -> String {
    let (seconds, micros) = (lasted.as_secs(), lasted.subsec_micros());
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    format!("{days}.{hours:02}:{minutes:02}:{:02}.{micros:06}", seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_span_is_written_as_dot_net_reads_it() {
        assert_eq!(duration(Duration::from_micros(1_500)), "0.00:00:00.001500");
        assert_eq!(duration(Duration::from_secs(86_400 + 2 * 3600 + 3 * 60 + 4)), "1.02:03:04.000000");
    }
}
