//! A run's journal: its lines are numbered, short and few, whatever comes from outside and however long a run lasts.
use super::calls::{Cause, Level};
use super::{Entry, Run};
use crate::step::Step;
use crate::text::{LONGEST_NAME, LONGEST_TEXT, cut};
use jiff::Timestamp;
use serde_json::Map;

/// A journal has so many lines at most,
pub const MOST_LINES: usize = 500;
/// and so many bytes.
pub const MOST_BYTES: usize = 256 * 1024;
/// The newest lines stay in any case.
const NEWEST: usize = 50;
/// What a line takes beside its texts.
const A_LINE: usize = 150;

/// A text as a run keeps it.
pub(super) fn said(text: &str) -> String {
    cut(text, LONGEST_TEXT)
}

impl Run {
    /// The lines, each with its number. Those of an older binary have none of their own.
    pub fn numbered(&self) -> impl Iterator<Item = (u32, &Entry)> {
        self.journal.iter().scan(0, |before: &mut u32, entry| {
            *before = if entry.number == 0 { before.saturating_add(1) } else { entry.number };
            Some((*before, entry))
        })
    }

    /// The number of the newest line.
    #[must_use]
    pub fn last_number(&self) -> u32 {
        self.numbered().last().map_or(0, |(number, _)| number)
    }

    /// Writes a line.
    pub(super) fn note(&mut self, who: &str, what: &str, before: Step, now: Timestamp) {
        let entry = Entry {
            at: now,
            number: self.last_number().saturating_add(1),
            who: cut(who, LONGEST_NAME),
            what: said(what),
            before,
            after: self.step,
            level: Level::Note,
            cause: None,
            needs_person: false,
            rest: Map::new(),
        };
        self.0.journal.push(entry);
        self.bound();
    }

    /// Writes a line that a person must see.
    pub(super) fn note_call(&mut self, cause: Cause, what: &str, now: Timestamp) {
        self.note(self.step.name(), what, self.step, now);
        self.tell_last(Level::NeedsPerson, cause);
    }

    /// Writes a line unless this step has said the same since it began.
    pub(super) fn note_news(&mut self, what: &str, now: Timestamp) {
        if self.first_said(what).is_none() {
            self.note(self.step.name(), &said(what), self.step, now);
        }
    }

    /// Whether the present step has said something that begins so, since it began.
    #[must_use]
    pub fn has_said(&self, what: &str) -> bool {
        self.of_this_step().any(|entry| entry.what.starts_with(what))
    }

    /// When the present step first said this, if it has since it began.
    #[must_use]
    pub fn first_said(&self, what: &str) -> Option<Timestamp> {
        let what = said(what);
        self.of_this_step().filter(|entry| entry.what == what).last().map(|entry| entry.at)
    }

    /// Its lines since the present step began, the newest first.
    fn of_this_step(&self) -> impl Iterator<Item = &Entry> {
        let step = self.step;
        self.journal.iter().rev().take_while(move |entry| entry.after == step && entry.before == step)
    }

    /// Leaves out what matters least, and the oldest of it first: waits, then what moved it and what a person said, calls
    /// last. What an older binary wrote without a bound is cut.
    fn bound(&mut self) {
        let size = |entry: &Entry| entry.who.len() + entry.what.len() + A_LINE;
        let mut bytes: usize = self.journal.iter().map(size).sum();
        if self.journal.len() <= MOST_LINES && bytes <= MOST_BYTES {
            return;
        }
        for entry in &mut self.0.journal {
            if entry.what.len() > LONGEST_TEXT || entry.who.len() > LONGEST_NAME {
                (entry.who, entry.what) = (cut(&entry.who, LONGEST_NAME), said(&entry.what));
            }
        }
        bytes = self.journal.iter().map(size).sum();
        let numbers: Vec<u32> = self.numbered().map(|(number, _)| number).collect();
        self.0.journal.iter_mut().zip(numbers).for_each(|(entry, number)| entry.number = number);
        let mut lines = self.journal.len();
        for matters in 0..=2 {
            let newest = lines.saturating_sub(NEWEST);
            let mut at = 0;
            self.0.journal.retain(|entry| {
                at += 1;
                let is_over = lines > MOST_LINES || bytes > MOST_BYTES;
                let goes = is_over && at > 1 && at <= newest && worth(entry) == matters;
                if goes {
                    lines -= 1;
                    bytes -= size(entry);
                }
                !goes
            });
        }
        self.0.left_out = self.last_number().saturating_sub(u32::try_from(lines).unwrap_or(u32::MAX));
    }
}

/// How much a line matters later.
fn worth(entry: &Entry) -> u8 {
    match entry.level() {
        Level::NeedsPerson | Level::TurnedBack | Level::Finished => 2,
        Level::Note if entry.before != entry.after || entry.who.starts_with("person:") => 1,
        Level::Note => 0,
    }
}
