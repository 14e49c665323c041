//! Service Bus as Resource Manager shows it: what is in a namespace is read from the broker, and set up there.
use super::answers::{Answered, Refusal, refuse};
use super::place::{Place, key};
use super::{ResourceManager, plain};
use crate::Ask;
use crate::service_bus::{Broker, QueueOptions};
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) const KIND: &str = "microsoft.servicebus/namespaces";
/// As long as a message can live.
const FOR_EVER: &str = "P10675199DT2H48M5.4775807S";

impl ResourceManager {
    /// Shows the broker's entities, as they are now, in each namespace.
    pub(crate) fn mirror(&mut self, broker: &Broker) {
        let namespaces: Vec<_> = self.store.of_kind("/", KIND).map(|found| found["id"].clone()).collect();
        for namespace in namespaces.iter().filter_map(Value::as_str) {
            let below = format!("{}/", key(namespace));
            // Not what extends the namespace: assignments of roles.
            let entities = self.store.below(&below).filter(|(key, _)| !key[below.len()..].starts_with("providers/"));
            let old: Vec<_> = entities.map(|(key, _)| key.to_owned()).collect();
            for key in old {
                self.store.remove(&key);
            }
            let mut show = |name: &str, properties: Value| {
                self.store.put(&format!("{namespace}/{name}"), json!({"properties": properties}));
            };
            for (name, options) in broker.described_queues() {
                let mut shown = queue(&options);
                duplicates(&mut shown, options.duplicate_window);
                show(&format!("queues/{name}"), shown);
            }
            for topic in broker.described_topics() {
                let mut shown = json!({
                    "status": "Active", "maxSizeInMegabytes": 1024, "supportOrdering": true,
                    "defaultMessageTimeToLive": topic.options.default_time_to_live.map_or(FOR_EVER.into(), iso),
                });
                duplicates(&mut shown, topic.options.duplicate_window);
                let path = format!("topics/{}", topic.name);
                show(&path, shown);
                for (name, subject, options) in &topic.subscriptions {
                    let path = format!("{path}/subscriptions/{name}");
                    show(&path, queue(options));
                    show(&format!("{path}/rules/$Default"), rule(subject.as_deref()));
                }
            }
        }
    }

    pub(crate) fn answer_bus(&mut self, ask: &Ask, place: &Place) -> Answered {
        if place.steps.len() > 2 && ask.method() != Method::GET {
            let message =
                "Entities of the simulated Service Bus are set up in its broker, not through Resource Manager.";
            return Err(refuse(405, "MethodNotAllowed", message));
        }
        let parent = Place::of(&place.before_last());
        if !place.names_a_resource() && place.steps.len() > 1 && self.store.get(&key(&parent.id())).is_none() {
            let group = place.group.clone().unwrap_or_default();
            return Err(Refusal::not_found(&parent.kind(), parent.name(), &group));
        }
        plain::answer(self, ask, place)
    }
}

fn queue(options: &QueueOptions) -> Value {
    let mut shown = json!({
        "status": "Active",
        "lockDuration": iso(options.lock_duration),
        "maxDeliveryCount": options.max_delivery_count,
        "defaultMessageTimeToLive": options.default_time_to_live.map_or(FOR_EVER.into(), iso),
        "deadLetteringOnMessageExpiration": options.dead_letter_on_expiry,
        "requiresSession": options.requires_session,
    });
    if let Some(target) = &options.forward_dead_letters_to {
        shown["forwardDeadLetteredMessagesTo"] = target.as_str().into();
    }
    shown
}

fn duplicates(shown: &mut Value, window: Option<Duration>) {
    shown["requiresDuplicateDetection"] = window.is_some().into();
    shown["duplicateDetectionHistoryTimeWindow"] = window.map_or("PT10M".into(), iso).into();
}

fn rule(subject: Option<&str>) -> Value {
    match subject {
        Some(label) => json!({"action": {}, "filterType": "CorrelationFilter", "correlationFilter": {"label": label}}),
        None => {
            json!({"action": {}, "filterType": "SqlFilter", "sqlFilter": {"sqlExpression": "1=1", "compatibilityLevel": 20}})
        }
    }
}

/// A duration as ISO 8601 has it: `PT3M`, `P1D`.
fn iso(time: Duration) -> String {
    let seconds = time.as_secs();
    let parts = [(seconds / 86400, "D"), (seconds / 3600 % 24, "H"), (seconds / 60 % 60, "M"), (seconds % 60, "S")];
    let text = |parts: &[(u64, &str)]| -> String {
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect()
    };
    match (text(&parts[..1]), text(&parts[1..])) {
        (days, clock) if clock.is_empty() && !days.is_empty() => format!("P{days}"),
        (days, clock) if clock.is_empty() => format!("P{days}T0S"),
        (days, clock) => format!("P{days}T{clock}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_azure_writes_them() {
        for (seconds, text) in [(180, "PT3M"), (86400, "P1D"), (0, "PT0S"), (90061, "P1DT1H1M1S"), (30, "PT30S")] {
            assert_eq!(iso(Duration::from_secs(seconds)), text);
        }
    }
}
