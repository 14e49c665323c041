//! What is counted and measured of upgrades. Each attribute has few values, but for the name of a site, which one metric
//! alone carries.
use crate::process::telemetry::signals::Signals;
use crate::run::Run;
use crate::run::decision::{Decision, Reason};
use crate::step::Step;
use jiff::Timestamp;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge, Histogram};

/// Steps last from seconds to days.
const STEPS: [f64; 14] =
    [10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 14_400.0, 43_200.0, 86_400.0, 259_200.0];
/// A way back is written within a minute, or something is wrong.
const WAYS_BACK: [f64; 12] = [1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 120.0, 300.0, 600.0];

/// The instruments. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Measures {
    hops: Counter<u64>,
    waits: Counter<u64>,
    steps: Histogram<f64>,
    ways_back: Histogram<f64>,
    share: Gauge<f64>,
}

impl Measures {
    /// Those of a process that tells of itself there.
    #[must_use]
    pub fn new(signals: &Signals) -> Self {
        let meter = signals.meter();
        Self {
            hops: meter
                .u64_counter("bluegreen.hops")
                .with_unit("{hop}")
                .with_description("Changes of runs that were saved, by the step before and what they came to.")
                .build(),
            waits: meter
                .u64_counter("bluegreen.waits")
                .with_unit("{look}")
                .with_description("Looks after which a run waits, by step and reason.")
                .build(),
            steps: meter
                .f64_histogram("bluegreen.step.duration")
                .with_unit("s")
                .with_description(
                    "How long a run was at a step, or at one stage of it, without the time that it was held.",
                )
                .with_boundaries(STEPS.to_vec())
                .build(),
            ways_back: meter
                .f64_histogram("bluegreen.restore.delay")
                .with_unit("s")
                .with_description(
                    "From turning to the way back until Azure has accepted its first write of the gateway.",
                )
                .with_boundaries(WAYS_BACK.to_vec())
                .build(),
            share: meter
                .f64_gauge("bluegreen.traffic.share")
                .with_unit("1")
                .with_description("The new cluster's share of the traffic in force, as it was proved last: 0 to 1.")
                .build(),
        }
    }

    /// A change of a run was saved.
    pub fn saved(&self, before: &Run, after: &Run, decision: Decision, now: Timestamp) {
        let step = KeyValue::new("bluegreen.step", before.step.name());
        let outcome = KeyValue::new("bluegreen.outcome", decision.name());
        self.hops.add(1, &[step.clone(), outcome.clone()]);
        if decision.leaves(before, after) {
            self.steps.record(now.duration_since(before.step_began).as_secs_f64().max(0.0), &[step, outcome]);
        }
        if after.wrote_first_on_the_way_back(before) {
            self.ways_back.record(now.duration_since(after.step_began).as_secs_f64().max(0.0), &[]);
        }
    }

    /// A look came to nothing new.
    pub fn waited(&self, step: Step, reason: Reason) {
        let attributes =
            [KeyValue::new("bluegreen.step", step.name()), KeyValue::new("bluegreen.wait.reason", reason.name())];
        self.waits.add(1, &attributes);
    }

    /// A run was seen. By the check alone, of which there is one: a gauge of another process would stay as it was.
    pub fn seen(&self, run: &Run) {
        let site = KeyValue::new("bluegreen.site", run.plan.site.name.clone());
        self.share.record(f64::from(run.share_in_force()) / 100.0, &[site]);
    }
}
