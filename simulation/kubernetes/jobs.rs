//! Jobs: their pods, how they end, and that they are removed some time after.
use super::{
    conditions::set_condition,
    events,
    moments::second,
    objects::Objects,
    pods::{is_ready, make_pod, pods_of},
    reports::report,
    sets::{leaving, living},
    store::{Name, Store},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub(super) const JOBS: &str = "jobs.batch";

/// How a Job ended: its condition, the reason, the words.
type End = (&'static str, &'static str, &'static str);

/// Lets the Job controller act, and the one that removes what has ended.
pub(super) fn run(objects: &mut Objects, now: Timestamp) {
    for (name, job) in living(&objects.store, JOBS) {
        match ended_at(&job) {
            None => go_on(objects, &name, &job, now),
            Some(_) if removed_at(&job).is_some_and(|at| at <= now) => objects.let_go(JOBS, &name, &job, now),
            Some(_) => {}
        }
    }
}

/// When a Job that has ended will be removed, and when a running one is over its time.
pub(super) fn moments(store: &Store) -> impl Iterator<Item = Timestamp> {
    store.all(JOBS).filter_map(|(_, job)| if ended_at(job).is_some() { removed_at(job) } else { too_long_at(job) })
}

fn go_on(objects: &mut Objects, name: &Name, job: &Value, now: Timestamp) {
    if job["spec"]["suspend"] == true {
        let mut status = json!({"active": 0, "succeeded": 0});
        set_condition(&mut status, "Suspended", "True", "JobSuspended", "Job suspended", now);
        if job["status"]["conditions"].is_null() {
            report(objects, JOBS, name, job, status, now);
        }
        return;
    }
    let count = |pods: &[(Name, _)], phase: &str| {
        pods.iter().filter(|(_, pod): &&(Name, std::sync::Arc<Value>)| pod["status"]["phase"] == phase).count()
    };
    let mut pods = pods_of(&objects.store, job);
    pods.retain(|(_, pod)| !leaving(pod));
    let desired = usize::try_from(job["spec"]["completions"].as_u64().unwrap_or(1)).unwrap_or(1).min(1000);
    let (succeeded, failed) = (count(&pods, "Succeeded"), count(&pods, "Failed"));
    let end: Option<End> = if succeeded >= desired {
        Some(("Complete", "CompletionsReached", "Reached expected number of succeeded pods"))
    } else if failed as u64 > job["spec"]["backoffLimit"].as_u64().unwrap_or(6) {
        Some(("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"))
    } else if too_long_at(job).is_some_and(|at| at <= now) {
        Some(("Failed", "DeadlineExceeded", "Job was active longer than specified deadline"))
    } else {
        None
    };
    if end.is_none() {
        for _ in pods.len() - failed..desired {
            let labels = json!({"job-name": name.1, "batch.kubernetes.io/job-name": name.1});
            make_pod(objects, job, None, &labels, None, now);
        }
    }
    let mut pods = pods_of(&objects.store, job);
    pods.retain(|(_, pod)| !leaving(pod));
    let started = job["status"]["startTime"].as_str().map_or_else(|| second(now), ToOwned::to_owned);
    let active =
        pods.iter().filter(|(_, pod)| pod["status"]["phase"] != "Failed" && pod["status"]["phase"] != "Succeeded");
    let ready = active.filter(|(_, pod)| is_ready(pod)).count();
    let mut status = json!({"startTime": started, "active": pods.len() - succeeded - failed, "ready": ready,
        "terminating": 0, "uncountedTerminatedPods": {}});
    // Like the real server, zero is left out.
    for (member, count) in [("succeeded", succeeded), ("failed", failed)] {
        if count > 0 {
            status[member] = json!(count);
        }
    }
    if let Some((condition, reason, words)) = end {
        if condition == "Complete" {
            status["completionTime"] = json!(second(now));
        }
        status["active"] = json!(0);
        set_condition(&mut status, condition, "True", reason, words, now);
        tell(objects, job, (condition, reason, words), now);
    }
    report(objects, JOBS, name, job, status, now);
}

/// The event by which a Job's end is known when the Job is gone.
fn tell(objects: &mut Objects, job: &Value, (condition, reason, words): End, now: Timestamp) {
    let (kind, reason, words) =
        if condition == "Complete" { ("Normal", "Completed", "Job completed") } else { ("Warning", reason, words) };
    events::tell(objects, job, (kind, reason, words), "job-controller", now);
}

fn ended_at(job: &Value) -> Option<Timestamp> {
    moment(&ended(job)?["lastTransitionTime"])
}

/// The condition with which a Job has ended.
pub(super) fn ended(job: &Value) -> Option<&Value> {
    let mut conditions = job["status"]["conditions"].as_array().into_iter().flatten();
    conditions.find(|one| one["status"] == "True" && (one["type"] == "Complete" || one["type"] == "Failed"))
}

/// Whether a Job has done what it was made for.
pub(super) fn is_complete(job: &Value) -> bool {
    ended(job).is_some_and(|ended| ended["type"] == "Complete")
}

fn removed_at(job: &Value) -> Option<Timestamp> {
    later(ended_at(job)?, &job["spec"]["ttlSecondsAfterFinished"])
}

fn too_long_at(job: &Value) -> Option<Timestamp> {
    later(moment(&job["status"]["startTime"])?, &job["spec"]["activeDeadlineSeconds"])
}

fn moment(text: &Value) -> Option<Timestamp> {
    text.as_str()?.parse().ok()
}

fn later(moment: Timestamp, seconds: &Value) -> Option<Timestamp> {
    moment.saturating_add(SignedDuration::from_secs(seconds.as_i64()?)).ok()
}
