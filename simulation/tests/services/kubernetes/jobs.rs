//! Jobs: how they end, and what is left of them.
use super::*;

const JOBS: &str = "/apis/batch/v1/namespaces/default/jobs";
const EVENTS: &str = "/api/v1/namespaces/default/events?fieldSelector=involvedObject.kind=Job,involvedObject.name=once";

fn job(image: &str, more: &Value) -> Value {
    let mut spec =
        json!({"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": image}]}}});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once", "namespace": "default"}, "spec": spec})
}

/// A cluster that runs this Job since the beginning.
fn running(job: &Value) -> Fleet {
    let fleet = fleet(1);
    let mut server = fleet.server(HOST).unwrap();
    server.age_by(seconds(600), began());
    server.apply(job, began()).unwrap();
    drop(server);
    fleet
}

#[test]
fn a_job_that_has_ended_is_removed_after_its_time() {
    for (ttl, there, gone) in [(0, 29, 30), (60, 89, 90)] {
        let mut fleet = running(&job("once:1", &json!({"ttlSecondsAfterFinished": ttl})));
        assert_eq!(get(&mut fleet, JOBS, at(there))["items"].as_array().unwrap().len(), 1, "{ttl}");
        assert_eq!(get(&mut fleet, JOBS, at(gone))["items"], json!([]), "{ttl}");
        let events = get(&mut fleet, EVENTS, at(gone));
        assert_eq!(events["items"][0]["reason"], "Completed", "{ttl}");
    }
    let mut fleet = running(&job("once:1", &json!({})));
    assert_eq!(get(&mut fleet, JOBS, at(86_400))["items"].as_array().unwrap().len(), 1, "without a time it stays");
}

#[test]
fn a_job_whose_pods_fail_has_failed_in_the_end() {
    let mut fleet = running(&job("always-fails:1", &json!({"backoffLimit": 1})));
    let path = &format!("{JOBS}/once");
    assert_eq!(get(&mut fleet, path, at(45))["status"]["failed"], 1);
    assert!(has(&get(&mut fleet, path, at(100)), "Failed", "True", "BackoffLimitExceeded"));
    assert_eq!(get(&mut fleet, EVENTS, at(100))["items"][0]["reason"], "BackoffLimitExceeded");
    let mut fleet = running(&job("never-ready:1", &json!({"activeDeadlineSeconds": 50})));
    assert!(has(&get(&mut fleet, path, at(50)), "Failed", "True", "DeadlineExceeded"));
}

#[test]
fn a_suspended_job_makes_no_pod() {
    let mut fleet = running(&job("once:1", &json!({"suspend": true})));
    assert!(has(&get(&mut fleet, &format!("{JOBS}/once"), at(100)), "Suspended", "True", "JobSuspended"));
    let pods = get(&mut fleet, "/api/v1/namespaces/default/pods", at(100));
    assert_eq!(pods["items"], json!([]));
}
