//! How a pod behaves in time, by its images: when it runs, is ready, ends. Pure.
use super::rights::Question;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

const RUNNING_AFTER: i64 = 10;
const READY_AFTER: i64 = 20;
const SLOWLY_READY_AFTER: i64 = 300;
const FLAPS_EVERY: i64 = 45;
const JOB_TAKES: i64 = 30;
/// A pod that was told to end is gone so many seconds after.
pub(crate) const ENDS_AFTER: i64 = 10;

/// How a pod behaves, by the names of its images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behaviour {
    Normal,
    Slow,
    NeverReady,
    Flapping,
    Failing,
}

/// What is not in a pod's object: its place in time.
#[derive(Clone, Debug)]
pub(super) struct PodState {
    /// A pod that was made again under the same name is another pod.
    pub uid: String,
    behaviour: Behaviour,
    /// It ends by itself, as a Job's pods do.
    finishes: bool,
    pub node: Option<String>,
    pub scheduled: Option<Timestamp>,
    /// From where its node must pull.
    pub registries: Vec<String>,
    /// Since when its node has that.
    pub started: Option<Timestamp>,
    pub ends: Option<Timestamp>,
    pub address: String,
    /// What it asks Resource Manager of its rights.
    pub asks: Option<Question>,
    /// What it says when it has failed: the rights that are missing.
    pub says: String,
    /// What the object showed last.
    pub shown: Option<Stage>,
}

/// What of a pod's state its object shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stage {
    scheduled: bool,
    /// It has no image.
    pub pulls: bool,
    pub running: bool,
    pub ready: bool,
    pub finished: bool,
    pub failed: bool,
}

impl PodState {
    /// A pod that was just made; `number` is its own.
    pub fn new(object: &Value, number: u64) -> Self {
        let containers = object["spec"]["containers"].as_array().into_iter().flatten();
        let images: Vec<&str> = containers.filter_map(|container| container["image"].as_str()).collect();
        let behaviour = match images.join(" ") {
            images if images.contains("never-ready") => Behaviour::NeverReady,
            images if images.contains("always-fails") => Behaviour::Failing,
            images if images.contains("flapping") => Behaviour::Flapping,
            images if images.contains("slow") => Behaviour::Slow,
            _ => Behaviour::Normal,
        };
        let registry = |image: &&str| image.split('/').next().unwrap_or_default().to_owned();
        let registries = images.iter().map(registry).collect();
        Self {
            uid: object["metadata"]["uid"].as_str().unwrap_or_default().to_owned(),
            behaviour,
            finishes: matches!(object["spec"]["restartPolicy"].as_str(), Some("Never" | "OnFailure")),
            node: None,
            scheduled: None,
            registries,
            started: None,
            ends: None,
            address: format!("10.244.{}.{}", number % 256, number / 256 % 254 + 1),
            asks: Question::of(object),
            says: String::new(),
            shown: None,
        }
    }

    /// Notes that it was told to end. What was never scheduled has nothing to end.
    pub fn told_to_end(&mut self, now: Timestamp) {
        self.ends.get_or_insert(if self.scheduled.is_some() { later(now, ENDS_AFTER) } else { now });
    }

    /// Notes that its node has its images.
    pub fn has_its_images(&mut self, now: Timestamp) {
        self.started = self.started.or(self.scheduled.map(|scheduled| scheduled.max(now)));
    }

    pub fn moments_mut(&mut self) -> impl Iterator<Item = &mut Timestamp> {
        self.scheduled.iter_mut().chain(self.started.iter_mut()).chain(self.ends.iter_mut())
    }

    fn first_ready(&self) -> Option<Timestamp> {
        let wait = match self.behaviour {
            Behaviour::Normal | Behaviour::Flapping => READY_AFTER,
            Behaviour::Slow => SLOWLY_READY_AFTER,
            Behaviour::NeverReady | Behaviour::Failing => return None,
        };
        Some(later(self.started?, wait))
    }

    fn finished_at(&self) -> Option<Timestamp> {
        let fails = self.behaviour == Behaviour::NeverReady;
        self.started.filter(|_| self.finishes && !fails).map(|started| later(started, JOB_TAKES))
    }

    fn finished(&self, now: Timestamp) -> bool {
        self.finished_at().is_some_and(|at| at <= now)
    }

    fn ready(&self, now: Timestamp) -> bool {
        let Some(first) = self.first_ready().filter(|first| *first <= now) else { return false };
        let turns = now.duration_since(first).as_secs() / FLAPS_EVERY;
        self.ends.is_none() && !self.finished(now) && (self.behaviour != Behaviour::Flapping || turns % 2 == 0)
    }

    /// What it shows now; `broken`: the script breaks all workloads.
    pub fn stage(&self, broken: bool, now: Timestamp) -> Stage {
        let (ready, finished) = (self.ready(now) && !broken, self.finished(now));
        let started = self.started.is_some_and(|started| later(started, RUNNING_AFTER) <= now);
        let failed = finished && (self.behaviour == Behaviour::Failing || !self.says.is_empty());
        let pulls = self.started.is_none();
        Stage {
            scheduled: self.scheduled.is_some(),
            pulls,
            running: started || ready || finished,
            ready,
            finished,
            failed,
        }
    }

    /// The next moment after `now` at which this pod changes by itself.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        if let Some(ends) = self.ends {
            return Some(ends);
        }
        let first = self.first_ready();
        let next = match first {
            Some(first) if first <= now && self.behaviour == Behaviour::Flapping => {
                let turns = now.duration_since(first).as_secs() / FLAPS_EVERY;
                Some(later(first, (turns + 1) * FLAPS_EVERY))
            }
            _ => first,
        };
        let running = self.started.map(|started| later(started, RUNNING_AFTER));
        [next, running, self.finished_at()].into_iter().flatten().filter(|moment| *moment > now).min()
    }
}

fn later(moment: Timestamp, seconds: i64) -> Timestamp {
    moment.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}
