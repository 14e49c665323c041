//! The listener of a Service Bus function: receive, invoke, settle.
use super::{
    bus_envelope,
    definition::{Function, Trigger},
    instance::Instance,
    invocation,
    row::Row,
    shared::Shared,
};
use crate::service_bus::{Delivery, LockLost};
use futures::FutureExt;
use jiff::Timestamp;
use std::time::Duration;

/// Receives up to the host's limit of messages at a time, and none while the host drains. It never ends by itself.
pub(super) async fn listen(shared: &Shared, instance: &Instance, function: &Function) {
    let Trigger::Bus { entity, .. } = &function.trigger else { return };
    let mut changes = shared.azure.changes();
    let mut draining = instance.draining();
    let mut in_flight = Row::default();
    loop {
        changes.borrow_and_update();
        let due = loop {
            if *draining.borrow_and_update() || in_flight.len() >= shared.app.max_concurrent_calls {
                break None;
            }
            match receive(shared, entity) {
                Ok(delivery) => in_flight.push(handle(shared, instance, function, entity, delivery).boxed()),
                Err(due) => break due,
            }
        };
        let next_due = async {
            match due {
                Some(due) => shared.azure.clock().until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = in_flight.next() => {}
            // The world outlives its listeners, so this cannot fail.
            _ = changes.changed() => {}
            _ = draining.changed() => {}
            () = next_due => {}
        }
    }
}

/// A message, or when there may be one.
fn receive(shared: &Shared, entity: &str) -> Result<Delivery, Option<Timestamp>> {
    let now = shared.azure.clock().now();
    let mut world = shared.azure.world();
    let bus = &mut world.service_bus;
    let dead_before = bus.dead_letters();
    let delivery = bus.receive(entity, now);
    let due = if delivery.is_none() { bus.next_due(entity, now) } else { None };
    let moved = bus.dead_letters() != dead_before;
    drop(world);
    if moved {
        shared.azure.touch();
    }
    delivery.ok_or(due)
}

async fn handle(shared: &Shared, instance: &Instance, function: &Function, entity: &str, delivery: Delivery) {
    let Trigger::Bus { binary, namespace, .. } = &function.trigger else { return };
    let (clock, lock) = (shared.azure.clock(), delivery.lock_token);
    let envelope = bus_envelope::envelope(function, (*binary, namespace), &delivery, clock.now(), &shared.count.guid());
    let answer = tokio::select! {
        biased;
        answer = invocation::invoke(shared, instance, function, &envelope) => answer,
        never = renew(shared, entity, &delivery) => match never {},
    };
    let settled = if answer.is_ok() {
        shared.azure.world().service_bus.complete(entity, lock, clock.now())
    } else {
        // No back-off: only the time that the settlement and the next receive take, 30 to 90 ms as recorded.
        let spread = (delivery.sequence_number * 17 + u64::from(delivery.delivery_count) * 23) % 61;
        clock.sleep(Duration::from_millis(30 + spread)).await;
        shared.azure.world().service_bus.abandon(entity, lock, clock.now())
    };
    if settled == Err(LockLost) {
        shared.count.function(&function.name, |counts| counts.locks_lost += 1);
    }
    shared.azure.touch();
}

/// Renews the lock behind the handler's back for as long as the host's settings say.
async fn renew(shared: &Shared, entity: &str, delivery: &Delivery) -> std::convert::Infallible {
    let clock = shared.azure.clock();
    let end = clock.now().saturating_add(shared.app.lock_renewal).unwrap_or(Timestamp::MAX);
    let mut until = delivery.locked_until;
    loop {
        let left = Duration::try_from(until.duration_since(clock.now())).unwrap_or_default();
        let pause = left.saturating_sub(Duration::from_secs(10).min(left / 2));
        if clock.now().saturating_add(pause).unwrap_or(Timestamp::MAX) >= end {
            return std::future::pending().await;
        }
        clock.sleep(pause).await;
        let renewed = shared.azure.world().service_bus.renew(entity, delivery.lock_token, clock.now());
        match renewed {
            Ok(later) => until = later,
            Err(LockLost) => return std::future::pending().await,
        }
    }
}
