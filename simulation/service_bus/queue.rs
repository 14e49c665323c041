//! One queue, subscription or dead-letter sub-queue: its messages and their locks. Pure.
use super::{Counts, Delivery, Held, LockLost, LockToken, Message, QueueOptions, SequenceNumber, State};
use jiff::{SignedDuration, Timestamp};
use std::{collections::BTreeMap, time::Duration};

/// A message that leaves its queue as a dead letter.
pub(super) struct DeadLetter {
    pub message: Message,
    pub reason: String,
    pub description: String,
}

struct Stored {
    message: Message,
    /// The topic's number for a subscription's copy, by which a schedule is cancelled.
    sent_as: SequenceNumber,
    delivery_count: u32,
    lock: Option<(LockToken, Timestamp)>,
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
    last_number: SequenceNumber,
    /// Until then neither a lock nor a message expires: nothing to sweep.
    pub quiet_until: Timestamp,
}

pub(super) fn later(now: Timestamp, time: Duration) -> Timestamp {
    let ahead = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
    now.saturating_add(ahead).unwrap_or(Timestamp::MAX)
}

impl Queue {
    pub fn new(path: &str, options: QueueOptions) -> Self {
        Self { path: path.into(), options, messages: BTreeMap::new(), last_number: 0, quiet_until: Timestamp::MAX }
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
                    reason: "TTLExpiredException".into(),
                    description: "The message expired and was dead lettered.".into(),
                });
            }
        }
        let ends = |stored: &Stored| stored.lock.map(|(_, until)| until).or(stored.expires);
        self.quiet_until = self.messages.values().filter_map(ends).min().unwrap_or(Timestamp::MAX);
        dead
    }

    pub fn receive(&mut self, token: LockToken, now: Timestamp) -> Option<Delivery> {
        let locked_until = later(now, self.options.lock_duration.min(Duration::from_secs(300)));
        let (place, stored) =
            self.messages.range_mut(..=(now, SequenceNumber::MAX)).find(|(_, stored)| stored.lock.is_none())?;
        stored.delivery_count = stored.delivery_count.saturating_add(1);
        stored.lock = Some((token, locked_until));
        let delivery = Delivery {
            sequence_number: place.1,
            lock_token: token,
            locked_until,
            delivery_count: stored.delivery_count,
            enqueued_at: place.0,
            expires_at: stored.expires,
            dead_letter_source: stored.dead_letter_source.clone(),
            message: stored.message.clone(),
        };
        self.wake_at(Some(locked_until));
        Some(delivery)
    }

    pub fn complete(&mut self, token: LockToken) -> Result<Message, LockLost> {
        let place = self.place_of(token)?;
        self.messages.remove(&place).map(|stored| stored.message).ok_or(LockLost)
    }

    /// Gives the message back, or up when it was given out often enough.
    pub fn abandon(&mut self, token: LockToken) -> Result<Option<DeadLetter>, LockLost> {
        let place = self.place_of(token)?;
        let most = self.options.max_delivery_count;
        let stored = self.messages.get_mut(&place).ok_or(LockLost)?;
        stored.lock = None;
        let expires = stored.expires;
        if stored.delivery_count >= most {
            return Ok(self.messages.remove(&place).map(|stored| worn_out(stored, most)));
        }
        self.wake_at(expires);
        Ok(None)
    }

    pub fn renew(&mut self, token: LockToken, now: Timestamp) -> Result<Timestamp, LockLost> {
        let place = self.place_of(token)?;
        let until = later(now, self.options.lock_duration.min(Duration::from_secs(300)));
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
        let due = |(place, stored): (&Place, &Stored)| stored.lock.map_or(place.0.max(now), |(_, until)| until);
        self.messages.iter().map(due).min()
    }

    pub fn messages(&self, now: Timestamp) -> Vec<Held> {
        let look = |(place, stored): (&Place, &Stored)| Held {
            sequence_number: place.1,
            state: state(place, stored, now),
            delivery_count: stored.delivery_count,
            dead_letter_source: stored.dead_letter_source.clone(),
            message: stored.message.clone(),
        };
        self.messages.iter().map(look).collect()
    }

    pub fn counts(&self, now: Timestamp) -> Counts {
        let mut counts = Counts::default();
        for (place, stored) in &self.messages {
            match state(place, stored, now) {
                State::Active => counts.active += 1,
                State::Scheduled(_) => counts.scheduled += 1,
                State::Locked(_) => counts.locked += 1,
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
        None if place.0 > now => State::Scheduled(place.0),
        None => State::Active,
    }
}

fn worn_out(stored: Stored, most: u32) -> DeadLetter {
    DeadLetter {
        message: stored.message,
        reason: "MaxDeliveryCountExceeded".into(),
        description: format!("Message could not be consumed after {most} delivery attempts."),
    }
}
