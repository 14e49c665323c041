//! The flow of an upgrade as one table: what follows each step, what becomes of a run that cannot do it, and where it can
//! hurt. `run::flow::decide` carries it out; the table in docs/design.md is compared with it.
use super::Step;
use serde::{Deserialize, Serialize};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ending {
    /// All traffic is on the new cluster.
    Upgraded,
    /// The plan could not be carried out. Nothing was changed, but for a leftover that the failure names as deleted.
    Rejected,
    /// All traffic is on the old cluster again.
    RolledBack,
    /// A person ended it as it stood.
    Finished,
}

impl Ending {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Upgraded, Self::Rejected, Self::RolledBack, Self::Finished];

    /// Its one name, as in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Upgraded => "upgraded",
            Self::Rejected => "rejected",
            Self::RolledBack => "rolledBack",
            Self::Finished => "finished",
        }
    }

    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Upgraded => "upgraded",
            Self::Rejected => "rejected",
            Self::RolledBack => "rolled back",
            Self::Finished => "finished by a person",
        }
    }
}

/// What follows when a step is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// This step.
    Go(Step),
    /// The next stage's `ShiftTraffic`, or this step after the last stage.
    NextStageOr(Step),
    /// The run ends.
    End(Ending),
}

/// What follows when a step cannot be done, or not in time, or finds the world other than it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// The run ends: rejected. Nothing was changed.
    Reject,
    /// The run goes back the way it came.
    TurnBack,
    /// It goes back in the first stage; later it waits for a person, since traffic is already served well.
    TurnBackInFirstStage,
    /// It waits for a person.
    Hold,
    /// It keeps trying, and calls a person.
    KeepTrying,
    /// This step puts it right, once; the second time it waits for a person.
    Repair(Step),
    /// The traffic is brought back once more; from the second time on a person is called.
    RestoreAgain,
}

/// Where users' traffic may be while a run is at a step, as far as the run has moved it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// With the old cluster: the gateway was not written yet.
    Untouched,
    /// With the old cluster, and the new one is in the candidate pool.
    Offered,
    /// The new cluster may carry some or all of it.
    Moved,
    /// On its way back to the old cluster, or there again.
    Back,
}

/// What the present step may follow that is no write of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// Changes of clusters.
    Changes,
    /// Questions what the gateway's probes see.
    Health,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The step.
    pub step: Step,
    /// When it is done.
    pub done: Then,
    /// When it fails: trying again cannot help.
    pub failed: Otherwise,
    /// When it is not done within its minutes.
    pub late: Otherwise,
    /// When the new cluster is worse than allowed, or is in a pool where it must not be.
    pub breached: Otherwise,
    /// When somebody else wrote the gateway.
    pub drifted: Otherwise,
    /// Where the run goes when it turns back here.
    pub back: Step,
    /// Where traffic may be.
    pub traffic: Traffic,
    /// What it may follow.
    pub follows: Follows,
    /// Its deadline in minutes, judged after the look. A watch or a soak is added to it.
    pub minutes: u32,
    /// How long until the next look when the step does not say, in seconds.
    pub look_again: u32,
}

use Ending::{RolledBack, Upgraded};
use Follows::{Changes, Health};
use Otherwise::{Hold, KeepTrying, Reject, Repair, RestoreAgain, TurnBack, TurnBackInFirstStage};
use Step::{
    CheckPlan, ConfirmTraffic, CreateCluster, DeleteNewCluster, InstallControllers, MoveSingletons, RestoreTraffic,
    RetireOldCluster, ShiftTraffic, Soak, SyncWorkloads, ValidateHealth,
};
use Then::{End, Go, NextStageOr};
use Traffic::{Back, Moved, Offered, Untouched};

type Columns = (Step, Then, [Otherwise; 4], Step, Traffic, Follows, u32, u32);

const fn row(
    (step, done, [failed, late, breached, drifted], back, traffic, follows, minutes, look_again): Columns,
) -> Row {
    Row { step, done, failed, late, breached, drifted, back, traffic, follows, minutes, look_again }
}

