//! Who is told of a line of a run's journal: its level, and its cause, by which the same thing is told once, and again daily
//! while it lasts.
use super::{Entry, Hold, Run};
use crate::step::Step;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What lasts is told again after so long, and no cause is told twice within it, unless a person spoke in between.
pub const AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// Who is told, and how loudly. An alert rule watches for each but the note.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// Nobody: it is written down.
    #[default]
    Note,
    /// A run is over.
    Finished,
    /// An upgrade does not happen, or goes back; traffic is safe without anybody.
    TurnedBack,
    /// Nothing goes on, or traffic is in danger, until a person looks: at any hour.
    NeedsPerson,
}

impl Level {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Note, Self::Finished, Self::TurnedBack, Self::NeedsPerson];

    /// Its one name, as in documents and in the field `call` of the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Finished => "finished",
            Self::TurnedBack => "turnedBack",
            Self::NeedsPerson => "needsPerson",
        }
    }

    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Note => "a note",
            Self::Finished => "finished",
            Self::TurnedBack => "turned back",
            Self::NeedsPerson => "needs a person",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    pub(super) fn is_note(&self) -> bool {
        *self == Self::Note
    }
}

/// Why somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// It is held: the reason says why.
    Held,
    /// A gate waits for its approval.
    Gate,
    /// A person used the emergency way back.
    Glass,
    /// The old cluster cannot take the traffic back, or would help nobody.
    NoWayBack,
    /// There is no way back, and the new cluster is ill, too.
    BothIll,
    /// Too many events of a step could not be handled.
    DeadLetters,
    /// It should be over by now, and goes on trying.
    Late,
    /// Events are sent, and nobody looks.
    NothingMoves,
    /// Somebody else writes the gateway.
    OthersWrite,
    /// Users are not led to the live pools as they were.
    LedElsewhere,
    /// The gateway of a held run is not as it was left.
    Drifted,
    /// The old cluster cannot take the traffic back.
    WayBackLost,
    /// It cannot be told whether the traffic is well.
    Inconclusive,
    /// Something stays after the end.
    LeftOver,
    /// It goes back.
    TurnedBack,
    /// Its plan could not be carried out.
    Rejected,
    /// It is over.
    Ended,
}

impl Cause {
    /// Its one name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Gate => "gate",
            Self::Glass => "break-glass",
            Self::NoWayBack => "no-way-back",
            Self::BothIll => "both-ill",
            Self::DeadLetters => "dead-letters",
            Self::Late => "late",
            Self::NothingMoves => "nothing-moves",
            Self::OthersWrite => "others-write",
            Self::LedElsewhere => "led-elsewhere",
            Self::Drifted => "drifted",
            Self::WayBackLost => "way-back-lost",
            Self::Inconclusive => "inconclusive",
            Self::LeftOver => "left-over",
            Self::TurnedBack => "turned-back",
            Self::Rejected => "rejected",
            Self::Ended => "ended",
        }
    }

    /// By what the same cause is known again: of a step, of a stage of its traffic, or of the whole run.
    #[must_use]
    pub fn key(self, step: Step, stage: usize) -> String {
        match self {
            Self::Held | Self::Gate | Self::NoWayBack | Self::BothIll | Self::Inconclusive | Self::DeadLetters
                if step.may_carry_traffic() =>
            {
                format!("{}/{step}/{stage}", self.name())
            }
            Self::Held
            | Self::Gate
            | Self::NoWayBack
            | Self::BothIll
            | Self::Inconclusive
            | Self::DeadLetters
            | Self::Late
            | Self::NothingMoves => format!("{}/{step}", self.name()),
            Self::Glass
            | Self::OthersWrite
            | Self::LedElsewhere
            | Self::Drifted
            | Self::WayBackLost
            | Self::LeftOver
            | Self::TurnedBack
            | Self::Rejected
            | Self::Ended => self.name().to_owned(),
        }
    }

    /// Why a run that is held so waits. A document of an older binary does not say.
    pub(super) fn of(hold: &Hold) -> Self {
        match hold {
            Hold { gate: Some(_), .. } => Self::Gate,
            Hold { both_ill: true, .. } => Self::BothIll,
            Hold { watched: true, .. } => Self::NoWayBack,
            _ => Self::Held,
        }
    }
}

impl Entry {
    /// Who is told of it. A line of an older binary says only whether a person is needed.
    #[must_use]
    pub fn level(&self) -> Level {
        if self.needs_person { Level::NeedsPerson } else { self.level }
    }

    /// Tells of it.
    pub(super) fn tell(&mut self, level: Level, cause: String) {
        self.level = level;
        self.needs_person = level == Level::NeedsPerson;
        self.cause = Some(cause);
    }
}

impl Run {
    /// Whether this cause may be told now: not if it was within a day.
    pub(super) fn may_call(&self, cause: Cause, now: Timestamp) -> bool {
        let key = cause.key(self.step, self.stage);
        let told = self.journal.iter().rev().find(|entry| entry.cause.as_ref() == Some(&key));
        told.is_none_or(|told| now.duration_since(told.at) >= AGAIN)
    }

    /// Tells a person, unless the same cause was told within a day. Says whether it did.
    pub(super) fn call(&mut self, cause: Cause, what: &str, now: Timestamp) -> bool {
        let calls = self.may_call(cause, now);
        if calls {
            self.note_call(cause, what, now);
        }
        calls
    }

    /// Tells of the line that was written last.
    pub(super) fn tell_last(&mut self, level: Level, cause: Cause) {
        let key = cause.key(self.step, self.stage);
        if let Some(last) = self.0.journal.last_mut() {
            last.tell(level, key);
        }
    }
}
