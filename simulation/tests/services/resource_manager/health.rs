//! The gateway's look at its backends.
use super::scene::Scene;
use http::Method;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn the_health_of_each_member_comes_after_a_while_at_the_location_alone() {
    let scene = Scene::new();
    let started = scene.post(&format!("{}/backendhealth", scene.article.gateway)).await;
    assert_eq!((started.status, started.header("azure-asyncoperation")), (202, None));
    scene.pass(14).await;
    assert_eq!(scene.follow(&started).await.status, 202);
    scene.pass(1).await;
    let seen = scene.follow(&started).await;
    assert_eq!(seen.status, 200);
    let pools = seen.body["backendAddressPools"].as_array().unwrap();
    assert_eq!(pools.len(), 3);
    let live = &pools[0]["backendHttpSettingsCollection"];
    assert_eq!(pools[0]["backendAddressPool"]["id"], format!("{}/backendAddressPools/live", scene.article.gateway));
    assert_eq!(
        live[0]["backendHttpSettings"]["id"],
        format!("{}/backendHttpSettingsCollection/web", scene.article.gateway)
    );
    let servers = live[0]["servers"].as_array().unwrap();
    assert_eq!(
        servers.iter().map(|server| server["address"].as_str().unwrap()).collect::<Vec<_>>(),
        scene.article.blue_addresses
    );
    // No workload has been applied, so nothing listens.
    assert!(servers.iter().all(|server| server["health"] == "Unhealthy"), "{servers:?}");
    assert_eq!(
        pools[2]["backendHttpSettingsCollection"][0]["servers"][1]["health"], "Unknown",
        "a host name nobody resolves"
    );
}

#[tokio::test(start_paused = true)]
async fn a_pool_can_be_asked_for_that_no_rule_uses() {
    let scene = Scene::new();
    let gateway = &scene.article.gateway;
    let now = scene.azure.clock().now();
    {
        let mut world = scene.azure.world();
        let world = &mut *world;
        let edit = |body: &mut serde_json::Value| {
            let pools = body["properties"]["backendAddressPools"].as_array_mut().unwrap();
            pools.push(json!({"name": "lonely", "properties": {"backendAddresses": [{"ipAddress": "10.1.31.7"}]}}));
        };
        world.resource_manager.stranger_writes(gateway, edit, &mut world.kubernetes, now).unwrap();
    }
    scene.pass(50).await;
    let mut ask = json!({
        "protocol": "Http", "host": "shop.example.com", "path": "/healthz", "timeout": 5,
        "backendAddressPool": {"id": format!("{gateway}/backendAddressPools/lonely")},
        "backendHttpSettings": {"id": format!("{gateway}/backendHttpSettingsCollection/web")},
    });
    let path = format!("{gateway}/getBackendHealthOnDemand");
    let started = scene.call(Method::POST, &path, &[], Some(&ask)).await;
    assert_eq!(started.status, 202);
    let seen = scene.ended(&started).await.body;
    assert_eq!(seen["backendAddressPool"]["id"], ask["backendAddressPool"]["id"]);
    let servers = &seen["backendHealthHttpSettings"]["servers"];
    assert_eq!((&servers[0]["address"], &servers[0]["health"]), (&json!("10.1.31.7"), &json!("Unhealthy")));
    ask["backendAddressPool"]["id"] = format!("{gateway}/backendAddressPools/none").into();
    let said = scene.call(Method::POST, &path, &[], Some(&ask)).await;
    assert_eq!((said.status, said.code()), (400, "InvalidResourceReference"));
}
