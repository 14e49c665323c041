//! What goes wrong in a story, from a seed: the site and the world that it plays in, and its incidents.
use super::strangers::Edit;
use super::trouble::Trouble;
use bluegreen::run::verbs::Verb;
use bluegreen::site::{FailedCluster, Gate, OldCluster, Site, Stage};
use bluegreen::step::Step;
use fastrand::Rng;
use simulated_azure::resource_manager::Timings;
use std::fmt::{Display, Formatter, Result};
use std::time::Duration;

/// One incident: so long after the run first reached the step (after the request, for the first step), this happens.
#[derive(Clone, Debug)]
pub struct Incident {
    pub step: Step,
    pub after: Duration,
    pub what: What,
}

/// What can go wrong. Every variant has a name, under which its hits are counted.
#[derive(Clone, Debug)]
pub enum What {
    /// A call after `skip` others: the calling process dies before or after it, the answer is lost or slow, ….
    Call { fault: CallFault, skip: u32 },
    /// For a while nobody answers at `host`, or it answers 503.
    Outage { at: Place, refuses: bool, lasts: Duration },
    /// The next operation of this kind is accepted and ends Failed.
    OperationFails(Doomed),
    /// Somebody else writes the gateway.
    Stranger(Edit),
    /// An event is delivered once more: the present one or one of the last hops.
    Redelivered { back: usize },
    /// The next event that is published is lost.
    LostEvent,
    /// The child that serves the step exits.
    Exit(i32),
    /// The sweep, and the whole look at all runs, does not come for a while.
    LateSweep(Duration),
    /// A person says this.
    Order(Verb),
    /// The new cluster's workloads fail, for good or for a while.
    GreenFallsIll(Option<Duration>),
    /// Something befalls the old cluster, or both.
    Trouble(Trouble),
}

#[derive(Clone, Copy, Debug)]
pub enum CallFault {
    CrashBefore,
    CrashAfter,
    LostAnswer,
    Throttled(u32),
    Error500,
    Error503,
    SlowCall(Duration),
    SlowAnswer(Duration),
    /// A resource is read, and a page is answered.
    Page,
    /// The gateway is asked for its backends' health, and a page is answered.
    PageForHealth,
    /// A resource is read, and it is said not to be there.
    NotFound,
    /// A resource is read, and what comes never ends.
    Endless,
    /// The store tells a time that is so many hours ahead.
    Jump(i64),
}

#[derive(Clone, Copy, Debug)]
pub enum Place {
    Store,
    Bus,
    Arm,
    Kubernetes,
    Everything,
    /// Only the old cluster cannot be read, whatever else can.
    OldCluster,
}

#[derive(Clone, Copy, Debug)]
pub enum Doomed {
    GatewayWrite,
    ClusterDeletion,
    ClusterCreation,
}

/// Every name under which hits are counted.
pub const NAMES: [&str; 49] = [
    "crash-before",
    "crash-after",
    "lost-answer",
    "throttled",
    "error-500",
    "error-503",
    "slow-call",
    "slow-answer",
    "unreadable-answer",
    "page-for-health",
    "not-found-once",
    "endless-answer",
    "date-jumps",
    "store-refuses",
    "store-outage",
    "bus-refuses",
    "bus-outage",
    "arm-refuses",
    "arm-outage",
    "kubernetes-refuses",
    "kubernetes-outage",
    "everything-refuses",
    "everything-outage",
    "old-unreadable",
    "gateway-write-fails",
    "cluster-deletion-fails",
    "cluster-creation-fails",
    "stranger-keeps-ours",
    "stranger-drops-mark",
    "stranger-drops-member",
    "stranger-template",
    "stranger-drops-candidate",
    "stranger-fills-candidate",
    "stranger-changes-setting",
    "stranger-takes-address",
    "redelivered-event",
    "lost-event",
    "instance-exits",
    "late-sweep",
    "pause",
    "roll_back",
    "green-falls-ill",
    "old-is-stopped",
    "old-is-started-again",
    "old-is-deleted",
    "old-falls-ill-in-part",
    "old-falls-ill",
    "old-heals",
    "both-fall-ill",
];

