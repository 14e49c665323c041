//! What goes wrong in a story, from a seed: the site and the world that it plays in, and its incidents.
use super::glass::Side;
use super::strangers::Edit;
use super::trouble::Trouble;
use super::what::{CallFault, Doomed, Place, What};
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

/// Two foreign writes, one illness of the new cluster, one trouble of the old, one time without room for a tag: more would only tell that a person is
/// called.
fn limited(mut incidents: Vec<Incident>) -> Vec<Incident> {
    let (mut strangers, mut illnesses, mut troubles, mut full) = (0, 0, 0, 0);
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
        What::FullTags(_) => {
            full += 1;
            full <= 1
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
    let what = match dice.u8(0..30) {
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
        26 => What::GlassBroken(if dice.bool() { Side::Old } else { Side::New }),
        27 => What::FullTags(seconds(dice, 60, 1800)),
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
        What::Trouble(_) | What::GlassBroken(_) | What::FullTags(_) if step == Step::CheckPlan => {
            (Step::CreateCluster, after)
        }
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
