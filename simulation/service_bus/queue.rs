//! One queue, subscription or dead-letter sub-queue: its messages and their locks. Pure.
mod holding;
mod sessions;

use super::times::later;
use super::{Counts, Delivery, Held, LockLost, LockToken, Message, QueueOptions, SequenceNumber, Settlement, State};
use jiff::Timestamp;
use sessions::Sessions;
use std::{collections::BTreeMap, time::Duration};

/// A message that leaves its queue as a dead letter.
pub(super) struct DeadLetter {
    pub message: Message,
    pub reason: Option<String>,
    pub description: Option<String>,
}

impl DeadLetter {
    /// A message that a subscription with sessions cannot take.
    pub fn without_session(message: Message) -> Self {
        let description = "Session enabled entity doesn't allow a message whose session identifier is null.";
        Self { message, reason: Some("Session ID is null".into()), description: Some(description.into()) }
    }
}

struct Stored {
    message: Message,
    /// The topic's number for a subscription's copy, by which a schedule is cancelled.
    sent_as: SequenceNumber,
    delivery_count: u32,
    lock: Option<(LockToken, Timestamp)>,
    deferred: bool,
    expires: Option<Timestamp>,
    dead_letter_source: Option<String>,
}

/// Messages lie in the order in which they become active, so a scheduled one comes behind those sent meanwhile.
type Place = (Timestamp, SequenceNumber);

pub(super) struct Queue {
    /// Its name as it was given.
    pub path: String,
    pub options: QueueOptions,
    messages: BTreeMap<Place, Stored>,
    sessions: Sessions,
    last_number: SequenceNumber,
    /// Until then neither a lock nor a message expires: nothing to sweep.
    pub quiet_until: Timestamp,
}

impl Queue {
    pub fn new(path: &str, options: QueueOptions) -> Self {
        Self {
            path: path.into(),
            options,
            messages: BTreeMap::new(),
            sessions: Sessions::default(),
            last_number: 0,
            quiet_until: Timestamp::MAX,
        }
    }

    /// The number that the next message gets; a duplicate uses one up as well.
    pub fn number(&mut self) -> SequenceNumber {
        self.last_number += 1;
        self.last_number
    }

    pub fn put(
        &mut self,
        message: Message,
        sent_as: Option<SequenceNumber>,
        source: Option<String>,
        now: Timestamp,
    ) -> SequenceNumber {
        let number = self.number();
        let active_from = message.scheduled_for.map_or(now, |moment| moment.max(now));
        let lives = match (message.time_to_live, self.options.default_time_to_live) {
            (Some(own), Some(most)) => Some(own.min(most)),
            (own, most) => own.or(most),
        };
        let expires = lives.map(|time| later(active_from, time)).filter(|end| *end < Timestamp::MAX);
        self.wake_at(expires);
        let stored = Stored {
            message,
            sent_as: sent_as.unwrap_or(number),
            delivery_count: 0,
            lock: None,
            deferred: false,
            expires,
            dead_letter_source: source,
        };
        self.messages.insert((active_from, number), stored);
        number
    }

    /// Ends locks and lives whose time has come. What must be buried is returned.
    pub fn sweep(&mut self, now: Timestamp) -> Vec<DeadLetter> {
        if now < self.quiet_until {
            return vec![];
        }
        let mut dead = vec![];
        let most = self.options.max_delivery_count;
        for stored in self.messages.values_mut() {
            if stored.lock.is_some_and(|(_, until)| until <= now) {
                stored.lock = None;
            }
        }
        for stored in self.take(|_, stored| stored.lock.is_none() && stored.delivery_count >= most) {
            dead.push(worn_out(stored, most));
        }
        for stored in self.take(|_, stored| stored.lock.is_none() && stored.expires.is_some_and(|end| end <= now)) {
            if self.options.dead_letter_on_expiry {
                dead.push(DeadLetter {
                    message: stored.message,
                    reason: Some("TTLExpiredException".into()),
                    description: Some("The message expired and was dead lettered.".into()),
                });
            }
        }
        let ends = |stored: &Stored| stored.lock.map(|(_, until)| until).or(stored.expires);
        let sessions = self.sessions.sweep(now);
        let messages = self.messages.values().filter_map(ends).min().unwrap_or(Timestamp::MAX);
        self.quiet_until = messages.min(sessions);
        dead
    }

