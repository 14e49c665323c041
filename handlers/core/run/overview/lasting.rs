//! Which stage of traffic a run is at, since when it is at its step, until when, and what happens then.
use crate::run::Run;
use crate::run::calls::AGAIN;
use crate::run::watchers::{GATE_EXPIRES, OVERDUE};
use crate::step::{Otherwise, Step};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// Stages of traffic, and moments of time.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lasting {
    /// The stage of traffic; `null`: no traffic was to be moved yet.
    pub stage: Option<StageSeen>,
    /// Since when it is at its step, or held.
    pub since: Timestamp,
    /// When the present watch or soak ends, if all stays well.
    pub until: Option<Until>,
    /// When something happens by itself, and what.
    pub deadline: Option<Deadline>,
    /// When the step looks next; `null`: it is held or has ended.
    pub next_look: Option<Timestamp>,
    /// The next look is late: its event seems lost. The check each minute sends it again after 4 min.
    pub overdue: bool,
    /// The check each minute looks at its traffic, whatever the step does.
    pub watched: bool,
}

/// A stage of traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StageSeen {
    /// Its number, from 1.
    pub number: usize,
    /// Of so many.
    pub of: usize,
    /// Percent of the traffic that it was asked to give to the new cluster.
    pub asked: u8,
    /// Percent that its members give.
    pub share: u8,
}

/// The end of a watch or soak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Until {
    /// When.
    pub at: Timestamp,
    /// What ends then.
    pub what: &'static str,
}

/// What happens by itself, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deadline {
    /// When; `null`: never by itself.
    pub at: Option<Timestamp>,
    /// What happens then.
    pub then: &'static str,
}

impl Lasting {
    pub(super) fn of(run: &Run, now: Timestamp) -> Self {
        let moves = run.moves();
        let traffic = run.step.may_carry_traffic() || run.failure.is_some() && run.moved;
        Self {
            stage: run.plan.stages.get(run.stage).filter(|_| traffic).map(|stage| StageSeen {
                number: run.stage + 1,
                of: run.plan.stages.len(),
                asked: stage.asked,
                share: stage.share,
            }),
            since: match &run.held {
                Some(hold) => hold.since,
                None if run.ending.is_some() => run.journal.last().map_or(run.due, |entry| entry.at),
                None => entered(run),
            },
            until: until(run),
            deadline: deadline(run),
            next_look: moves.then_some(run.due),
            overdue: moves && now.duration_since(run.due) > OVERDUE,
            watched: run.ending.is_none()
                && (run.step.may_carry_traffic() || run.held.is_some() || run.waits_for_nodes()),
        }
    }
}

/// When it came to the present step: its own time moves on by what it was held.
fn entered(run: &Run) -> Timestamp {
    let here = run.journal.iter().rev().take_while(|entry| entry.after == run.step);
    let came = here.filter(|entry| entry.before != entry.after).last();
    came.map_or(run.step_began, |entry| entry.at.min(run.step_began))
}

fn after(from: Timestamp, time: SignedDuration) -> Timestamp {
    from.saturating_add(time).unwrap_or(from)
}

fn until(run: &Run) -> Option<Until> {
    if !run.moves() {
        return None;
    }
    let watch = || run.plan.stages.get(run.stage).map(|stage| stage.watch_minutes);
    let (minutes, what) = if run.step == Step::ConfirmTraffic {
        (watch()?, "the watch of this stage is over")
    } else if run.step == Step::Soak {
        (run.plan.site.soak_minutes, "the soak is over")
    } else {
        return None;
    };
    Some(Until { at: after(run.step_began, SignedDuration::from_mins(i64::from(minutes))), what })
}

fn deadline(run: &Run) -> Option<Deadline> {
    if run.ending.is_some() {
        return None;
    }
    let Some(hold) = &run.held else {
        let then = late(run);
        return Some(Deadline { at: Some(after(run.step_began, run.deadline())), then });
    };
    let (at, then) = match (hold.paused, &hold.gate) {
        (true, _) => (None, "nothing happens by itself: a pause has no end"),
        (false, Some(_)) if !run.step.may_carry_traffic() => {
            (Some(after(hold.called, GATE_EXPIRES)), "it turns back, if nobody approves")
        }
        (false, _) => (Some(after(hold.called, AGAIN)), "a person is called again; nothing else happens by itself"),
    };
    Some(Deadline { at, then })
}

/// What becomes of a step that is not done in time.
fn late(run: &Run) -> &'static str {
    match run.step.row().late {
        Otherwise::Reject => "it ends as rejected; nothing was changed",
        Otherwise::TurnBack => "it turns back",
        Otherwise::TurnBackInFirstStage if run.stage == 0 => "it turns back",
        Otherwise::TurnBackInFirstStage | Otherwise::Hold => "it is held for a person, and calls one",
        Otherwise::KeepTrying => "it calls a person, and keeps trying",
        Otherwise::Repair(_) | Otherwise::RestoreAgain => "it is put right",
    }
}
