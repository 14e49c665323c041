//! Who may ask, what is served, and how malformed calls are refused.
use super::*;

const CONFIG: &str = "/api/v1/namespaces/default/configmaps";

#[test]
fn an_unknown_or_stopped_cluster_gives_no_answer() {
    let mut fleet = fleet(1);
    let ask = http::Request::builder().uri("/version").header("authorization", "Bearer operator");
    let ask = ask.body(bytes::Bytes::new()).unwrap();
    assert!(fleet.respond("other.hcp.westeurope.azmk8s.io", &ask, began()).is_err());
    assert!(fleet.respond(HOST, &ask, began()).is_ok());
    fleet.stop(HOST);
    assert!(fleet.respond(HOST, &ask, began()).is_err());
    fleet.start(HOST, at(60));
    assert!(fleet.respond(HOST, &ask, at(60)).is_ok());
    fleet.remove(HOST);
    assert!(fleet.respond(HOST, &ask, at(60)).is_err());
}

#[tokio::test(start_paused = true)]
async fn the_world_refuses_the_connection_of_a_cluster_that_does_not_exist() {
    let azure = simulated_azure::SimulatedAzure::new(Clock::starting_at(began()));
    let process = simulated_azure::Process::new("test");
    let request = http::Request::builder().uri(format!("https://{HOST}/version")).body(Body::empty()).unwrap();
    assert!(azure.call(&process, request).await.is_err());
    assert_eq!(azure.world().calls[0].status, None);
}

#[tokio::test(start_paused = true)]
async fn version_and_discovery_are_understood_by_kube() {
    let (fleet, clock) = world();
    let client = client(&fleet, clock);
    assert_eq!(client.apiserver_version().await.unwrap().git_version, "v1.34.1");
    let found = kube::discovery::Discovery::new(client).run().await.unwrap();
    let kind = kube::core::GroupVersionKind::gvk("apps", "v1", "Deployment");
    let (resource, capabilities) = found.resolve_gvk(&kind).unwrap();
    assert_eq!(resource.plural, "deployments");
    assert_eq!(capabilities.scope, kube::discovery::Scope::Namespaced);
    for group in ["batch", "networking.k8s.io", "policy", "autoscaling", "storage.k8s.io", "coordination.k8s.io"] {
        assert!(found.get(group).is_some(), "{group}");
    }
}

#[test]
fn paths_that_lead_nowhere_are_not_found() {
    let mut fleet = fleet(1);
    for path in [
        "/api/v2",
        "/apis/apps/v9",
        "/api/v1//namespaces",
        "/api/v1/none",
        "/api/v1/namespaces/default/nodes/x",
        "/api/v1/pods/x",
    ] {
        let (code, status) = call(&mut fleet, "GET", path, "", "", began());
        assert_eq!((code, status["reason"].as_str()), (404, Some("NotFound")), "{path}");
    }
    let (code, status) = call(&mut fleet, "GET", &format!("{DEPLOYMENTS}/web"), "", "", began());
    assert_eq!((code, status["message"].as_str()), (404, Some("deployments.apps \"web\" not found")));
    assert_eq!(status["details"], json!({"name": "web", "kind": "deployments", "group": "apps"}));
}

#[test]
fn malformed_bodies_are_refused_as_the_real_server_does() {
    let mut fleet = fleet(1);
    let mut post = |sort: &str, body: &str| call(&mut fleet, "POST", CONFIG, sort, body, began()).0;
    assert_eq!(post("application/json", "{"), 400);
    assert_eq!(post("application/json", "[]"), 400);
    assert_eq!(post("application/json", "{\"metadata\": 1}"), 400);
    assert_eq!(post("application/json", "{\"metadata\": {\"name\": 1}}"), 400);
    assert_eq!(post("application/json", "{\"metadata\": {\"name\": \"a\"}, \"data\": {\"k\": 1}}"), 400);
    assert_eq!(post("application/json", "{\"kind\": \"Secret\", \"metadata\": {\"name\": \"a\"}}"), 400);
    assert_eq!(post("application/json", "{\"metadata\": {\"name\": \"Not_A_Name\"}}"), 422);
    assert_eq!(post("application/vnd.kubernetes.protobuf", "k8s"), 400);
    assert_eq!(post("application/json", &"[".repeat(100_000)), 400);
    assert_eq!(post("application/yaml", &"[".repeat(100_000)), 400);
    assert_eq!(post("application/json", &format!("\"{}\"", "a".repeat(3 << 20))), 413);
    assert_eq!(call(&mut fleet, "PUT", CONFIG, "application/json", "{}", began()).0, 405);
}

