//! Users' requests at a cluster's internal load balancer.
use super::*;
use simulated_azure::kubernetes::Visit;
use std::net::IpAddr;

const ADDRESS: &str = "10.1.0.10";

fn address() -> IpAddr {
    ADDRESS.parse().unwrap()
}

fn service(name: &str, kind: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": name, "annotations": {
            "service.beta.kubernetes.io/azure-load-balancer-internal": "true", "service.beta.kubernetes.io/azure-load-balancer-ipv4": ADDRESS}},
        "spec": {"type": kind, "selector": {"app": name}, "ports": [{"port": 80}]},
    })
}

fn apply(fleet: &Fleet, objects: &[Value], now: Timestamp) {
    for object in objects {
        fleet.server(HOST).unwrap().apply(object, now).unwrap();
    }
}

/// A cluster whose workload has been serving for a long time.
fn serving() -> Fleet {
    let fleet = fleet(2);
    apply(&fleet, &[deployment("web", "web:1", 2), service("web", "LoadBalancer")], began());
    fleet.server(HOST).unwrap().age_by(seconds(3600), began());
    fleet
}

fn status(fleet: &mut Fleet, host: &str, path: &str, now: Timestamp) -> Option<u16> {
    fleet.visit(address(), host, path, now).map(|visit| visit.status)
}

#[test]
fn an_address_is_given_after_thirty_seconds_and_answers_when_a_pod_is_ready() {
    let mut fleet = fleet(1);
    apply(&fleet, &[deployment("web", "web:1", 1), service("web", "LoadBalancer")], at(65));
    assert_eq!(status(&mut fleet, "shop", "/", at(94)), None);
    assert_eq!(status(&mut fleet, "shop", "/", at(95)), Some(200));
    let given = get(&mut fleet, "/api/v1/namespaces/default/services/web", at(95));
    assert_eq!(given["status"]["loadBalancer"]["ingress"][0]["ip"], ADDRESS);
    let endpoints = get(&mut fleet, "/api/v1/namespaces/default/endpoints/web", at(95));
    assert_eq!(endpoints["subsets"][0]["addresses"].as_array().unwrap().len(), 1);
    let visit = fleet.visit(address(), "shop", "/", at(95)).unwrap();
    assert_eq!(visit, Visit { status: 200, cluster: "green".into(), version: "1.34.1".into() });
    assert_eq!(fleet.visit("10.1.0.11".parse().unwrap(), "shop", "/", at(95)), None);
}

#[test]
fn without_a_ready_pod_the_answer_is_503() {
    let mut fleet = serving();
    apply(&fleet, &[deployment("web", "web:1", 0)], began());
    assert_eq!(status(&mut fleet, "shop", "/", began()), Some(503));
}

#[test]
fn a_stopped_or_empty_cluster_answers_nothing() {
    let mut fleet = serving();
    fleet.stop(HOST);
    assert_eq!(status(&mut fleet, "shop", "/", at(1)), None);
    fleet.start(HOST, at(10));
    assert_eq!(status(&mut fleet, "shop", "/", at(11)), None, "no node is ready yet");
    assert_eq!(status(&mut fleet, "shop", "/", at(100)), Some(200));
    fleet.resize(HOST, 0, at(200));
    assert_eq!(status(&mut fleet, "shop", "/", at(200)), None);
}

#[test]
fn ingresses_route_by_host_and_path() {
    let mut fleet = serving();
    let path = |path: &str, sort: &str, service: &str| json!({"path": path, "pathType": sort, "backend": {"service": {"name": service, "port": {"number": 80}}}});
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "shop"},
        "spec": {"rules": [
            {"host": "shop.example.com", "http": {"paths": [path("/", "Prefix", "web"), path("/api", "Prefix", "none"), path("/api/one", "Exact", "web")]}},
            {"host": "*.example.com", "http": {"paths": [path("/any", "Prefix", "web")]}},
        ]},
    });
    apply(&fleet, &[ingress], began());
    for (host, path, expected) in [
        ("shop.example.com", "/", 200),
        ("SHOP.example.com", "/x?y=/api", 200),
        ("shop.example.com", "/api/x", 503),
        ("shop.example.com", "/apis", 200),
        ("shop.example.com", "/api/one", 200),
        ("a.example.com", "/any/x", 200),
        ("a.example.com", "/", 404),
        ("a.b.example.com", "/any", 404),
        ("other.org", "/", 404),
    ] {
        assert_eq!(status(&mut fleet, host, path, began()), Some(expected), "{host}{path}");
    }
    let everywhere = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "rest"},
        "spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}},
    });
    apply(&fleet, &[everywhere], began());
    assert_eq!(status(&mut fleet, "other.org", "/", began()), Some(200));
}

#[test]
fn an_incident_answers_500_and_makes_workloads_unready_while_it_lasts() {
    let mut fleet = serving();
    fleet.break_workloads(HOST, at(100), at(200));
    assert_eq!(fleet.next_change(began()), Some(at(100)));
    let seen: Vec<_> = [99, 100, 199, 200].map(|moment| status(&mut fleet, "shop", "/", at(moment))).into();
    assert_eq!(seen, [Some(200), Some(500), Some(500), Some(200)]);
    let mut fleet = serving();
    fleet.break_workloads(HOST, at(100), at(200));
    let ready =
        |fleet: &mut Fleet, now| get(fleet, &format!("{DEPLOYMENTS}/web"), now)["status"]["readyReplicas"].as_u64();
    assert_eq!(
        [ready(&mut fleet, at(99)), ready(&mut fleet, at(150)), ready(&mut fleet, at(200))],
        [Some(2), None, Some(2)]
    );
}

#[test]
fn the_first_cluster_that_holds_an_address_answers() {
    let mut fleet = fleet(1);
    let other = "blue-1.hcp.westeurope.azmk8s.io";
    fleet.add(other, Shape { cluster: "blue".into(), version: "1.33.4".into(), ..shape(1) }, began());
    for object in [deployment("web", "web:1", 1), service("web", "LoadBalancer")] {
        fleet.server(other).unwrap().apply(&object, began()).unwrap();
    }
    assert_eq!(fleet.visit(address(), "shop", "/", at(300)).unwrap().cluster, "blue");
    fleet.remove(other);
    assert_eq!(fleet.visit(address(), "shop", "/", at(300)), None);
}

#[test]
fn ten_thousand_visits_cost_next_to_nothing() {
    let mut fleet = serving();
    let version = |fleet: &mut Fleet| get(fleet, "/api/v1/pods", began())["metadata"]["resourceVersion"].clone();
    let before = version(&mut fleet);
    for number in 0..10_000 {
        assert_eq!(status(&mut fleet, "shop", "/", began() + SignedDuration::from_millis(number * 100)), Some(200));
    }
    assert_eq!(version(&mut fleet), before, "a visit changes nothing");
}