/// The flow.
#[rustfmt::skip]
pub const TABLE: [Row; 12] = [
    //   step                done                     failed      late                  breached      drifted                       back              traffic    follows  min  again
    row((CheckPlan,          Go(CreateCluster),      [Reject,     Reject,               Reject,       Repair(CheckPlan)],           DeleteNewCluster, Untouched, Changes, 15,  30)),
    row((CreateCluster,      Go(InstallControllers), [TurnBack,   TurnBack,             TurnBack,     Repair(CreateCluster)],       DeleteNewCluster, Untouched, Changes, 90,  30)),
    row((InstallControllers, Go(SyncWorkloads),      [TurnBack,   TurnBack,             TurnBack,     Repair(InstallControllers)],  DeleteNewCluster, Untouched, Changes, 45,  15)),
    row((SyncWorkloads,      Go(ValidateHealth),     [TurnBack,   TurnBack,             TurnBack,     Repair(SyncWorkloads)],       DeleteNewCluster, Untouched, Changes, 60,  15)),
    row((ValidateHealth,     Go(ShiftTraffic),       [TurnBack,   TurnBack,             TurnBack,     Repair(ValidateHealth)],      RestoreTraffic,   Offered,   Health,  45,  15)),
    row((ShiftTraffic,       Go(ConfirmTraffic),     [TurnBack,   TurnBackInFirstStage, TurnBack,     Repair(ShiftTraffic)],        RestoreTraffic,   Moved,     Changes, 30,  10)),
    row((ConfirmTraffic,     NextStageOr(MoveSingletons), [Hold,       Hold,                 TurnBack,     Repair(ShiftTraffic)],        RestoreTraffic,   Moved,     Health,  60,  60)),
    row((MoveSingletons,     Go(Soak),               [Hold,       Hold,                 TurnBack,     Repair(ShiftTraffic)],        RestoreTraffic,   Moved,     Changes, 60,  15)),
    row((Soak,               Go(RetireOldCluster),   [Hold,       Hold,                 TurnBack,     Repair(ShiftTraffic)],        RestoreTraffic,   Moved,     Health,  60, 600)),
    row((RetireOldCluster,   End(Upgraded),          [Hold,       Hold,                 TurnBack,     Repair(ShiftTraffic)],        RestoreTraffic,   Moved,     Changes, 90,  30)),
    row((RestoreTraffic,     Go(DeleteNewCluster),   [KeepTrying, KeepTrying,           KeepTrying,   KeepTrying],                  RestoreTraffic,   Back,      Changes, 30,  10)),
    row((DeleteNewCluster,   End(RolledBack),        [Hold,       Hold,                 RestoreAgain, RestoreAgain],                DeleteNewCluster, Back,      Changes, 90,  30)),
];

// A row is found by its step's number.
const _: () = {
    let mut at = 0;
    while at < TABLE.len() {
        assert!(TABLE[at].step as usize == at && Step::ALL[at] as usize == at);
        at += 1;
    }
};

impl Step {
    /// Its row in the table.
    #[must_use]
    pub const fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// Where the run goes when it turns back here: to the traffic first as soon as it may have been touched.
    #[must_use]
    pub const fn way_back(self) -> Self {
        self.row().back
    }

    /// Whether it undoes: it is on the way back.
    #[must_use]
    pub const fn undoes(self) -> bool {
        matches!(self.row().traffic, Back)
    }

    /// Whether the new cluster may carry users' traffic while the run is here.
    #[must_use]
    pub const fn may_carry_traffic(self) -> bool {
        matches!(self.row().traffic, Moved)
    }

    /// Whether only runs of sites with singletons come here: for others what follows it follows at once.
    #[must_use]
    pub const fn needs_singletons(self) -> bool {
        matches!(self, MoveSingletons)
    }

    /// Whether it watches users' traffic for a time that the site says.
    #[must_use]
    pub const fn is_watch(self) -> bool {
        matches!((self.row().traffic, self.row().follows), (Moved, Health))
    }

    /// Whether nothing may hold it: it keeps trying.
    #[must_use]
    pub const fn keeps_trying(self) -> bool {
        matches!(self.row().failed, KeepTrying)
    }

    /// Whether what it does is final: it is done only when nothing older can still act.
    #[must_use]
    pub const fn needs_quiet(self) -> bool {
        self.undoes() || matches!(self.row().done, End(_))
    }
}
