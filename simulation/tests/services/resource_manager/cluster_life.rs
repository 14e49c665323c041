//! How a cluster's operations end, and what becomes of it.
use super::scene::Scene;
use http::Method;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_failed_creation_leaves_a_failed_cluster_that_can_be_put_again() {
    let scene = Scene::new();
    let green = &scene.article.green;
    let text = "Operation could not be completed as it results in exceeding approved Total Regional Cores quota.";
    scene.azure.world().resource_manager.fail_next_operation("PUT …/managedClusters/aks-green", "QuotaExceeded", text);
    let started = scene.put(green, &scene.green_body()).await;
    let ended = scene.ended(&started).await;
    assert_eq!((ended.status, &ended.body["status"]), (200, &json!("Failed")));
    assert_eq!(ended.body["error"], json!({"code": "QuotaExceeded", "message": text}));
    let cluster = scene.get(green).await.body;
    assert_eq!(cluster["properties"]["provisioningState"], "Failed");
    assert_eq!(cluster["properties"]["status"]["provisioningError"]["code"], "QuotaExceeded");
    assert!(cluster["properties"].get("fqdn").is_none());
    let again = scene.put(green, &scene.green_body()).await;
    assert_eq!(again.status, 200);
    scene.ended(&again).await;
    let repaired = scene.get(green).await.body;
    assert_eq!(repaired["properties"]["provisioningState"], "Succeeded");
    assert_eq!(repaired["properties"]["resourceUID"], cluster["properties"]["resourceUID"]);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_takes_minutes_and_ends_in_nothing() {
    let scene = Scene::new();
    let blue = &scene.article.blue;
    let started = scene.delete(blue).await;
    assert_eq!(started.status, 202);
    let result = started.header("location").unwrap().to_owned();
    assert!(started.header("azure-asyncoperation").is_some());
    assert_eq!(scene.get(blue).await.body["properties"]["provisioningState"], "Deleting");
    let running = scene.get(&result).await;
    assert_eq!(running.status, 202);
    assert!(running.header("location").is_some());
    assert_eq!(scene.delete(blue).await.status, 202, "asked twice, it goes on");
    scene.pass(6 * 60).await;
    assert_eq!(scene.get(&result).await.status, 204);
    assert_eq!(scene.get(blue).await.status, 404);
    assert_eq!(scene.delete(blue).await.status, 204);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_made_anew_has_another_uid_and_another_host() {
    let scene = Scene::new();
    let mut seen = vec![];
    for _ in 0..2 {
        let started = scene.put(&scene.article.green, &scene.green_body()).await;
        scene.ended(&started).await;
        let cluster = scene.get(&scene.article.green).await.body;
        seen.push((cluster["properties"]["resourceUID"].clone(), cluster["properties"]["fqdn"].clone()));
        let started = scene.delete(&scene.article.green).await;
        scene.ended(&started).await;
    }
    assert_ne!(seen[0].0, seen[1].0);
    assert_ne!(seen[0].1, seen[1].1);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_stops_and_starts() {
    let scene = Scene::new();
    let blue = &scene.article.blue;
    let fqdn = scene.get(blue).await.body["properties"]["fqdn"].clone();
    for (verb, minutes, meanwhile, code) in [("stop", 2, "Stopping", "Stopped"), ("start", 3, "Starting", "Running")] {
        let started = scene.post(&format!("{blue}/{verb}")).await;
        assert_eq!(started.status, 202);
        assert!(started.header("location").is_some() && started.header("azure-asyncoperation").is_some());
        scene.pass(minutes * 60 - 1).await;
        assert_eq!(scene.get(blue).await.body["properties"]["provisioningState"], meanwhile);
        scene.pass(1).await;
        let cluster = scene.get(blue).await.body;
        assert_eq!(cluster["properties"]["provisioningState"], "Succeeded");
        assert_eq!(cluster["properties"]["powerState"]["code"], code);
        assert_eq!(cluster["properties"]["fqdn"], fqdn);
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_can_fail_and_the_cluster_stays_stopped() {
    let scene = Scene::new();
    let blue = &scene.article.blue;
    let stopped = scene.post(&format!("{blue}/stop")).await;
    scene.ended(&stopped).await;
    scene.azure.world().resource_manager.fail_next_operation("POST …aks-blue/start", "AllocationFailed", "No room.");
    let started = scene.post(&format!("{blue}/start")).await;
    assert_eq!(scene.ended(&started).await.body["error"]["code"], "AllocationFailed");
    let cluster = scene.get(blue).await.body;
    assert_eq!(cluster["properties"]["powerState"]["code"], "Stopped");
    assert_eq!(cluster["properties"]["provisioningState"], "Failed");
}

#[tokio::test(start_paused = true)]
async fn tags_can_be_changed_alone() {
    let scene = Scene::new();
    let blue = &scene.article.blue;
    let before = scene.get(blue).await.body;
    let started = scene.call(Method::PATCH, blue, &[], Some(&json!({"tags": {"run": "r1"}}))).await;
    assert_eq!(started.status, 200);
    scene.ended(&started).await;
    let after = scene.get(blue).await.body;
    assert_eq!(after["tags"], json!({"run": "r1"}));
    assert_eq!(after["properties"], before["properties"]);
    assert_ne!(after["eTag"], before["eTag"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_flight_can_be_seen_from_outside() {
    let scene = Scene::new();
    scene.put(&scene.article.green, &scene.green_body()).await;
    let now = scene.azure.clock().now();
    let world = scene.azure.world();
    let [operation] = world.resource_manager.in_flight().try_into().unwrap();
    assert_eq!((operation.resource, operation.verb), (scene.article.green.clone(), "PUT".into()));
    assert_eq!(operation.ends_at.duration_since(now).as_secs(), 7 * 60);
    assert_eq!(world.resource_manager.next_change(), Some(operation.ends_at));
    let stored = world.resource_manager.resource(&scene.article.green.to_uppercase()).unwrap();
    assert_eq!(stored["properties"]["provisioningState"], "Creating");
}
