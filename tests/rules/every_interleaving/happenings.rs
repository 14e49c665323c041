//! What may happen between two states, and what of it can be counted on.
use super::document::Time;
use super::input::{Members, Next, Saw};
use bluegreen_core::run::verbs::Verb;

/// What happens between two states. `at` is the place of an invocation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Move {
    WriteLands,
    WriteFails,
    Delivered {
        age: u8,
    },
    DeadLettered {
        published: bool,
    },
    /// Dead-lettered in an outage of the store, so that `DeadLetter`, which always answers 200, could not save either.
    IsLost {
        age: u8,
    },
    Looks {
        at: usize,
        next: Next,
    },
    IsPermitted {
        at: usize,
    },
    Acts {
        at: usize,
        answer_lost: bool,
    },
    Saves {
        at: usize,
        saw: Saw,
        time: Time,
    },
    Records {
        at: usize,
    },
    Publishes {
        at: usize,
    },
    CannotPublish {
        at: usize,
    },
    GivesUp {
        at: usize,
    },
    Crashes {
        at: usize,
    },
    LosesItsLock {
        at: usize,
    },
    Orders {
        verb: Verb,
        published: bool,
    },
    CanaryCheckTurnsBack,
    Sweeps {
        early: bool,
    },
    /// The check each minute sees this.
    Checks {
        saw: Saw,
    },
    /// What others do.
    Others(Other),
    /// A look at the world comes to nothing.
    Unanswered {
        at: usize,
        next: Next,
    },
    /// The person's tool, which watches over its write, has seen a late write of the run over it.
    BreaksGlassAgain,
}

/// What others do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Other {
    OldFallsIll,
    OldHeals,
    NewFallsIll,
    NewHeals,
    OldStops,
    OldStarts,
    OldIsDeleted,
    BreaksGlass(Members),
    Writes { members: Members, keeps_mark: bool },
    TakesTheCandidatePool,
    PutsTheCandidatePoolBack,
}

impl Move {
    /// Whether it will happen sooner or later: an ending must be reachable by such moves alone.
    pub fn is_relied_on(self) -> bool {
        match self {
            Self::WriteLands
            | Self::Delivered { .. }
            | Self::IsPermitted { .. }
            | Self::Publishes { .. }
            | Self::GivesUp { .. }
            | Self::Checks { .. }
            | Self::BreaksGlassAgain
            | Self::Sweeps { early: false } => true,
            Self::Looks { next, .. } => next != Next::Say(Saw::Breached),
            Self::Acts { answer_lost, .. } => !answer_lost,
            Self::Saves { time, .. } => !time.late,
            Self::Records { .. } => true,
            Self::WriteFails
            | Self::DeadLettered { .. }
            | Self::IsLost { .. }
            | Self::CannotPublish { .. }
            | Self::Crashes { .. }
            | Self::LosesItsLock { .. }
            | Self::Orders { .. }
            | Self::CanaryCheckTurnsBack
            | Self::Others(_)
            | Self::Unanswered { .. }
            | Self::Sweeps { early: true } => false,
        }
    }
}
