//! Service Bus as Resource Manager shows it: what is in a namespace is read from the broker, and set up there.
mod wanted;

use super::answers::{Answered, Refusal, body_of};
use super::place::{Place, key};
use super::{ResourceManager, plain};
use crate::Ask;
use crate::service_bus::{Broker, QueueOptions};
use http::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub(crate) const KIND: &str = "microsoft.servicebus/namespaces";
/// As long as a message can live.
const FOR_EVER: &str = "P10675199DT2H48M5.4775807S";

impl ResourceManager {
    /// Shows the broker's entities, as they are now, in each namespace.
    pub(crate) fn mirror(&mut self, broker: &Broker) {
        let namespaces: Vec<_> = self.store.of_kind("/", KIND).map(|found| found["id"].clone()).collect();
        for namespace in namespaces.iter().filter_map(Value::as_str) {
            let mut now = BTreeMap::new();
            let mut show = |name: &str, properties: Value| {
                now.insert(format!("{namespace}/{name}"), json!({"properties": properties}));
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
            let (below, shown) =
                (format!("{}/", key(namespace)), now.keys().map(|id| key(id)).collect::<BTreeSet<_>>());
            let old = self.store.below(&below).map(|(key, _)| key.to_owned());
            // What extends an entity, like a role assignment, is not the broker's.
            let gone: Vec<_> =
                old.filter(|key| !key[below.len()..].contains("providers/") && !shown.contains(key)).collect();
            for key in gone {
                self.store.remove(&key);
            }
            for (id, body) in now {
                self.store.put(&id, body);
            }
        }
    }

    pub(crate) fn answer_bus(&mut self, ask: &Ask, place: &Place) -> Answered {
        if place.steps.len() > 2 && *ask.method() == Method::PUT {
            let existing = self.store.get(&key(&place.id()));
            wanted::checked(place, &body_of(ask)?, existing)?;
        }
        let parent = Place::of(&place.before_last());
        if !place.names_a_resource() && place.steps.len() > 1 && self.store.get(&key(&parent.id())).is_none() {
            let group = place.group.clone().unwrap_or_default();
            return Err(Refusal::not_found(&parent.kind(), parent.name(), &group));
        }
        plain::answer(self, ask, place)
    }
}

/// Carries out in the broker what Resource Manager has taken: an entity that was PUT or deleted.
pub(crate) fn carry_out(broker: &mut Broker, ask: &Ask) {
    let place = Place::of(ask.uri().path());
    let is_entity = place.lower_kind().starts_with(KIND) && place.names_a_resource() && place.steps.len() > 2;
    match *ask.method() {
        Method::PUT if is_entity => {
            if let Ok(entity) = body_of(ask).and_then(|body| wanted::checked(&place, &body, None)) {
                entity.set_up(broker);
            }
        }
        Method::DELETE if is_entity => broker.remove(&wanted::path(&place)),
        _ => {}
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
