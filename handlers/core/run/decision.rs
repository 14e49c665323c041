//! What a change of a run came to, in few fixed words: for whoever counts changes and follows them.
use super::{Following, Run};
use crate::step::Step;

/// What a change of a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// The run began.
    Begun,
    /// It is where it was.
    Waits,
    /// A step, or a stage of the traffic, is done.
    Done,
    /// A step begins anew, or one before it: something was put right.
    Again,
    /// It goes back.
    TurnedBack,
    /// It waits for a person.
    Held,
    /// It goes on after it was held.
    GoesOn,
    /// It is over.
    Ended,
}

impl Decision {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Begun, Self::Waits, Self::Done, Self::Again, Self::TurnedBack, Self::Held, Self::GoesOn, Self::Ended];

    /// What came of it; `before`: the same run as it was.
    #[must_use]
    pub fn between(before: Option<&Run>, after: &Run) -> Self {
        let Some(before) = before else { return Self::Begun };
        if before.ending.is_none() && after.ending.is_some() {
            return Self::Ended;
        }
        if after.step.undoes() && !before.step.undoes() {
            return Self::TurnedBack;
        }
        match (&before.held, &after.held) {
            (None, Some(_)) => return Self::Held,
            (Some(_), None) => return Self::GoesOn,
            (None, None) | (Some(_), Some(_)) => {}
        }
        if (after.stage, after.step) > (before.stage, before.step) {
            return Self::Done;
        }
        // While others write, a step's beginning moves on, too; but only who enters a step has not been looked at.
        let begins = after.step_began != before.step_began && after.quiet_from.is_none();
        if begins || (after.stage, after.step) != (before.stage, before.step) { Self::Again } else { Self::Waits }
    }

    /// Its one name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Waits => "waits",
            Self::Done => "done",
            Self::Again => "again",
            Self::TurnedBack => "turned-back",
            Self::Held => "held",
            Self::GoesOn => "goes-on",
            Self::Ended => "ended",
        }
    }

    /// Whether the step in which the run was is left by it, or begins anew.
    #[must_use]
    pub fn leaves(self, before: &Run, after: &Run) -> bool {
        matches!(self, Self::Again | Self::Ended) || (after.stage, after.step) != (before.stage, before.step)
    }
}

/// Why a run waits, in few fixed words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Azure, a cluster or the store did not answer, or not with what was asked for.
    NoAnswer,
    /// Somebody else's write of the gateway is under way.
    OthersWrite,
    /// The gateway carries out our write.
    GatewayWrite,
    /// Azure changes a cluster.
    ClusterChange,
    /// The gateway looks at its backends.
    HealthQuestion,
    /// Nobody can tell whether the traffic is well.
    Unclear,
    /// A time passes: of a stage, of the soak.
    Watch,
    /// It is done, and nothing older may act any more.
    Quiet,
    /// Something else is not yet as it should be: pods, versions, a rollout.
    NotReady,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::NoAnswer,
        Self::OthersWrite,
        Self::GatewayWrite,
        Self::ClusterChange,
        Self::HealthQuestion,
        Self::Unclear,
        Self::Watch,
        Self::Quiet,
        Self::NotReady,
    ];

    /// Of a run as it is after the look at which it waits.
    #[must_use]
    pub fn of(after: &Run, saw: Saw) -> Self {
        match (saw, &after.following) {
            (Saw::NoAnswer, _) => Self::NoAnswer,
            (Saw::Done, _) => Self::Quiet,
            (Saw::NotYet, _) if after.others.write_since.is_some() => Self::OthersWrite,
            (Saw::NotYet, Some(Following::GatewayWrite { .. })) => Self::GatewayWrite,
            (Saw::NotYet, Some(Following::ClusterChange(_))) => Self::ClusterChange,
            (Saw::NotYet, Some(Following::HealthQuestion(_))) => Self::HealthQuestion,
            (Saw::NotYet, Some(Following::Answered(_)) | None) if after.unclear.is_some() => Self::Unclear,
            (Saw::NotYet, Some(Following::Answered(_)) | None) if after.step.is_watch() => Self::Watch,
            (Saw::NotYet, Some(Following::Answered(_)) | None) => Self::NotReady,
        }
    }

    /// Its one name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoAnswer => "no-answer",
            Self::OthersWrite => "others-write",
            Self::GatewayWrite => "gateway-write",
            Self::ClusterChange => "cluster-change",
            Self::HealthQuestion => "health-question",
            Self::Unclear => "unclear",
            Self::Watch => "watch",
            Self::Quiet => "quiet",
            Self::NotReady => "not-ready",
        }
    }
}

/// What a look saw, as far as it matters to why the run waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saw {
    /// Nothing: there was no answer.
    NoAnswer,
    /// That it is done.
    Done,
    /// That it is not.
    NotYet,
}

impl Saw {
    /// What a look came to.
    #[must_use]
    pub fn of(result: &super::StepResult) -> Self {
        use super::Outcome;
        match result {
            Err(_) => Self::NoAnswer,
            Ok(Outcome::Done | Outcome::Proved(..) | Outcome::Noted(_) | Outcome::LeftOver(_)) => Self::Done,
            Ok(
                Outcome::NotYet(_)
                | Outcome::Drifted(_)
                | Outcome::MarkLost(_)
                | Outcome::LedElsewhere(_)
                | Outcome::Breached(_)
                | Outcome::Hold(_)
                | Outcome::Refused(_)
                | Outcome::NoWayBack(..)
                | Outcome::GlassBroken(_),
            ) => Self::NotYet,
        }
    }
}

impl Run {
    /// Percent of the traffic that the new cluster has, as the run has proved it last; the share that is meant may be
    /// another.
    #[must_use]
    pub fn share_in_force(&self) -> u8 {
        let stage = self.stages_in_force().pop().flatten();
        stage.and_then(|stage| self.plan.stages.get(stage)).map_or(0, |stage| stage.share)
    }

    /// Whether the way back has just had the gateway written for the first time since it was entered.
    #[must_use]
    pub fn wrote_first_on_the_way_back(&self, before: &Self) -> bool {
        let is_write = |run: &Self| matches!(run.following, Some(Following::GatewayWrite { .. }));
        self.step == Step::RestoreTraffic
            && (before.step, before.step_began) == (self.step, self.step_began)
            && is_write(self)
            && !is_write(before)
    }
}
