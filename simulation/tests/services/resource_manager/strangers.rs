//! What other people do to clusters and gateways, and clusters that fall ill.
use super::scene::Scene;
use crate::fixture;
use jiff::SignedDuration;
use simulated_azure::World;

fn status(scene: &Scene) -> Option<u16> {
    let now = scene.azure.clock().now();
    scene.azure.world().visit(&scene.article.host, None, "/", now).map(|answer| answer.status)
}

async fn serving() -> Scene {
    let scene = Scene::new();
    fixture::apply(&scene.azure, &scene.article.blue, &scene.article.blue_addresses);
    scene.pass(600).await;
    assert_eq!(status(&scene), Some(200));
    scene
}

#[tokio::test(start_paused = true)]
async fn a_stranger_stops_starts_and_deletes_a_cluster() {
    let scene = serving().await;
    let blue = &scene.article.blue;
    let act = |what: &str| {
        let now = scene.azure.clock().now();
        let mut world = scene.azure.world();
        let World { resource_manager: arm, kubernetes: fleet, .. } = &mut *world;
        match what {
            "stop" => arm.stranger_stops(blue, fleet, now),
            "start" => arm.stranger_starts(blue, fleet, now),
            _ => arm.stranger_deletes(blue, fleet, now),
        }
    };
    act("stop").unwrap();
    assert_eq!(act("start").unwrap_err().0, "OperationNotAllowed");
    scene.pass(150).await;
    assert_eq!(scene.get(blue).await.body["properties"]["powerState"]["code"], "Stopped");
    assert_eq!(status(&scene), Some(502));
    act("start").unwrap();
    scene.pass(600).await;
    assert_eq!(scene.get(blue).await.body["properties"]["powerState"]["code"], "Running");
    assert_eq!(status(&scene), Some(200));
    act("delete").unwrap();
    scene.pass(400).await;
    assert_eq!(scene.get(blue).await.code(), "ResourceNotFound");
    assert_eq!(act("stop").unwrap_err().0, "ResourceNotFound");
}

#[tokio::test(start_paused = true)]
async fn a_part_of_a_cluster_falls_ill_and_is_healed() {
    let scene = serving().await;
    let host = fixture::api_server(&scene.azure, &scene.article.blue);
    let now = scene.azure.clock().now();
    let later = now.saturating_add(SignedDuration::from_hours(1)).unwrap();
    let ill = [scene.article.blue_addresses[1].parse().unwrap()];
    scene.azure.world().kubernetes.break_addresses(&host, &ill, now, later);
    let seen: Vec<_> = (0..8).map(|_| status(&scene)).collect();
    assert!(seen.contains(&Some(500)) && seen.contains(&Some(200)), "{seen:?}");
    scene.pass(60).await;
    assert!((0..8).all(|_| status(&scene) == Some(200)), "the gateway's probes have found it out");
    let started = scene.post(&format!("{}/backendhealth", scene.article.gateway)).await;
    let health = scene.ended(&started).await.body;
    let servers = health["backendAddressPools"][0]["backendHttpSettingsCollection"][0]["servers"].as_array().unwrap();
    let health = servers.iter().map(|server| server["health"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(health, ["Healthy", "Unhealthy", "Healthy", "Healthy"]);
    scene.azure.world().kubernetes.heal(&host, scene.azure.clock().now());
    let started = scene.post(&format!("{}/backendhealth", scene.article.gateway)).await;
    let health = scene.ended(&started).await.body;
    let servers = &health["backendAddressPools"][0]["backendHttpSettingsCollection"][0]["servers"];
    assert_eq!(servers[1]["health"], "Healthy");
}

#[tokio::test(start_paused = true)]
async fn a_stranger_takes_a_pool_away_or_fills_it() {
    let scene = Scene::new();
    let (gateway, pool) = (&scene.article.gateway, &scene.article.candidate_pool);
    let now = scene.azure.clock().now();
    {
        let mut world = scene.azure.world();
        let World { resource_manager: arm, kubernetes: fleet, .. } = &mut *world;
        arm.stranger_fills_pool(gateway, pool, &["10.9.9.9".to_owned()], fleet, now).unwrap();
    }
    scene.pass(60).await;
    let before = scene.get(gateway).await.body;
    assert_eq!(scene.azure.world().resource_manager.effective_members(gateway, pool), ["10.9.9.9"]);
    {
        let now = scene.azure.clock().now();
        let mut world = scene.azure.world();
        let World { resource_manager: arm, kubernetes: fleet, .. } = &mut *world;
        arm.stranger_removes_pool(gateway, pool, fleet, now).unwrap();
        let refused = arm.stranger_removes_pool(gateway, &scene.article.live_pool, fleet, now);
        assert_eq!(refused.unwrap_err().0, "InvalidResourceReference", "a path rule leads there");
    }
    scene.pass(60).await;
    let after = scene.get(gateway).await.body;
    for (collection, fewer) in
        [("backendAddressPools", 1), ("requestRoutingRules", 1), ("httpListeners", 1), ("probes", 0)]
    {
        let count = |body: &serde_json::Value| body["properties"][collection].as_array().unwrap().len();
        assert_eq!(count(&after) + fewer, count(&before), "{collection}");
    }
}
