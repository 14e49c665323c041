//! CronJobs: a Job at each moment of the schedule, or one for the last that was missed, as their controller makes them.
//!
//! <https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/>
mod schedule;

use super::{
    events, generated,
    jobs::{JOBS, ended, is_complete},
    moments::second,
    objects::Objects,
    reports::report,
    sets::living,
    store::Name,
};
use jiff::Timestamp;
use schedule::{after, missed, parsed};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const CRON_JOBS: &str = "cronjobs.batch";
const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// When each that is not suspended makes its next Job.
#[derive(Debug, Default)]
pub(super) struct CronJobs(BTreeMap<Name, Next>);

/// The moment, and of what it was reckoned.
#[derive(Debug)]
struct Next {
    schedule: Value,
    zone: Value,
    at: Option<Timestamp>,
    /// A moment whose Job waits for the end of another.
    waits: Option<Timestamp>,
}

impl CronJobs {
    /// Makes what is due, and forgets Jobs that ended long ago.
    pub fn run(&mut self, objects: &mut Objects, now: Timestamp) {
        let all = living(&objects.store, CRON_JOBS);
        self.0.retain(|name, _| all.iter().any(|(known, _)| known == name));
        for (name, cron) in all {
            let jobs = jobs_of(objects, &cron);
            forget(objects, &cron, &jobs, now);
            let mut status = seen(&cron, &jobs);
            if cron["spec"]["suspend"] == true {
                self.0.remove(&name);
            } else if self.is_due(&name, &cron, now) {
                self.make(objects, (&name, &cron), &mut status, now);
            }
            if cron["status"].is_object() || status != json!({}) {
                report(objects, CRON_JOBS, &name, &cron, status, now);
            }
        }
    }

    /// When they are due.
    pub fn moments(&self) -> impl Iterator<Item = Timestamp> {
        self.0.values().filter_map(|next| next.at)
    }

    fn is_due(&self, name: &Name, cron: &Value, now: Timestamp) -> bool {
        let is_known = |next: &Next| next.schedule == cron["spec"]["schedule"] && next.zone == cron["spec"]["timeZone"];
        self.0.get(name).filter(|next| is_known(next)).is_none_or(|next| next.at.is_some_and(|at| at <= now))
    }

    fn make(&mut self, objects: &mut Objects, (name, cron): (&Name, &Value), status: &mut Value, now: Timestamp) {
        let spec = &cron["spec"];
        let schedule = parsed(spec);
        let at = schedule.as_ref().and_then(|schedule| after(schedule, now));
        let (one, zone) = (spec["schedule"].clone(), spec["timeZone"].clone());
        let before = self.0.insert(name.clone(), Next { schedule: one, zone, at, waits: None });
        let waits = before.and_then(|before| before.waits);
        let Some(due) = schedule.and_then(|schedule| missed(cron, &schedule, now)) else { return };
        if spec["startingDeadlineSeconds"].as_i64().is_some_and(|most| now.duration_since(due).as_secs() > most) {
            let words = format!("Missed scheduled time to start a job: {due}");
            return events::tell(objects, cron, ("Warning", "MissSchedule", &words), "cronjob-controller", now);
        }
        let mut active = status["active"].as_array().cloned().unwrap_or_default();
        match spec["concurrencyPolicy"].as_str() {
            // Looked at again as soon as that one has ended.
            Some("Forbid") if !active.is_empty() => {
                let Some(next) = self.0.get_mut(name) else { return };
                (next.at, next.waits) = (Some(due), Some(due));
                if waits != Some(due) {
                    let words = "Not starting job because prior execution is running and concurrency policy is Forbid";
                    events::tell(objects, cron, ("Normal", "JobAlreadyActive", words), "cronjob-controller", now);
                }
                return;
            }
            Some("Replace") => {
                for job in active.iter().filter_map(|job| job["name"].as_str()) {
                    let at = (name.0.clone(), job.to_owned());
                    if let Some(job) = objects.store.get(JOBS, &at.0, &at.1).cloned() {
                        objects.let_go(JOBS, &at, &job, now);
                    }
                }
                active.clear();
            }
            _ => {}
        }
        let job = made(objects, (name, cron), due, now);
        let words = format!("Created job {}", job["metadata"]["name"].as_str().unwrap_or_default());
        events::tell(objects, cron, ("Normal", "SuccessfulCreate", &words), "cronjob-controller", now);
        active.push(reference(&job));
        status["active"] = active.into();
        status["lastScheduleTime"] = json!(second(due));
    }
}

