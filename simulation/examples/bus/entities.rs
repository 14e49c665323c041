//! The entities that the checks with real clients use (`.ci/real-clients.d/`).
use simulated_azure::service_bus::{Broker, QueueOptions, Refusal, SubscriptionOptions, TopicOptions};
use std::time::Duration;

/// Makes them.
pub fn set_up(bus: &mut Broker) -> Result<(), Refusal> {
    let seconds = Duration::from_secs;
    let queue = QueueOptions { lock_duration: seconds(30), ..QueueOptions::default() };
    bus.add_queue("plain", queue.clone());
    bus.add_queue("other", queue.clone());
    bus.add_queue("short", QueueOptions { lock_duration: seconds(2), max_delivery_count: 2, ..queue.clone() });
    bus.add_queue("once", QueueOptions { duplicate_window: Some(seconds(600)), ..queue.clone() });
    bus.add_queue("sessions", QueueOptions { requires_session: true, ..queue.clone() });
    bus.add_queue("brief-sessions", QueueOptions { requires_session: true, lock_duration: seconds(2), ..queue });
    bus.add_topic("topic", TopicOptions::default());
    for (name, subject) in [("all", None), ("red", Some("red"))] {
        let options = SubscriptionOptions { subject: subject.map(Into::into), ..SubscriptionOptions::default() };
        bus.add_subscription("topic", name, options)?;
    }
    Ok(())
}