impl What {
    /// The name of the fault.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Call { fault, .. } => match fault {
                CallFault::CrashBefore => "crash-before",
                CallFault::CrashAfter => "crash-after",
                CallFault::LostAnswer => "lost-answer",
                CallFault::Throttled(_) => "throttled",
                CallFault::Error500 => "error-500",
                CallFault::Error503 => "error-503",
                CallFault::SlowCall(_) => "slow-call",
                CallFault::SlowAnswer(_) => "slow-answer",
                CallFault::Page => "unreadable-answer",
                CallFault::PageForHealth => "page-for-health",
                CallFault::NotFound => "not-found-once",
                CallFault::Endless => "endless-answer",
                CallFault::Jump(_) => "date-jumps",
            },
            Self::Outage { at, refuses, .. } => match (at, refuses) {
                (Place::Store, true) => "store-refuses",
                (Place::Store, false) => "store-outage",
                (Place::Bus, true) => "bus-refuses",
                (Place::Bus, false) => "bus-outage",
                (Place::Arm, true) => "arm-refuses",
                (Place::Arm, false) => "arm-outage",
                (Place::Kubernetes, true) => "kubernetes-refuses",
                (Place::Kubernetes, false) => "kubernetes-outage",
                (Place::Everything, true) => "everything-refuses",
                (Place::Everything, false) => "everything-outage",
                (Place::OldCluster, _) => "old-unreadable",
            },
            Self::OperationFails(doomed) => match doomed {
                Doomed::GatewayWrite => "gateway-write-fails",
                Doomed::ClusterDeletion => "cluster-deletion-fails",
                Doomed::ClusterCreation => "cluster-creation-fails",
            },
            Self::Stranger(edit) => edit.name(),
            Self::Redelivered { .. } => "redelivered-event",
            Self::LostEvent => "lost-event",
            Self::Exit(_) => "instance-exits",
            Self::LateSweep(_) => "late-sweep",
            Self::Order(Verb::RollBack) => "roll_back",
            Self::Order(_) => "pause",
            Self::GreenFallsIll(_) => "green-falls-ill",
            Self::Trouble(trouble) => trouble.name(),
        }
    }
}

/// A whole story before it is played.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub seed: u64,
    pub incidents: Vec<Incident>,
    pub old_cluster: OldCluster,
    pub failed_cluster: FailedCluster,
    pub shares: Vec<u8>,
    pub gate: Option<Gate>,
    pub write_gateway: u64,
    pub retry_after: Option<u32>,
    pub superseded_writes_land: bool,
    pub honours_if_match: bool,
    pub spells_groups_small: bool,
}

impl Schedule {
    /// The story of a seed, always the same.
    pub fn of(seed: u64) -> Self {
        let mut dice = Rng::with_seed(seed);
        let incidents = (0..dice.usize(3..=8)).map(|_| incident(&mut dice)).collect();
        let old = [OldCluster::Keep, OldCluster::ScaleDown, OldCluster::Stop, OldCluster::Delete];
        let shares: [&[u8]; 3] = [&[100], &[50, 100], &[33, 66, 100]];
        let gates = [Step::CreateCluster, Step::ShiftTraffic, Step::Soak, Step::RetireOldCluster];
        Self {
            seed,
            incidents: limited(incidents),
            old_cluster: old[dice.usize(0..4)],
            failed_cluster: if dice.u8(0..5) == 0 { FailedCluster::Keep } else { FailedCluster::Delete },
            shares: shares[dice.usize(0..3)].to_vec(),
            gate: (dice.u8(0..5) == 0).then(|| Gate { before: gates[dice.usize(0..4)], stage: 0 }),
            write_gateway: dice.u64(8..=100),
            retry_after: [None, Some(5), Some(10), Some(30)][dice.usize(0..4)],
            superseded_writes_land: dice.u8(0..4) == 0,
            honours_if_match: dice.u8(0..4) == 0,
            spells_groups_small: dice.u8(0..4) == 0,
        }
    }

    /// Makes the site of this story out of the example: short watches and a short soak.
    pub fn shape(&self, site: &mut Site) {
        site.stages = self.shares.iter().map(|&share| Stage { share, watch_minutes: 2 }).collect();
        site.soak_minutes = 8;
        site.old_cluster = self.old_cluster;
        site.failed_cluster = self.failed_cluster;
        site.gates = self.gate.iter().cloned().collect();
    }

    /// How long operations take in this story.
    pub fn time(&self, timings: &mut Timings) {
        timings.write_gateway = Duration::from_secs(self.write_gateway);
        timings.retry_after = self.retry_after;
    }
}

/// Two foreign writes, one illness of the new cluster, one trouble of the old: more would only tell that a person is
/// called.
fn limited(mut incidents: Vec<Incident>) -> Vec<Incident> {
    let (mut strangers, mut illnesses, mut troubles) = (0, 0, 0);
    incidents.retain(|incident| match incident.what {
        What::Stranger(_) => {
            strangers += 1;
            strangers <= 2
        }
        What::GreenFallsIll(_) => {
            illnesses += 1;
            illnesses <= 1
        }
        What::Trouble(_) => {
            troubles += 1;
            troubles <= 1
        }
        _ => true,
    });
    // A deletion can fail only in an upgrade that is turned back.
    if incidents.iter().any(|incident| matches!(incident.what, What::OperationFails(Doomed::ClusterDeletion))) {
        let (step, after) = (Step::ConfirmTraffic, Duration::from_secs(5));
        incidents.push(Incident { step, after, what: What::Order(Verb::RollBack) });
    }
    incidents
}