    /// Gives out the first message, or, of a queue with sessions, nothing.
    pub fn receive(&mut self, token: LockToken, now: Timestamp) -> Option<Delivery> {
        if self.options.requires_session || self.options.receive_disabled {
            return None;
        }
        let until = self.lock_end(now);
        let place = self.first(now, |_| true)?;
        self.lock(place, token, until)
    }

    /// Gives out a deferred message. `session`: the one that the caller holds.
    pub fn receive_deferred(
        &mut self,
        number: SequenceNumber,
        session: Option<&str>,
        token: LockToken,
        now: Timestamp,
    ) -> Option<Delivery> {
        let until = session.map_or(Some(self.lock_end(now)), |id| self.sessions.held_until(id, now))?;
        let wanted = |(place, stored): (&Place, &Stored)| {
            let is_ours = stored.deferred && stored.lock.is_none() && place.1 == number;
            (is_ours && (!self.options.requires_session || stored.message.session_id.as_deref() == session))
                .then_some(*place)
        };
        let place = self.messages.iter().find_map(wanted)?;
        self.lock(place, token, until)
    }

    fn lock_end(&self, now: Timestamp) -> Timestamp {
        later(now, self.options.lock_duration.min(Duration::from_secs(300)))
    }

    fn first(&self, now: Timestamp, wanted: impl Fn(&Stored) -> bool) -> Option<Place> {
        let mut due = self.messages.range(..=(now, SequenceNumber::MAX));
        due.find(|(_, stored)| stored.lock.is_none() && !stored.deferred && wanted(stored)).map(|(place, _)| *place)
    }

    fn lock(&mut self, place: Place, token: LockToken, until: Timestamp) -> Option<Delivery> {
        let stored = self.messages.get_mut(&place)?;
        stored.delivery_count = stored.delivery_count.saturating_add(1);
        stored.lock = Some((token, until));
        let delivery = Delivery {
            sequence_number: place.1,
            enqueued_sequence_number: stored.sent_as,
            lock_token: token,
            locked_until: until,
            delivery_count: stored.delivery_count,
            enqueued_at: place.0,
            expires_at: stored.expires,
            dead_letter_source: stored.dead_letter_source.clone(),
            message: stored.message.clone(),
        };
        self.wake_at(Some(until));
        Some(delivery)
    }

    /// Carries out what the holder decided. A message that must be buried is returned.
    pub fn settle(&mut self, token: LockToken, settlement: Settlement) -> Result<Option<DeadLetter>, LockLost> {
        let place = self.place_of(token)?;
        let most = self.options.max_delivery_count;
        let stored = self.messages.get_mut(&place).ok_or(LockLost)?;
        match settlement {
            Settlement::Complete => {
                self.messages.remove(&place);
                return Ok(None);
            }
            Settlement::DeadLetter { reason, description, changes } => {
                stored.message.set(changes);
                let dead = self.messages.remove(&place);
                return Ok(dead.map(|stored| DeadLetter { message: stored.message, reason, description }));
            }
            Settlement::Abandon(changes) => stored.message.set(changes),
            Settlement::Release => stored.delivery_count = stored.delivery_count.saturating_sub(1),
            Settlement::Defer(changes) => {
                stored.message.set(changes);
                stored.deferred = true;
            }
        }
        stored.lock = None;
        let expires = stored.expires;
        if stored.delivery_count >= most && !stored.deferred {
            return Ok(self.messages.remove(&place).map(|stored| worn_out(stored, most)));
        }
        self.wake_at(expires);
        Ok(None)
    }

