//! Two writers of one gateway: the newer write cancels the older.
use super::gateways::with_live_members;
use super::scene::Scene;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_newer_write_cancels_the_older_which_never_takes_effect() {
    let scene = Scene::new();
    let gateway = &scene.article.gateway;
    let body = scene.get(gateway).await.body;
    let first = scene.put(gateway, &with_live_members(body.clone(), &["10.1.31.1"])).await;
    scene.pass(30).await;
    let second = scene.put(gateway, &with_live_members(body, &["10.1.31.2"])).await;
    let canceled = scene.follow(&first).await.body;
    assert_eq!(canceled["status"], "Canceled");
    let detail = &canceled["error"]["details"][0];
    assert_eq!(detail["code"], "CanceledAndSupersededDueToAnotherOperation");
    let text = detail["message"].as_str().unwrap();
    assert!(
        text.starts_with("Operation PutApplicationGatewayOperation (")
            && text.contains(") was canceled and superseded by operation PutApplicationGatewayOperation ("),
        "{text}"
    );
    for _ in 0..60 {
        assert_ne!(scene.live_members().await, ["10.1.31.1"]);
        scene.pass(1).await;
    }
    assert_eq!(scene.follow(&second).await.body["status"], "Succeeded");
    assert_eq!(scene.live_members().await, ["10.1.31.2"]);
}

#[tokio::test(start_paused = true)]
async fn the_script_can_let_a_superseded_write_land() {
    let scene = Scene::new();
    scene.azure.world().resource_manager.superseded_writes_land = true;
    let gateway = &scene.article.gateway;
    let body = scene.get(gateway).await.body;
    scene.put(gateway, &with_live_members(body.clone(), &["10.1.31.1"])).await;
    scene.put(gateway, &with_live_members(body, &["10.1.31.2"])).await;
    assert_eq!(scene.live_members().await, ["10.1.31.1"]);
    scene.pass(43).await;
    assert_eq!(scene.live_members().await, ["10.1.31.2"]);
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_members_are_due_is_not_undone_by_a_newer_one() {
    let scene = Scene::new();
    let gateway = &scene.article.gateway;
    let body = scene.get(gateway).await.body;
    scene.put(gateway, &with_live_members(body.clone(), &["10.1.31.1"])).await;
    scene.pass(41).await;
    scene.put(gateway, &with_live_members(body, &["10.1.31.2"])).await;
    scene.pass(3).await;
    assert_eq!(scene.live_members().await, ["10.1.31.1"]);
    scene.pass(50).await;
    assert_eq!(scene.live_members().await, ["10.1.31.2"]);
}

#[tokio::test(start_paused = true)]
async fn a_stranger_supersedes_us_and_carries_our_mark_along() {
    let scene = Scene::new();
    let gateway = &scene.article.gateway;
    let mut body = with_live_members(scene.get(gateway).await.body, &["10.1.31.1"]);
    body["tags"]["mark"] = "r1/1".into();
    let ours = scene.put(gateway, &body).await;
    scene.pass(10).await;
    {
        let now = scene.azure.clock().now();
        let mut world = scene.azure.world();
        let world = &mut *world;
        let edit = |body: &mut serde_json::Value| body["properties"]["enableHttp2"] = false.into();
        world.resource_manager.stranger_writes(gateway, edit, &mut world.kubernetes, now).unwrap();
    }
    assert_eq!(scene.follow(&ours).await.body["status"], "Canceled");
    let shown = scene.get(gateway).await.body;
    assert_eq!((&shown["tags"]["mark"], &shown["properties"]["enableHttp2"]), (&json!("r1/1"), &json!(false)));
    scene.pass(43).await;
    assert_eq!(scene.live_members().await, ["10.1.31.1"], "it had read what we wrote");
}
