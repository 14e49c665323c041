//! What nodes, pods and workloads do in time.
use super::*;

const PODS: &str = "/api/v1/namespaces/default/pods";

fn apply(fleet: &Fleet, object: &Value, now: Timestamp) {
    fleet.server(HOST).unwrap().apply(object, now).unwrap();
}

/// A fleet with two ready nodes at the beginning.
fn ready_fleet() -> Fleet {
    let fleet = fleet(2);
    fleet.server(HOST).unwrap().age_by(seconds(600), began());
    fleet
}

fn web(fleet: &mut Fleet, now: Timestamp) -> Value {
    get(fleet, &format!("{DEPLOYMENTS}/web"), now)
}

fn ready(object: &Value) -> u64 {
    object["status"]["readyReplicas"].as_u64().unwrap_or(0)
}

#[test]
fn nodes_become_ready_one_after_another() {
    let mut fleet = fleet(3);
    let mut count = |now| {
        let nodes = get(&mut fleet, "/api/v1/nodes", now);
        nodes["items"].as_array().unwrap().iter().filter(|node| has(node, "Ready", "True", "KubeletReady")).count()
    };
    assert_eq!([count(at(59)), count(at(60)), count(at(65)), count(at(70))], [0, 1, 2, 3]);
}

#[test]
fn pods_wait_for_a_node_and_are_ready_twenty_seconds_later() {
    let mut fleet = fleet(1);
    apply(&fleet, &deployment("web", "web:1", 2), began());
    let pods = get(&mut fleet, PODS, at(30));
    assert!(
        pods["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|pod| pod["status"]["phase"] == "Pending" && has(pod, "PodScheduled", "False", "Unschedulable"))
    );
    assert_eq!(ready(&web(&mut fleet, at(79))), 0);
    let object = web(&mut fleet, at(80));
    assert_eq!(
        (ready(&object), &object["status"]["availableReplicas"], &object["status"]["observedGeneration"]),
        (2, &json!(2), &json!(1))
    );
    assert!(
        has(&object, "Available", "True", "MinimumReplicasAvailable")
            && has(&object, "Progressing", "True", "NewReplicaSetAvailable")
    );
    let pod = get(&mut fleet, PODS, at(80))["items"][0].clone();
    assert_eq!(
        (&pod["status"]["phase"], &pod["metadata"]["ownerReferences"][0]["kind"]),
        (&json!("Running"), &json!("ReplicaSet"))
    );
    assert!(
        pod["status"]["podIP"].is_string()
            && pod["spec"]["nodeName"].is_string()
            && pod["metadata"]["labels"]["app"] == "web"
    );
}

#[test]
fn looking_late_shows_what_had_happened_in_time() {
    let mut fleet = fleet(1);
    apply(&fleet, &deployment("web", "web:1", 1), began());
    let object = web(&mut fleet, at(5000));
    let conditions = object["status"]["conditions"].as_array().unwrap();
    let available = conditions.iter().find(|one| one["type"] == "Available").unwrap();
    assert_eq!(available["lastTransitionTime"], "2026-11-25T00:01:20Z");
}

#[test]
fn an_image_that_is_never_ready_exceeds_its_deadline() {
    let mut fleet = ready_fleet();
    apply(&fleet, &deployment("web", "never-ready:1", 1), began());
    assert!(has(&web(&mut fleet, at(599)), "Progressing", "True", "ReplicaSetUpdated"));
    let object = web(&mut fleet, at(600));
    assert!(has(&object, "Progressing", "False", "ProgressDeadlineExceeded"));
    assert!(has(&object, "Available", "False", "MinimumReplicasUnavailable"));
}

#[test]
fn a_slow_image_takes_five_minutes_and_a_flapping_one_turns_every_45_seconds() {
    let mut fleet = ready_fleet();
    apply(&fleet, &deployment("web", "slow:1", 1), began());
    apply(&fleet, &deployment("flap", "flapping:1", 1), began());
    assert_eq!([ready(&web(&mut fleet, at(299))), ready(&web(&mut fleet, at(300)))], [0, 1]);
    let mut fleet = ready_fleet();
    apply(&fleet, &deployment("web", "flapping:1", 1), began());
    let seen: Vec<u64> = [19, 20, 64, 65, 109, 110, 155].map(|moment| ready(&web(&mut fleet, at(moment)))).into();
    assert_eq!(seen, [0, 1, 1, 0, 0, 1, 0]);
}

#[test]
fn a_changed_template_rolls_and_the_old_pods_serve_meanwhile() {
    let mut fleet = ready_fleet();
    apply(&fleet, &deployment("web", "web:1", 4), began());
    apply(&fleet, &deployment("web", "web:2", 4), at(100));
    let mut least = 4;
    for moment in 100..200 {
        let object = web(&mut fleet, at(moment));
        least = least.min(ready(&object));
        assert!(object["status"]["replicas"].as_u64().unwrap() <= 5);
    }
    assert_eq!(least, 3, "maxUnavailable is a quarter");
    let object = web(&mut fleet, at(200));
    assert_eq!(
        (&object["status"]["updatedReplicas"], &object["status"]["replicas"], ready(&object)),
        (&json!(4), &json!(4), 4)
    );
    assert_eq!(object["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "2");
    apply(&fleet, &deployment("web", "never-ready:3", 4), at(200));
    let object = web(&mut fleet, at(5000));
    assert_eq!(ready(&object), 3);
    assert!(
        has(&object, "Progressing", "False", "ProgressDeadlineExceeded")
            && has(&object, "Available", "True", "MinimumReplicasAvailable")
    );
}

#[test]
fn pods_of_a_deployment_scaled_to_zero_end_ten_seconds_later() {
    let mut fleet = ready_fleet();
    apply(&fleet, &deployment("web", "web:1", 1), began());
    apply(&fleet, &deployment("web", "web:1", 0), at(100));
    let object = web(&mut fleet, at(100));
    assert!(object["status"]["replicas"].is_null());
    let pods = get(&mut fleet, PODS, at(109));
    assert!(pods["items"][0]["metadata"]["deletionTimestamp"].is_string());
    assert_eq!(get(&mut fleet, PODS, at(110))["items"], json!([]));
}

#[test]
fn a_deleted_pod_is_made_again() {
    let mut fleet = ready_fleet();
    apply(&fleet, &deployment("web", "web:1", 1), began());
    let name = get(&mut fleet, PODS, at(50))["items"][0]["metadata"]["name"].as_str().unwrap().to_owned();
    assert_eq!(call(&mut fleet, "DELETE", &format!("{PODS}/{name}"), "application/json", "", at(50)).0, 200);
    assert_eq!(
        [ready(&web(&mut fleet, at(50))), ready(&web(&mut fleet, at(69))), ready(&web(&mut fleet, at(70)))],
        [0, 0, 1]
    );
}

#[test]
fn stateful_sets_start_and_roll_in_order() {
    let mut fleet = ready_fleet();
    let path = "/apis/apps/v1/namespaces/default/statefulsets/db";
    let mut object = deployment("db", "db:1", 2);
    object["kind"] = json!("StatefulSet");
    apply(&fleet, &object, began());
    let names = |fleet: &mut Fleet, now| -> Vec<String> {
        get(fleet, PODS, now)["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pod| pod["metadata"]["name"].as_str().unwrap().into())
            .collect()
    };
    assert_eq!(names(&mut fleet, at(19)), ["db-0"]);
    assert_eq!(names(&mut fleet, at(20)), ["db-0", "db-1"]);
    assert_eq!(get(&mut fleet, path, at(40))["status"]["readyReplicas"], 2);
    object["spec"]["template"]["spec"]["containers"][0]["image"] = json!("db:2");
    apply(&fleet, &object, at(100));
    assert_eq!(get(&mut fleet, path, at(101))["status"]["readyReplicas"], 1);
    let status = get(&mut fleet, path, at(200))["status"].clone();
    assert_eq!((&status["readyReplicas"], &status["updatedReplicas"]), (&json!(2), &json!(2)));
    assert_eq!(status["currentRevision"], status["updateRevision"]);
}

#[test]
fn daemon_sets_run_on_every_node_and_follow_a_resize() {
    let mut fleet = ready_fleet();
    let path = "/apis/apps/v1/namespaces/default/daemonsets/agent";
    let mut object = deployment("agent", "agent:1", 1);
    object["kind"] = json!("DaemonSet");
    object["spec"].as_object_mut().unwrap().remove("replicas");
    apply(&fleet, &object, began());
    let status = get(&mut fleet, path, at(20))["status"].clone();
    assert_eq!((&status["desiredNumberScheduled"], &status["numberReady"]), (&json!(2), &json!(2)));
    fleet.resize(HOST, 3, at(100));
    // A machine that is not ready yet is marked, and a plain pod does not bear that.
    let status = get(&mut fleet, path, at(100))["status"].clone();
    assert_eq!((&status["desiredNumberScheduled"], &status["numberReady"]), (&json!(2), &json!(2)));
    let status = get(&mut fleet, path, at(190))["status"].clone();
    assert_eq!((&status["desiredNumberScheduled"], &status["numberReady"]), (&json!(3), &json!(3)));
    object["spec"]["template"]["spec"]["containers"][0]["image"] = json!("agent:2");
    apply(&fleet, &object, at(200));
    assert_eq!(get(&mut fleet, path, at(400))["status"]["updatedNumberScheduled"], 3);
}

#[test]
fn a_job_completes_after_thirty_seconds() {
    let mut fleet = ready_fleet();
    let path = "/apis/batch/v1/namespaces/default/jobs/once";
    let pod = json!({"restartPolicy": "Never", "containers": [{"name": "x", "image": "x:1"}]});
    apply(
        &fleet,
        &json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}, "spec": {"template": {"spec": pod}}}),
        began(),
    );
    assert_eq!(get(&mut fleet, path, at(29))["status"]["active"], 1);
    let job = get(&mut fleet, path, at(30));
    assert!(has(&job, "Complete", "True", "CompletionsReached") && job["status"]["succeeded"] == 1);
}

#[test]
fn a_start_makes_all_pods_ready_anew() {
    let mut fleet = ready_fleet();
    apply(&fleet, &deployment("web", "web:1", 1), began());
    assert_eq!(ready(&web(&mut fleet, at(50))), 1);
    fleet.stop(HOST);
    assert_eq!(fleet.next_change(at(50)), None);
    fleet.start(HOST, at(1000));
    assert_eq!(
        [ready(&web(&mut fleet, at(1000))), ready(&web(&mut fleet, at(1079))), ready(&web(&mut fleet, at(1080)))],
        [0, 0, 1]
    );
}

#[test]
fn without_nodes_pods_are_pending() {
    let mut fleet = ready_fleet();
    apply(&fleet, &deployment("web", "web:1", 1), began());
    fleet.resize(HOST, 0, at(100));
    assert_eq!(get(&mut fleet, "/api/v1/nodes", at(100))["items"], json!([]));
    assert_eq!(get(&mut fleet, PODS, at(5000))["items"][0]["status"]["phase"], "Pending");
}

#[test]
fn the_next_change_is_known_and_the_same_story_is_told_twice() {
    let story = || {
        let fleet = fleet(1);
        apply(&fleet, &deployment("web", "web:1", 1), began());
        let mut moments = vec![];
        let mut now = began();
        while let Some(next) = fleet.next_change(now) {
            moments.push(next.duration_since(began()).as_secs());
            now = next;
            fleet.server(HOST).unwrap().advance(now);
        }
        (moments, fleet.server(HOST).unwrap().objects("pods", now))
    };
    let (moments, pods) = story();
    // The node; the pods run; they are ready; then the rollouts' deadlines are of no more interest.
    assert_eq!(moments, [60, 70, 80]);
    assert_eq!(pods, story().1);
}

#[test]
fn what_is_aged_is_ready_now_and_looks_old() {
    let fleet = fleet(2);
    let mut server = fleet.server(HOST).unwrap();
    server.apply(&deployment("web", "web:1", 2), began()).unwrap();
    server.age_by(seconds(86_400), began());
    let object = server.object("deployments.apps", "default", "web", began()).unwrap();
    assert_eq!((ready(&object), &object["metadata"]["creationTimestamp"]), (2, &json!("2026-11-24T00:00:00Z")));
    assert_eq!(server.next_change(), None);
}

#[test]
fn a_replica_set_is_made_in_its_size_and_bears_its_deployments_annotations() {
    let mut fleet = ready_fleet();
    let mut object = deployment("web", "web:1", 4);
    object["metadata"]["annotations"] =
        json!({"team": "shop", "kubectl.kubernetes.io/last-applied-configuration": "{}"});
    apply(&fleet, &object, at(0));
    let sets =
        |fleet: &mut Fleet, now| get(fleet, "/apis/apps/v1/namespaces/default/replicasets", now)["items"].clone();
    let metadata = sets(&mut fleet, at(1))[0]["metadata"].clone();
    let annotation = |name: &str| format!("deployment.kubernetes.io/{name}");
    let expected = json!({"team": "shop", annotation("revision"): "1", annotation("desired-replicas"): "4",
        annotation("max-replicas"): "5"});
    assert_eq!((&metadata["generation"], &metadata["annotations"]), (&json!(1), &expected));

    object["spec"]["template"]["spec"]["containers"][0]["image"] = json!("web:2");
    apply(&fleet, &object, at(60));
    let both = sets(&mut fleet, at(61));
    let sizes = |at: usize| (both[at]["spec"]["replicas"].as_u64(), both[at]["metadata"]["generation"].as_u64());
    let new = usize::from(both[1]["metadata"]["annotations"][annotation("revision")] == "2");
    // One pod beyond four, then one more for each old one that went.
    assert_eq!((sizes(new), sizes(1 - new)), ((Some(2), Some(2)), (Some(3), Some(2))));
}