    pub fn renew(&mut self, token: LockToken, now: Timestamp) -> Result<Timestamp, LockLost> {
        let place = self.place_of(token)?;
        let until = self.lock_end(now);
        self.messages.get_mut(&place).ok_or(LockLost)?.lock = Some((token, until));
        Ok(until)
    }

    /// Whether this lock is on a message that the caller names so: by its id or its number.
    pub fn is_named(&self, token: LockToken, name: &str) -> bool {
        let Ok(place) = self.place_of(token) else { return false };
        self.messages.get(&place).is_some_and(|stored| stored.message.message_id == name) || place.1.to_string() == name
    }

    /// Takes scheduled messages with this number out again; says whether there was one.
    pub fn cancel(&mut self, sent_as: SequenceNumber, now: Timestamp) -> bool {
        !self.take(|place, stored| stored.sent_as == sent_as && place.0 > now).is_empty()
    }

    /// When a message may become receivable, as far as is known now.
    pub fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        if self.options.requires_session || self.options.receive_disabled {
            return None;
        }
        let receivable = self.messages.iter().filter(|(_, stored)| !stored.deferred);
        receivable.map(|(place, stored)| stored.lock.map_or(place.0.max(now), |(_, until)| until)).min()
    }

    /// When the next scheduled message becomes active.
    pub fn next_scheduled(&self, now: Timestamp) -> Option<Timestamp> {
        self.messages.range((now, SequenceNumber::MAX)..).next().map(|(place, _)| place.0).filter(|at| *at > now)
    }

    pub fn messages(&self, now: Timestamp, wanted: impl Fn(SequenceNumber, &Message) -> bool) -> Vec<Held> {
        let look = |(place, stored): (&Place, &Stored)| Held {
            sequence_number: place.1,
            enqueued_sequence_number: stored.sent_as,
            state: state(place, stored, now),
            delivery_count: stored.delivery_count,
            enqueued_at: place.0,
            dead_letter_source: stored.dead_letter_source.clone(),
            message: stored.message.clone(),
        };
        self.messages.iter().filter(|(place, stored)| wanted(place.1, &stored.message)).map(look).collect()
    }

    pub fn counts(&self, now: Timestamp) -> Counts {
        let mut counts = Counts::default();
        for (place, stored) in &self.messages {
            match state(place, stored, now) {
                State::Active => counts.active += 1,
                State::Scheduled(_) => counts.scheduled += 1,
                State::Locked(_) => counts.locked += 1,
                State::Deferred => counts.deferred += 1,
            }
        }
        counts
    }

    fn take(&mut self, wanted: impl Fn(&Place, &Stored) -> bool) -> Vec<Stored> {
        let places: Vec<Place> =
            self.messages.iter().filter(|(place, stored)| wanted(place, stored)).map(|(place, _)| *place).collect();
        places.iter().filter_map(|place| self.messages.remove(place)).collect()
    }

    fn place_of(&self, token: LockToken) -> Result<Place, LockLost> {
        let held = self.messages.iter().find(|(_, stored)| stored.lock.is_some_and(|(held, _)| held == token));
        held.map(|(place, _)| *place).ok_or(LockLost)
    }

    fn wake_at(&mut self, moment: Option<Timestamp>) {
        self.quiet_until = moment.map_or(self.quiet_until, |moment| self.quiet_until.min(moment));
    }
}

fn state(place: &Place, stored: &Stored, now: Timestamp) -> State {
    match stored.lock {
        Some((_, until)) => State::Locked(until),
        None if stored.deferred => State::Deferred,
        None if place.0 > now => State::Scheduled(place.0),
        None => State::Active,
    }
}

fn worn_out(stored: Stored, most: u32) -> DeadLetter {
    DeadLetter {
        message: stored.message,
        reason: Some("MaxDeliveryCountExceeded".into()),
        description: Some(format!("Message could not be consumed after {most} delivery attempts.")),
    }
}