fn seconds(dice: &mut Rng, from: u64, to: u64) -> Duration {
    Duration::from_secs(dice.u64(from..=to))
}

fn incident(dice: &mut Rng) -> Incident {
    let step = Step::ALL[dice.usize(0..Step::ALL.len())];
    let longest = [2_000, 60_000, 400_000][dice.usize(0..3)];
    let after = Duration::from_millis(dice.u64(0..=longest));
    let what = match dice.u8(0..28) {
        0..=6 => What::Call { fault: call_fault(dice), skip: dice.u32(0..=12) },
        7 | 8 => {
            let places = [Place::Store, Place::Bus, Place::Arm, Place::Kubernetes, Place::Everything];
            let lasts = seconds(dice, 10, 1100);
            What::Outage { at: places[dice.usize(0..5)], refuses: dice.bool(), lasts }
        }
        9 | 10 => {
            let doomed = [Doomed::GatewayWrite, Doomed::GatewayWrite, Doomed::ClusterDeletion, Doomed::ClusterCreation];
            What::OperationFails(doomed[dice.usize(0..4)])
        }
        11 | 12 => What::Stranger(Edit::ALL[dice.usize(0..Edit::ALL.len())]),
        13 => What::Redelivered { back: dice.usize(0..=3) },
        14 => What::LostEvent,
        15 => What::Exit([1, 137, 200][dice.usize(0..3)]),
        16 => What::LateSweep(seconds(dice, 120, 1200)),
        17 => What::Order(Verb::Pause),
        18 => What::Order(Verb::RollBack),
        19 => What::GreenFallsIll(dice.bool().then(|| seconds(dice, 20, 600))),
        20 => What::Call { fault: CallFault::Page, skip: dice.u32(0..=12) },
        21 => What::Call { fault: CallFault::NotFound, skip: dice.u32(0..=12) },
        22 => What::Call { fault: CallFault::Endless, skip: dice.u32(0..=12) },
        23 => What::Call { fault: CallFault::Jump(dice.i64(1..=30)), skip: dice.u32(0..=12) },
        24 => What::Call { fault: CallFault::PageForHealth, skip: dice.u32(0..=3) },
        25 => What::Outage { at: Place::OldCluster, refuses: dice.bool(), lasts: seconds(dice, 60, 1800) },
        _ => What::Trouble(Trouble::of(dice)),
    };
    // An operation that is to fail is named before it begins; some other things matter only at certain steps.
    let (step, after) = match &what {
        What::OperationFails(Doomed::ClusterDeletion | Doomed::ClusterCreation) => (Step::CheckPlan, Duration::ZERO),
        What::Outage { at: Place::Kubernetes, .. } => {
            let steps = [Step::InstallControllers, Step::SyncWorkloads, Step::ValidateHealth];
            (steps[dice.usize(0..3)], after.min(Duration::from_secs(20)))
        }
        What::GreenFallsIll(_) => {
            let steps =
                [Step::SyncWorkloads, Step::ValidateHealth, Step::ShiftTraffic, Step::ConfirmTraffic, Step::Soak];
            (steps[dice.usize(0..5)], after)
        }
        // Before a plan was made there would be no run.
        What::Trouble(_) if step == Step::CheckPlan => (Step::CreateCluster, after),
        _ => (step, after),
    };
    Incident { step, after, what }
}

fn call_fault(dice: &mut Rng) -> CallFault {
    match dice.u8(0..10) {
        0 | 1 => CallFault::CrashBefore,
        2 | 3 => CallFault::CrashAfter,
        4 => CallFault::LostAnswer,
        5 => CallFault::Throttled(dice.u32(1..=120)),
        6 => CallFault::Error500,
        7 => CallFault::Error503,
        8 => CallFault::SlowCall(seconds(dice, 1, 150)),
        _ => CallFault::SlowAnswer(seconds(dice, 1, 150)),
    }
}

impl Display for Schedule {
    fn fmt(&self, to: &mut Formatter<'_>) -> Result {
        writeln!(
            to,
            "seed {}: old cluster {:?}, failed cluster {:?}, shares {:?}, gate {:?}",
            self.seed,
            self.old_cluster,
            self.failed_cluster,
            self.shares,
            self.gate.as_ref().map(|gate| gate.before)
        )?;
        writeln!(
            to,
            "  gateway writes take {} s, Retry-After {:?}, superseded writes land: {}, If-Match honoured: {}, /resourcegroups/: {}",
            self.write_gateway,
            self.retry_after,
            self.superseded_writes_land,
            self.honours_if_match,
            self.spells_groups_small
        )?;
        for Incident { step, after, what } in &self.incidents {
            writeln!(to, "  {step} + {:.1} s: {}: {what:?}", after.as_secs_f64(), what.name())?;
        }
        Ok(())
    }
}