#[test]
fn an_invalid_object_is_refused_with_the_field_as_cause() {
    let mut fleet = fleet(1);
    let mut object = deployment("web", "web:1", 1);
    object["spec"]["template"]["metadata"]["labels"] = json!({"app": "other"});
    let (code, status) = call(&mut fleet, "POST", DEPLOYMENTS, "application/json", &object.to_string(), began());
    assert_eq!((code, status["reason"].as_str()), (422, Some("Invalid")));
    assert_eq!(status["details"]["causes"][0]["field"], "spec.template.metadata.labels");
}

/// Where a wrong value is put.
const PLACES: &[&str] = &[
    "/metadata",
    "/metadata/labels",
    "/metadata/annotations",
    "/metadata/finalizers",
    "/metadata/ownerReferences",
    "/spec",
    "/spec/replicas",
    "/spec/selector",
    "/spec/selector/matchLabels",
    "/spec/selector/matchExpressions",
    "/spec/strategy",
    "/spec/updateStrategy",
    "/status",
    "/spec/template",
    "/spec/template/metadata",
    "/spec/template/metadata/labels",
    "/spec/template/metadata/annotations",
    "/spec/template/spec",
    "/spec/template/spec/containers",
    "/spec/template/spec/containers/0",
    "/spec/template/spec/affinity",
    "/spec/template/spec/nodeSelector",
    "/spec/template/spec/containers/0/ports",
    "/spec/template/spec/initContainers",
];

/// Every way to write an object, and then its end.
fn write_in_every_way(fleet: &mut Fleet, collection: &str, text: &str, now: Timestamp) {
    let own = format!("{collection}/web");
    call(fleet, "POST", collection, "application/json", text, now);
    call(fleet, "PATCH", &own, "application/merge-patch+json", text, now);
    call(fleet, "PATCH", &own, "application/strategic-merge-patch+json", text, now);
    call(fleet, "PATCH", &format!("{own}/status"), "application/merge-patch+json", text, now);
    call(fleet, "PATCH", &format!("{own}?fieldManager=t&force=true"), "application/apply-patch+yaml", text, now);
    get(fleet, collection, now);
    call(fleet, "DELETE", &own, "application/json", "", now);
}

#[test]
fn wrong_types_anywhere_never_panic() {
    let mut fleet = fleet(1);
    let mut now = began();
    let whole = deployment("web", "web:1", 1);
    let wrong = [json!(null), json!(1), json!("x"), json!([1, "x", null]), json!({"x": [1]}), json!(true)];
    let kinds = [
        ("/apis/apps/v1/namespaces/default/deployments", "Deployment"),
        ("/apis/apps/v1/namespaces/default/statefulsets", "StatefulSet"),
        ("/apis/apps/v1/namespaces/default/daemonsets", "DaemonSet"),
    ];
    for (collection, kind) in kinds {
        for path in PLACES {
            for value in &wrong {
                now += seconds(100);
                let mut object = whole.clone();
                object["kind"] = json!(kind);
                object["metadata"]["finalizers"] = json!([]);
                object["metadata"]["ownerReferences"] = json!([]);
                let (parent, name) = path.rsplit_once('/').unwrap();
                match object.pointer_mut(parent).unwrap() {
                    Value::Array(items) => items[0] = value.clone(),
                    other => other[name] = value.clone(),
                }
                write_in_every_way(&mut fleet, collection, &object.to_string(), now);
            }
        }
    }
}

#[test]
fn absurd_numbers_of_replicas_and_copies_are_survived() {
    let mut fleet = fleet(1);
    let object = deployment("web", "web:1", 2_000_000_000).to_string();
    assert_eq!(call(&mut fleet, "POST", DEPLOYMENTS, "application/json", &object, began()).0, 201);
    assert_eq!(get(&mut fleet, "/api/v1/namespaces/default/pods", began())["items"].as_array().unwrap().len(), 1000);
    call(
        &mut fleet,
        "POST",
        CONFIG,
        "application/json",
        "{\"metadata\": {\"name\": \"a\"}, \"data\": {\"k\": \"v\"}}",
        began(),
    );
    let copies: Vec<Value> =
        (0..64).map(|number| json!({"op": "copy", "from": "/data", "path": format!("/data/k{number}")})).collect();
    let copies = json!(copies).to_string();
    assert_eq!(
        call(&mut fleet, "PATCH", &format!("{CONFIG}/a"), "application/json-patch+json", &copies, began()).0,
        422
    );
}
