//! CronJobs: when they make Jobs, which they do not, and what they say of them.
use super::*;

const CRON_JOBS: &str = "/apis/batch/v1/namespaces/default/cronjobs";
const JOBS: &str = "/apis/batch/v1/namespaces/default/jobs";

fn cron(schedule: &str, more: &Value) -> Value {
    let pod = json!({"restartPolicy": "Never", "containers": [{"name": "c", "image": "once:1"}]});
    let mut spec = json!({"schedule": schedule, "jobTemplate": {"metadata": {"labels": {"app": "nightly"}},
        "spec": {"template": {"spec": pod}}}});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly", "namespace": "default"}, "spec": spec})
}

/// It is there since the beginning, which is midnight.
fn running(schedule: &str, more: &Value) -> Fleet {
    let fleet = fleet(1);
    let mut server = fleet.server(HOST).unwrap();
    server.age_by(seconds(600), began());
    server.apply(&cron(schedule, more), began()).unwrap();
    drop(server);
    fleet
}

/// For which moments there are Jobs, in minutes since the beginning.
fn jobs(fleet: &mut Fleet, now: i64) -> Vec<i64> {
    let all = get(fleet, JOBS, at(now));
    let scheduled = |job: &Value| {
        let text = &job["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"];
        (text.as_str().unwrap().parse::<Timestamp>().unwrap() - began()).as_mins()
    };
    let mut all: Vec<_> = all["items"].as_array().unwrap().iter().map(scheduled).collect();
    all.sort_unstable();
    all
}

fn patch(fleet: &mut Fleet, place: &str, body: &Value, now: i64) -> Value {
    let path = format!("{CRON_JOBS}/nightly{place}");
    let (status, said) = call(fleet, "PATCH", &path, "application/merge-patch+json", &body.to_string(), at(now));
    assert_eq!(status, 200, "{said}");
    said
}

#[test]
fn a_job_is_made_at_each_moment_of_the_schedule_and_the_last_three_are_kept() {
    let mut fleet = running("*/5 * * * *", &json!({}));
    assert_eq!(jobs(&mut fleet, 299), [0; 0]);
    assert_eq!(jobs(&mut fleet, 300), [5]);
    let made = get(&mut fleet, JOBS, at(301))["items"][0].clone();
    let owner = get(&mut fleet, &format!("{CRON_JOBS}/nightly"), at(301));
    assert_eq!(made["metadata"]["ownerReferences"][0]["uid"], owner["metadata"]["uid"]);
    assert_eq!(made["metadata"]["labels"], json!({"app": "nightly"}));
    assert_eq!(owner["status"]["active"][0]["name"], made["metadata"]["name"]);
    let pods = get(&mut fleet, "/api/v1/namespaces/default/pods", at(301));
    assert_eq!(pods["items"][0]["metadata"]["labels"]["job-name"], made["metadata"]["name"]);
    assert_eq!(jobs(&mut fleet, 1790), [15, 20, 25]);
    let owner = get(&mut fleet, &format!("{CRON_JOBS}/nightly"), at(1790));
    assert_eq!(owner["status"].get("active"), None, "{owner}");
    assert!(owner["status"]["lastSuccessfulTime"].is_string());
}

#[test]
fn one_that_is_suspended_makes_none_and_then_the_last_that_it_missed() {
    let mut fleet = running("*/5 * * * *", &json!({"suspend": true}));
    assert_eq!(jobs(&mut fleet, 1000), [0; 0]);
    patch(&mut fleet, "", &json!({"spec": {"suspend": false}}), 1000);
    assert_eq!(jobs(&mut fleet, 1001), [15], "also where another cluster has made it");

    let mut fleet = running("*/5 * * * *", &json!({"suspend": true}));
    let last = at(900).to_string();
    let said = patch(&mut fleet, "/status", &json!({"status": {"lastScheduleTime": last}}), 1000);
    assert_eq!(said["status"]["lastScheduleTime"], last.as_str());
    patch(&mut fleet, "", &json!({"spec": {"suspend": false}}), 1000);
    assert_eq!(jobs(&mut fleet, 1100), [0; 0], "that one was made");
    assert_eq!(jobs(&mut fleet, 1200), [20]);

    let mut fleet = running("*/5 * * * *", &json!({"suspend": true, "startingDeadlineSeconds": 30}));
    patch(&mut fleet, "", &json!({"spec": {"suspend": false}}), 1000);
    assert_eq!(jobs(&mut fleet, 1001), [0; 0], "too late");
    assert_eq!(jobs(&mut fleet, 1200), [20]);
}

#[test]
fn time_zones_and_words_are_known_and_what_is_no_schedule_makes_nothing() {
    let mut fleet = running("@hourly", &json!({}));
    assert_eq!(jobs(&mut fleet, 3600), [60]);
    // In winter Berlin is an hour ahead.
    for (zone, minutes) in [("Europe/Berlin", 60), ("UTC", 120)] {
        let mut fleet = running("0 2 * * *", &json!({"timeZone": zone}));
        assert_eq!(jobs(&mut fleet, 2 * 3600 + 10), [minutes], "{zone}");
    }
    let mut fleet = running("@every 1h", &json!({}));
    assert_eq!(jobs(&mut fleet, 9000), [0; 0]);
}

#[test]
fn two_do_not_run_at_once_where_that_is_forbidden() {
    let long = json!({"concurrencyPolicy": "Forbid", "jobTemplate": {"spec": {"template": {"spec": {
        "restartPolicy": "Never", "containers": [{"name": "c", "image": "never-ready:1"}]}}}}});
    let mut fleet = running("* * * * *", &long);
    assert_eq!(jobs(&mut fleet, 400), [1]);
    // What waits for one that ends is made then.
    let slow = json!({"concurrencyPolicy": "Forbid", "jobTemplate": {"spec": {"activeDeadlineSeconds": 90, "template": {"spec": {
        "restartPolicy": "Never", "containers": [{"name": "c", "image": "never-ready:1"}]}}}}});
    let mut fleet = running("* * * * *", &slow);
    assert_eq!(jobs(&mut fleet, 149), [1]);
    assert_eq!(jobs(&mut fleet, 155), [1, 2]);
    let mut other = long;
    other["concurrencyPolicy"] = "Replace".into();
    let mut fleet = running("* * * * *", &other);
    assert_eq!(jobs(&mut fleet, 290), [4]);
}
