//! The queues, subscriptions and dead-letter sub-queues, and when the next of them has something to sweep. Pure.
use super::address::{DEAD_LETTERS, address};
use super::queue::{DeadLetter, Queue};
use super::{LockToken, QueueOptions};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// All of them, by address in lower case.
#[derive(Default)]
pub(super) struct Queues {
    by_address: BTreeMap<String, Queue>,
    /// How often something was given out under a lock.
    deliveries: u64,
    /// Until then no queue has anything to sweep. `None`: that must be found out.
    quiet_until: Option<Timestamp>,
}

impl Queues {
    /// Makes a queue, or changes its options; its messages stay.
    pub fn add(&mut self, name: &str, options: QueueOptions) {
        let key = address(name);
        let sub_queue = QueueOptions {
            lock_duration: options.lock_duration,
            max_delivery_count: u32::MAX,
            ..QueueOptions::default()
        };
        self.by_address
            .entry(format!("{key}/{DEAD_LETTERS}"))
            .or_insert_with(|| Queue::new(&format!("{name}/{DEAD_LETTERS}"), sub_queue));
        self.by_address.entry(key).or_insert_with(|| Queue::new(name, QueueOptions::default())).options = options;
    }

    pub fn get(&self, key: &str) -> Option<&Queue> {
        self.by_address.get(key)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Queue> {
        self.by_address.get_mut(key)
    }

    pub fn has(&self, key: &str) -> bool {
        self.by_address.contains_key(key)
    }

    pub fn all(&self) -> impl Iterator<Item = (&String, &Queue)> {
        self.by_address.iter()
    }

    /// Takes a queue away, and what is below it.
    pub fn remove(&mut self, key: &str) {
        self.by_address.retain(|other, _| *other != key && !other.starts_with(&format!("{key}/")));
    }

    /// Ends the locks and lives whose time has come; gives what is to be buried, with its queue's address.
    pub fn sweep(&mut self, now: Timestamp) -> Vec<(String, DeadLetter)> {
        let mut dead = vec![];
        for (key, queue) in &mut self.by_address {
            dead.extend(queue.sweep(now).into_iter().map(|letter| (key.clone(), letter)));
        }
        dead
    }

    /// Whether nothing is to be swept yet.
    pub fn is_quiet(&self, now: Timestamp) -> bool {
        self.quiet_until.is_some_and(|until| now < until)
    }

    /// Until when nothing is to be swept, as far as that is known.
    pub fn quiet_until(&self) -> Option<Timestamp> {
        self.quiet_until
    }

    /// Finds out anew until when nothing is to be swept.
    pub fn find_quiet(&mut self) {
        self.quiet_until = self.by_address.values().map(|queue| queue.quiet_until).min();
    }

    /// From now on it must be found out until when nothing is to be swept.
    pub fn stir(&mut self) {
        self.quiet_until = None;
    }

    /// What the next lock is known by.
    pub fn next_token(&self) -> LockToken {
        LockToken(self.deliveries + 1)
    }

    /// Something was given out under a lock that ends then.
    pub fn given_out(&mut self, locked_until: Timestamp) {
        self.deliveries += 1;
        self.quiet_until = self.quiet_until.map(|until| until.min(locked_until));
    }
}
