//! Which member a request goes to: turns, health, affinity, effective writes.
use crate::scene::{KEEP_ALIVE, Scene};
use http::header::SET_COOKIE;
use jiff::SignedDuration;
use serde_json::json;
use simulated_azure::World;
use std::collections::BTreeSet;
use std::time::Duration;

#[tokio::test]
async fn members_are_asked_in_turn_and_all_their_pods_answer() {
    let scene = Scene::open(&["blue", "green"]);
    let seen = scene.clusters(20).await;
    assert!(seen.windows(2).all(|pair| pair[0] != pair[1]), "{seen:?}");
    let mut pods = BTreeSet::new();
    for _ in 0..20 {
        let got = scene.ask("/buy?x=1").await;
        assert_eq!((got.status, &got.body["path"]), (200, &json!("/buy")));
        let colour = if got.cluster() == "aks-blue" { json!("blue") } else { json!(null) };
        let version = if got.cluster() == "aks-blue" { "1.33.5" } else { "1.34.2" };
        assert_eq!((&got.body["colour"], &got.body["version"]), (&colour, &json!(version)));
        pods.insert(got.body["pod"].to_string());
    }
    assert_eq!(pods.len(), 6);
}

#[tokio::test]
async fn new_members_serve_when_the_operation_has_taken_effect_and_not_before() {
    let scene = Scene::open(&["blue"]);
    let written = scene.azure.clock().now();
    scene.write_live(&["green"]);
    scene.ask_until(|got| got.cluster() == "aks-green").await;
    let after = scene.azure.clock().now().duration_since(written);
    assert!(after >= SignedDuration::from_secs(13), "{after}: the operation takes 10 s, the instances 3 s more");
    assert!(scene.clusters(30).await.iter().all(|cluster| cluster == "aks-green"));
}

#[tokio::test]
async fn nobody_healthy_is_answered_by_the_gateway() {
    let scene = Scene::open(&["blue", "green"]);
    scene.stop(&scene.article.blue);
    scene.stop(&scene.article.green);
    let got = scene.ask_until(|got| got.status != 200).await;
    assert_eq!((got.status, &got.body), (502, &json!(null)));
    assert_eq!(got.headers["server"], "Microsoft-Azure-Application-Gateway/v2");
    let (green, now) = (scene.api_server(&scene.article.green), scene.azure.clock().now());
    scene.azure.world().kubernetes.start(&green, now);
    scene.ask_until(|got| got.status == 200).await;
}

#[tokio::test]
async fn broken_pods_answer_500_until_the_probes_have_found_out() {
    let scene = Scene::open(&["blue"]);
    let host = scene.api_server(&scene.article.blue);
    let now = scene.azure.clock().now();
    let until = now + SignedDuration::from_secs(100);
    scene.azure.world().kubernetes.break_workloads(&host, now, until);
    let got = scene.ask_until(|got| got.status != 200).await;
    assert_eq!((got.status, got.cluster()), (500, "aks-blue"), "the pod itself says so");
    let got = scene.ask_until(|got| got.status != 500).await;
    assert_eq!((got.status, got.cluster()), (502, ""), "nobody is healthy any more");
    scene.ask_until(|got| got.status == 200).await;
    assert!(scene.azure.clock().now() >= until);
}

#[tokio::test]
async fn the_real_probes_agree_with_backendhealth() {
    let scene = Scene::open(&["blue", "green"]);
    scene.stop(&scene.article.green);
    // Two probes, 5 s apart, must fail first.
    scene.azure.clock().sleep(Duration::from_secs(25)).await;
    assert!(scene.clusters(20).await.iter().all(|cluster| cluster == "aks-blue"));
    let location = {
        let World { resource_manager, kubernetes, .. } = &mut *scene.azure.world();
        let ask = http::Request::post(format!(
            "https://management.azure.com{}/backendhealth?api-version=1",
            scene.article.gateway
        ));
        let ask = ask.header("authorization", "Bearer x").body(bytes::Bytes::new()).unwrap();
        let reply = resource_manager.respond(&ask, kubernetes, scene.azure.clock().now());
        reply.headers()["location"].to_str().unwrap().to_owned()
    };
    scene.azure.clock().sleep(Duration::from_secs(20)).await;
    let ask = http::Request::get(location).header("authorization", "Bearer x").body(bytes::Bytes::new()).unwrap();
    let reply = {
        let World { resource_manager, kubernetes, .. } = &mut *scene.azure.world();
        resource_manager.respond(&ask, kubernetes, scene.azure.clock().now())
    };
    let bytes = http_body_util::BodyExt::collect(reply.into_body()).await.unwrap().to_bytes();
    let seen: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let servers = &seen["backendAddressPools"][0]["backendHttpSettingsCollection"][0]["servers"];
    assert_eq!((&servers[0]["health"], &servers[1]["health"]), (&json!("Healthy"), &json!("Unhealthy")));
}

#[tokio::test]
async fn the_cookie_binds_a_user_to_a_member_while_it_is_healthy() {
    let affine = |body: &mut serde_json::Value| {
        body["properties"]["backendHttpSettingsCollection"][0]["properties"]["cookieBasedAffinity"] = "Enabled".into();
    };
    let scene = Scene::open_with(&["blue", "green"], affine, KEEP_ALIVE);
    let first = scene.ask("/").await;
    let cookies: Vec<_> = first.headers.get_all(SET_COOKIE).iter().map(|line| line.to_str().unwrap()).collect();
    assert!(cookies[0].starts_with("ApplicationGatewayAffinity=") && cookies[0].ends_with("; Path=/"), "{cookies:?}");
    assert!(cookies[1].starts_with("ApplicationGatewayAffinityCORS="), "{cookies:?}");
    let cookie = cookies[0].split(';').next().unwrap().to_owned();
    for _ in 0..10 {
        let got = scene.ask_as(&scene.article.host, "/", &[("cookie", &cookie)]).await.unwrap();
        assert_eq!(got.cluster(), first.cluster());
        assert!(!got.headers.contains_key(SET_COOKIE), "it is known already");
    }
    let bound = if first.cluster() == "aks-blue" { &scene.article.blue } else { &scene.article.green };
    scene.stop(bound);
    scene.azure.clock().sleep(Duration::from_secs(25)).await;
    let moved = scene.ask_as(&scene.article.host, "/", &[("cookie", &cookie)]).await.unwrap();
    assert!(moved.status == 200 && moved.cluster() != first.cluster(), "{moved:?}");
    assert!(moved.headers.contains_key(SET_COOKIE), "bound to the other from now on");
}