fn made(objects: &mut Objects, (name, cron): (&Name, &Value), due: Timestamp, now: Timestamp) -> Arc<Value> {
    let (template, own) = (&cron["spec"]["jobTemplate"], &cron["metadata"]);
    let mut job = json!({"apiVersion": "batch/v1", "kind": "Job", "spec": template["spec"], "metadata": {
        "name": format!("{}-{}", name.1, due.as_second() / 60), "annotations": template["metadata"]["annotations"],
        "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": own["name"], "uid": own["uid"],
            "controller": true, "blockOwnerDeletion": true}]}});
    job["metadata"]["annotations"][SCHEDULED] = json!(second(due));
    if template["metadata"]["labels"].is_object() {
        job["metadata"]["labels"] = template["metadata"]["labels"].clone();
    }
    ::kinds::defaults::fill_in("batch/v1", "Job", &mut job);
    let mut job = (*objects.make(JOBS, &name.0, job, now)).clone();
    generated::select(None, &mut job);
    let at = (name.0.clone(), job["metadata"]["name"].as_str().unwrap_or_default().to_owned());
    objects.store.put(JOBS, &at, job)
}

fn reference(job: &Value) -> Value {
    let of = |member: &str| job["metadata"][member].clone();
    json!({"apiVersion": "batch/v1", "kind": "Job", "name": of("name"), "namespace": of("namespace"),
        "resourceVersion": of("resourceVersion"), "uid": of("uid")})
}

/// Its Jobs, the oldest first.
fn jobs_of(objects: &Objects, cron: &Value) -> Vec<(Name, Arc<Value>)> {
    let uid = &cron["metadata"]["uid"];
    let is_its = |job: &Value| {
        let mut owners = job["metadata"]["ownerReferences"].as_array().into_iter().flatten();
        owners.any(|owner| owner["uid"] == *uid && owner["controller"] == true)
    };
    let mut jobs: Vec<_> = living(&objects.store, JOBS).into_iter().filter(|(_, job)| is_its(job)).collect();
    jobs.sort_by_key(|(_, job)| job["metadata"]["creationTimestamp"].as_str().map(str::to_owned));
    jobs
}

/// What it says of its Jobs now.
fn seen(cron: &Value, jobs: &[(Name, Arc<Value>)]) -> Value {
    let mut status = if cron["status"].is_object() { cron["status"].clone() } else { json!({}) };
    let is_active = |known: &Value| {
        let same = |job: &Value| job["metadata"]["uid"] == known["uid"] && ended(job).is_none();
        jobs.iter().any(|(_, job)| same(job))
    };
    let mut active = status["active"].as_array().cloned().unwrap_or_default();
    active.retain(is_active);
    let members = status.as_object_mut().expect("it was just made one");
    members.shift_remove("active");
    if !active.is_empty() {
        members.insert("active".into(), active.into());
    }
    let complete = jobs.iter().filter(|(_, job)| is_complete(job));
    if let Some(last) = complete.filter_map(|(_, job)| job["status"]["completionTime"].as_str()).max() {
        members.insert("lastSuccessfulTime".into(), last.into());
    }
    status
}

/// Removes Jobs that have ended, but for the last few.
fn forget(objects: &mut Objects, cron: &Value, jobs: &[(Name, Arc<Value>)], now: Timestamp) {
    let (succeeded, failed): (Vec<_>, Vec<_>) =
        jobs.iter().filter(|(_, job)| ended(job).is_some()).partition(|(_, job)| is_complete(job));
    for (all, limit, default) in [(succeeded, "successfulJobsHistoryLimit", 3), (failed, "failedJobsHistoryLimit", 1)] {
        let kept = cron["spec"][limit].as_u64().unwrap_or(default);
        let surplus = all.len().saturating_sub(usize::try_from(kept).unwrap_or(usize::MAX));
        for (name, job) in all.iter().take(surplus) {
            objects.let_go(JOBS, name, job, now);
        }
    }
}
