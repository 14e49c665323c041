//! Service Bus as Resource Manager shows it: what is in a namespace is read from the broker, and set up there.
mod durations;
mod wanted;

use super::answers::{Answered, Refusal, body_of};
use super::desk::Desk;
use super::kinds::NAMESPACES;
use super::place::{Place, key};
use super::plain;
use super::store::Store;
use crate::Ask;
use crate::service_bus::{Broker, Counts, QueueOptions};
use durations::{FOR_EVER, iso};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Shows the broker's entities, as they are now, in each namespace.
pub(crate) fn mirror(store: &mut Store, broker: &Broker, now: Timestamp) {
    let namespaces: Vec<_> = store.of_kind("/", NAMESPACES).map(|found| found["id"].clone()).collect();
    for namespace in namespaces.iter().filter_map(Value::as_str) {
        let mut entities = BTreeMap::new();
        let mut show = |name: &str, properties: Value| {
            entities.insert(format!("{namespace}/{name}"), json!({"properties": properties}));
        };
        for (name, options) in broker.described_queues() {
            let mut shown = queue(&options);
            counts(&mut shown, &broker.counts(&name, now));
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
                let mut shown = queue(options);
                counts(&mut shown, &broker.counts(&format!("{}/subscriptions/{name}", topic.name), now));
                show(&path, shown);
                show(&format!("{path}/rules/$Default"), rule(subject.as_deref()));
            }
        }
        let (below, shown) =
            (format!("{}/", key(namespace)), entities.keys().map(|id| key(id)).collect::<BTreeSet<_>>());
        let old = store.below(&below).map(|(key, _)| key.to_owned());
        // What extends an entity, like a role assignment, is not the broker's.
        let gone: Vec<_> =
            old.filter(|key| !key[below.len()..].contains("providers/") && !shown.contains(key)).collect();
        for key in gone {
            store.remove(&key);
        }
        for (id, body) in entities {
            store.put(&id, body);
        }
    }
}

/// A call about a namespace or its entities.
pub(crate) fn answer(desk: &mut Desk<'_>, ask: &Ask, place: &Place) -> Answered {
    if place.steps.len() > 2 && *ask.method() == Method::PUT {
        let existing = desk.registry.store.get(&key(&place.id()));
        wanted::checked(place, &body_of(ask)?, existing)?;
    }
    let parent = Place::of(&place.before_last());
    if !place.names_a_resource() && place.steps.len() > 1 && desk.registry.store.get(&key(&parent.id())).is_none() {
        let group = place.group.clone().unwrap_or_default();
        return Err(Refusal::not_found(&parent.kind(), parent.name(), &group));
    }
    plain::answer(desk, ask, place)
}

/// Carries out in the broker what Resource Manager has taken: an entity that was PUT or deleted.
pub(crate) fn carry_out(broker: &mut Broker, ask: &Ask) {
    let place = Place::of(ask.uri().path());
    let is_entity = place.lower_kind().starts_with(NAMESPACES) && place.names_a_resource() && place.steps.len() > 2;
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
        "status": if options.receive_disabled { "ReceiveDisabled" } else { "Active" },
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

/// What a receiver holds counts as active, as in the service.
fn counts(shown: &mut Value, counts: &Counts) {
    let active = counts.active + counts.locked + counts.deferred;
    shown["messageCount"] = (active + counts.scheduled + counts.dead_lettered).into();
    shown["countDetails"] = json!({
        "activeMessageCount": active, "deadLetterMessageCount": counts.dead_lettered,
        "scheduledMessageCount": counts.scheduled, "transferMessageCount": 0, "transferDeadLetterMessageCount": 0,
    });
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
