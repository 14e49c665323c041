//! What a receiver does with a message that it holds. Pure.
use super::address::{DEAD_LETTERS, address};
use super::{Broker, LockLost, LockToken, Settlement};
use jiff::Timestamp;

impl Broker {
    /// Removes the message that this lock is on.
    ///
    /// # Errors
    /// When the lock is no longer held.
    pub fn complete(&mut self, entity: &str, lock: LockToken, now: Timestamp) -> Result<(), LockLost> {
        self.settle(entity, lock, Settlement::Complete, now)
    }

    /// Gives the message back: it may be received again at once, or is a dead letter after its last delivery.
    ///
    /// # Errors
    /// When the lock is no longer held.
    pub fn abandon(&mut self, entity: &str, lock: LockToken, now: Timestamp) -> Result<(), LockLost> {
        self.settle(entity, lock, Settlement::Abandon(vec![]), now)
    }

    /// Makes the message a dead letter, with a reason and a description.
    ///
    /// # Errors
    /// When the lock is no longer held.
    pub fn dead_letter(
        &mut self,
        entity: &str,
        lock: LockToken,
        reason: &str,
        description: &str,
        now: Timestamp,
    ) -> Result<(), LockLost> {
        let (reason, description) = (Some(reason.into()), Some(description.into()));
        self.settle(entity, lock, Settlement::DeadLetter { reason, description, changes: vec![] }, now)
    }

    /// Carries out what the receiver decided. A dead letter cannot die again: it stays, with the new reason.
    ///
    /// # Errors
    /// When the lock is no longer held.
    pub fn settle(
        &mut self,
        entity: &str,
        lock: LockToken,
        settlement: Settlement,
        now: Timestamp,
    ) -> Result<(), LockLost> {
        let key = address(entity);
        let settlement = match settlement {
            Settlement::DeadLetter { reason, description, mut changes } if key.ends_with(DEAD_LETTERS) => {
                let reason = reason.map(|reason| ("DeadLetterReason".into(), reason.into()));
                let description = description.map(|text| ("DeadLetterErrorDescription".into(), text.into()));
                changes.extend(reason.into_iter().chain(description));
                Settlement::Abandon(changes)
            }
            other => other,
        };
        let is_gone = settlement == Settlement::Complete;
        let dead = self.held(&key, now)?.settle(lock, settlement)?;
        if !is_gone {
            self.queues.stir();
        }
        if let Some(dead) = dead {
            self.bury(&key, dead, now);
        }
        Ok(())
    }

    /// Holds the message for another lock duration from now; says until when.
    ///
    /// # Errors
    /// When the lock is no longer held.
    pub fn renew(&mut self, entity: &str, lock: LockToken, now: Timestamp) -> Result<Timestamp, LockLost> {
        self.held(entity, now)?.renew(lock, now)
    }

    /// Has the service detach every link to this entity as if it had been idle for too long, and tells nobody: call
    /// [`touch`](crate::SimulatedAzure::touch) so that the connections look.
    pub fn detach_idle_links(&mut self, entity: &str) {
        *self.detachments.entry(address(entity)).or_default() += 1;
    }

    pub(super) fn detachments(&self, entity: &str) -> u64 {
        self.detachments.get(&address(entity)).copied().unwrap_or_default()
    }
}
