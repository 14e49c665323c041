//! Deferred messages, which are given out only by their numbers. Pure.
use super::address::address;
use super::{Broker, Delivery, SequenceNumber};
use jiff::Timestamp;

impl Broker {
    /// Gives out deferred messages under locks: all of them, or none. `session`: the one that the caller holds.
    pub fn receive_deferred(
        &mut self,
        entity: &str,
        numbers: &[SequenceNumber],
        session: Option<&str>,
        now: Timestamp,
    ) -> Option<Vec<Delivery>> {
        self.advance(now);
        let mut given = vec![];
        for number in numbers {
            let token = self.queues.next_token();
            let queue = self.queues.get_mut(&address(entity))?;
            let Some(delivery) = queue.receive_deferred(*number, session, token, now) else {
                for delivery in given {
                    self.untouch(entity, &delivery, now);
                }
                return None;
            };
            self.queues.given_out(delivery.locked_until);
            given.push(delivery);
        }
        Some(given)
    }

    fn untouch(&mut self, entity: &str, delivery: &Delivery, now: Timestamp) {
        // It was locked at this very moment, so it still is.
        let _ = self.settle(entity, delivery.lock_token, super::Settlement::Release, now);
    }
}
