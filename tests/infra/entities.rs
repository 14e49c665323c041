//! The bus that is deployed is the bus that the simulated world has, and that the handlers were tested with.
use crate::snapshot::{SHAPES, Snapshot, text};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::step::Step;
use serde_json::Value;
use simulated_azure::service_bus::{Broker, QueueOptions};
use std::collections::BTreeSet;
use std::time::Duration;

/// `PT3M`, `P1D`.
fn lasting(text: &str) -> Duration {
    let span: jiff::Span = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    let hours_a_day = jiff::SpanRelativeTo::days_are_24_hours();
    Duration::try_from(span.to_duration(hours_a_day).unwrap()).unwrap()
}

fn window(properties: &Value) -> Option<Duration> {
    (properties["requiresDuplicateDetection"] == true)
        .then(|| lasting(text(properties, "/duplicateDetectionHistoryTimeWindow")))
}

fn agrees(properties: &Value, options: &QueueOptions, what: &str) {
    assert_eq!(lasting(text(properties, "/lockDuration")), options.lock_duration, "{what}");
    assert_eq!(properties["maxDeliveryCount"], options.max_delivery_count, "{what}");
    assert_eq!(
        properties["forwardDeadLetteredMessagesTo"].as_str(),
        options.forward_dead_letters_to.as_deref(),
        "{what}"
    );
    assert_eq!(window(properties), options.duplicate_window, "{what}");
    assert_eq!(properties["requiresSession"] == true, options.requires_session, "{what}");
    assert_eq!(properties["deadLetteringOnMessageExpiration"] == true, options.dead_letter_on_expiry, "{what}");
    let lives = properties["defaultMessageTimeToLive"].as_str().map(lasting);
    assert_eq!(lives, options.default_time_to_live, "{what}");
}

/// The name below the namespace: `upgrade-steps/CheckPlan`.
fn name(resource: &Value) -> &str {
    text(resource, "/name").split_once('/').unwrap().1
}

fn compare(snapshot: &Snapshot, bus: &Broker) {
    let mut deployed = BTreeSet::new();
    for queue in snapshot.all("Microsoft.ServiceBus/namespaces/queues") {
        let options = bus.queue_options(name(queue)).unwrap_or_else(|| panic!("{} is not simulated", name(queue)));
        agrees(&queue["properties"], options, name(queue));
        deployed.insert(name(queue).to_lowercase());
    }
    let topic = snapshot.only("Microsoft.ServiceBus/namespaces/topics");
    let options = bus.topic_options(name(topic)).unwrap();
    assert_eq!(window(&topic["properties"]), options.duplicate_window);
    let simulated = bus.subscriptions(name(topic));
    for subscription in snapshot.all("Microsoft.ServiceBus/namespaces/topics/subscriptions") {
        let (topic, step) = name(subscription).split_once('/').unwrap();
        let path = format!("{topic}/subscriptions/{step}");
        agrees(&subscription["properties"], bus.queue_options(&path).unwrap(), &path);
        let rules: Vec<_> = snapshot
            .all("Microsoft.ServiceBus/namespaces/topics/subscriptions/rules")
            .into_iter()
            .filter(|rule| text(rule, "/id").starts_with(&format!("{}/rules/", text(subscription, "/id"))))
            .collect();
        assert_eq!(rules.len(), 1, "{path}");
        assert!(
            text(rules[0], "/name").ends_with("/$Default"),
            "{path}: another rule would stand beside the catch-all"
        );
        let wants = text(rules[0], "/properties/correlationFilter/label");
        let (_, subject) = simulated.iter().find(|(simulated, _)| *simulated == path.to_lowercase()).unwrap();
        assert_eq!((*subject, rules[0]["properties"]["filterType"].as_str()), (Some(wants), Some("CorrelationFilter")));
        deployed.insert(path.to_lowercase());
    }
    let simulated = bus.entities().into_iter().filter(|entity| !entity.contains('$'));
    assert_eq!(deployed, simulated.collect());
    assert_eq!(deployed.len(), Step::ALL.len() + 3);
}

#[test]
fn the_entities_are_those_of_the_simulated_bus() {
    let shop = crate::snapshot::paused(async { Shop::open(&Options { probe: false, ..Options::default() }, |_| {}) });
    let shop = shop.unwrap();
    for shape in SHAPES {
        compare(&Snapshot::of(shape), &shop.azure.world().service_bus);
    }
}
