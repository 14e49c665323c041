//! Up to when the Jobs of a CronJob are made, in whichever cluster: what is started again makes the last that it missed, and
//! the other cluster's may have made that.
//!
//! <https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-suspension>
use super::SingletonKind;
use super::remains::is_of;
use crate::resources::answers::text;
use jiff::Timestamp;
use serde_json::{Value, json};

const SCHEDULED: &str = "/metadata/annotations/batch.kubernetes.io~1cronjob-scheduled-timestamp";

/// The last moment of its schedule for which a CronJob has made a Job. Its status may lag behind the Jobs themselves: a
/// controller that meets our stop in between does not write it any more.
#[must_use]
pub fn made_until(kind: SingletonKind, cron: &Value, jobs: &[Value]) -> Option<Timestamp> {
    let said = |object: &Value, at: &str| text(object, at).parse::<Timestamp>().ok();
    let of_jobs = jobs.iter().filter(|job| is_of(job, cron)).filter_map(|job| said(job, SCHEDULED));
    of_jobs.chain(said(cron, "/status/lastScheduleTime")).max().filter(|_| kind == SingletonKind::CronJob)
}

/// The merge patch of the status by which its controller knows it. `None`: it knows.
#[must_use]
pub fn knows_until(until: Timestamp, live: &Value) -> Option<Value> {
    let known = text(live, "/status/lastScheduleTime").parse::<Timestamp>().ok();
    (known < Some(until)).then(|| {
        json!({"metadata": {"resourceVersion": live["metadata"]["resourceVersion"]},
            "status": {"lastScheduleTime": until}})
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_of_what_it_says_and_what_it_has_made_counts() {
        let cron = json!({"metadata": {"uid": "u"}, "status": {"lastScheduleTime": "2026-11-25T08:00:00Z"}});
        let job = |uid: &str, at: &str| {
            json!({"metadata": {"ownerReferences": [{"uid": uid}],
                "annotations": {"batch.kubernetes.io/cronjob-scheduled-timestamp": at}}})
        };
        // In its own time zone; and one of another.
        let jobs = [job("u", "2026-11-25T10:01:00+02:00"), job("other", "2026-11-25T09:00:00Z")];
        let until = made_until(SingletonKind::CronJob, &cron, &jobs).unwrap();
        assert_eq!(until.to_string(), "2026-11-25T08:01:00Z");
        assert_eq!(made_until(SingletonKind::CronJob, &json!({"metadata": {"uid": "u"}}), &jobs[1..]), None);
        assert_eq!(made_until(SingletonKind::CronWorkflow, &cron, &jobs), None);
        let live = json!({"metadata": {"resourceVersion": "7"}});
        let patch = knows_until(until, &live).unwrap();
        assert_eq!(patch["metadata"]["resourceVersion"], "7");
        assert_eq!(patch["status"]["lastScheduleTime"], "2026-11-25T08:01:00Z");
        assert_eq!(knows_until(until, &patch), None);
    }
}
