//! What Azure refuses at once for what lies around a resource: locks, too many tags, subnets and routes, stops.
use super::scene::Scene;
use http::Method;
use serde_json::{Value, json};

async fn lock(scene: &Scene, on: &str, level: &str) -> String {
    let id = format!("{on}/providers/Microsoft.Authorization/locks/careful");
    assert_eq!(scene.put(&id, &json!({"properties": {"level": level}})).await.status, 201);
    id
}

#[tokio::test(start_paused = true)]
async fn a_lock_against_deletion_keeps_what_lies_below_it_and_what_would_take_it_along() {
    let scene = Scene::new();
    let blue = scene.article.blue.clone();
    let subscription = format!("/subscriptions/{}", scene.article.subscription);
    for on in [&subscription, &format!("{subscription}/resourceGroups/{}", scene.article.resource_group), &blue] {
        let id = lock(&scene, on, "CanNotDelete").await;
        let all = scene.get(&format!("{subscription}/providers/Microsoft.Authorization/locks")).await;
        assert_eq!(all.body["value"][0]["properties"]["level"], "CanNotDelete");
        let said = scene.delete(&blue).await;
        assert_eq!((said.status, said.code()), (409, "ScopeLocked"), "{on}");
        let tags = json!({"tags": {"a": "b"}});
        let said = scene.call(Method::PATCH, &blue, &[], Some(&tags)).await;
        assert_eq!(said.status, 200, "writing is allowed");
        scene.ended(&said).await;
        assert_eq!(scene.delete(&id).await.status, 200, "a lock can be taken away");
    }
    let pool = format!("{blue}/agentPools/system");
    lock(&scene, &pool, "CanNotDelete").await;
    assert_eq!(scene.delete(&blue).await.code(), "ScopeLocked", "what is inside goes along");
}

#[tokio::test(start_paused = true)]
async fn a_lock_against_writing_forbids_actions_too() {
    let scene = Scene::new();
    lock(&scene, &scene.article.gateway, "ReadOnly").await;
    let body = scene.get(&scene.article.gateway).await.body;
    assert_eq!(scene.put(&scene.article.gateway, &body).await.code(), "ScopeLocked");
    assert_eq!(scene.post(&format!("{}/backendhealth", scene.article.gateway)).await.code(), "ScopeLocked");
    assert_eq!(scene.post(&format!("{}/stop", scene.article.blue)).await.status, 202, "others are not locked");
}

#[tokio::test(start_paused = true)]
async fn a_resource_has_fifty_tags_at_most() {
    let scene = Scene::new();
    let tags = |count: usize| (0..count).map(|at| (format!("t{at}"), json!("x"))).collect::<Value>();
    let mut body = scene.green_body();
    body["tags"] = tags(51);
    let said = scene.put(&scene.article.green, &body).await;
    assert_eq!((said.status, said.code()), (400, "InvalidTags"));
    let patch = json!({"tags": tags(51)});
    assert_eq!(scene.call(Method::PATCH, &scene.article.blue, &[], Some(&patch)).await.code(), "InvalidTags");
    let mut gateway = scene.get(&scene.article.gateway).await.body;
    gateway["tags"] = tags(51);
    assert_eq!(scene.put(&scene.article.gateway, &gateway).await.code(), "InvalidTags");
    body["tags"] = tags(50);
    assert_eq!(scene.put(&scene.article.green, &body).await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_goes_out_by_routes_needs_them_on_its_subnet() {
    let scene = Scene::new();
    let table = scene.article.public_address.replace("publicIPAddresses/pip-shop", "routeTables/out");
    let mut body = scene.green_body();
    body["properties"]["networkProfile"]["outboundType"] = json!("userDefinedRouting");
    let made = async |body: &Value| scene.put(&scene.article.green, body).await;
    assert_eq!(made(&body).await.code(), "RouteTableNotFound");
    let subnet = |more: Value| {
        let mut properties = json!({"addressPrefix": "10.1.16.0/20"});
        properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"properties": properties})
    };
    let routes = |hop: &str| json!([{"name": "out", "properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": hop}}]);
    scene.put(&scene.article.green_subnet, &subnet(json!({"routeTable": {"id": table}}))).await;
    for (routes, expected) in [
        (json!([]), "RouteTableMissingDefaultRouteError"),
        (routes("Internet"), "RouteTableInvalidNextHop"),
        (routes("VirtualAppliance"), ""),
    ] {
        scene.put(&table, &json!({"location": "westeurope", "properties": {"routes": routes}})).await;
        assert_eq!(made(&body).await.code(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn nodes_go_into_no_subnet_of_another_service_and_no_group_of_a_long_name() {
    let scene = Scene::new();
    let mut body = scene.green_body();
    body["properties"]["nodeResourceGroup"] = json!("n".repeat(81));
    let said = scene.put(&scene.article.green, &body).await;
    assert!(said.status == 400 && said.message().contains("The maximum length is 80"), "{said:?}");
    for name in ["MC_${slot.colour}", "a/b", "ends."] {
        body["properties"]["nodeResourceGroup"] = json!(name);
        let said = scene.put(&scene.article.green, &body).await;
        assert!(said.status == 400 && said.code() == "InvalidParameter", "{name}: {said:?}");
    }
    let delegations = json!([{"name": "app", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}]);
    let subnet = json!({"properties": {"addressPrefix": "10.1.16.0/20", "delegations": delegations}});
    scene.put(&scene.article.green_subnet, &subnet).await;
    assert_eq!(scene.put(&scene.article.green, &scene.green_body()).await.code(), "SubnetIsDelegated");
}

#[tokio::test(start_paused = true)]
async fn some_clusters_cannot_be_stopped() {
    for (pointer, value, code) in [
        ("nodeProvisioningProfile", json!({"mode": "Auto"}), "OperationNotAllowed"),
        ("agentPoolProfiles", json!("AvailabilitySet"), "AvailabilitySetsNotSupported"),
    ] {
        let scene = Scene::new();
        let mut body = scene.green_body();
        match pointer {
            "agentPoolProfiles" => body["properties"][pointer][0]["type"] = value,
            _ => body["properties"][pointer] = value,
        }
        let started = scene.put(&scene.article.green, &body).await;
        scene.ended(&started).await;
        let said = scene.post(&format!("{}/stop", scene.article.green)).await;
        assert_eq!((said.status, said.code()), (400, code));
    }
}
