//! An unkind clock: calls take their time, before their effect and after it, and health is late.
use super::scene::Scene;
use crate::fixture;
use http::{Method, Request};
use jiff::SignedDuration;
use serde_json::{Value, json};
use simulated_azure::article::{Article, Options};
use simulated_azure::{Clock, Latency, Process, SimulatedAzure};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

fn unkind(seed: u64) -> Scene {
    let scene = Scene::new();
    scene.azure.world().latency = Some(Latency::of(seed));
    scene
}

#[tokio::test(start_paused = true)]
async fn a_call_takes_a_while_before_its_effect_and_after_it() {
    let scene = unkind(3);
    let (mut before, mut after) = (vec![], vec![]);
    for _ in 0..50 {
        let (asked, began) = (scene.azure.clock().now(), Instant::now());
        scene.get(&scene.article.gateway).await;
        let whole = began.elapsed().as_millis();
        assert!((20..=500).contains(&whole), "{whole}");
        let at = scene.azure.world().calls.last().unwrap().at;
        before.push(at.duration_since(asked).as_millis());
        after.push(scene.azure.clock().now().duration_since(at).as_millis());
    }
    assert!(before.iter().any(|time| *time > 100) && after.iter().any(|time| *time > 100), "{before:?} {after:?}");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_takes_the_same_time() {
    let mut told = vec![];
    for seed in [5, 5, 6] {
        let (scene, began) = (unkind(seed), Instant::now());
        for _ in 0..5 {
            scene.get(&scene.article.gateway).await;
        }
        told.push(began.elapsed());
    }
    assert_eq!(told[0], told[1]);
    assert_ne!(told[0], told[2]);
}

#[tokio::test(start_paused = true)]
async fn tokens_and_users_do_not_wait() {
    let (scene, began) = (unkind(1), Instant::now());
    for url in [
        "http://169.254.169.254/metadata/identity/oauth2/token?resource=https://management.azure.com",
        "http://shop.example.com/",
    ] {
        let request = Request::get(url).header("metadata", "true").body(axum::body::Body::empty()).unwrap();
        scene.azure.call(&Process::new("user"), request).await.unwrap();
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_arrives_though_its_caller_hung_up() {
    let (scene, process) = (unkind(1), Process::new("hasty"));
    for _ in 0..20 {
        let calls = scene.azure.world().call_count;
        let request = Request::delete(format!("https://management.azure.com{}?api-version=1", scene.article.blue));
        let request = request.header("authorization", "Bearer x").body(axum::body::Body::empty()).unwrap();
        let call = scene.azure.call(&process, request);
        let hung_up = tokio::time::timeout(Duration::from_millis(1), call).await.is_err();
        let at_once = scene.azure.world().call_count > calls;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(hung_up && scene.azure.world().call_count > calls);
        if !at_once {
            let shown = scene.get(&scene.article.blue).await.body;
            assert_eq!(shown["properties"]["provisioningState"], "Deleting");
            return;
        }
    }
    panic!("no call was on its way after a millisecond");
}

#[tokio::test(start_paused = true)]
async fn health_is_late_and_shows_its_beginning_or_its_end() {
    let mut shown = BTreeSet::new();
    for seed in 0..8 {
        let scene = unkind(seed);
        fixture::apply(&scene.azure, &scene.article.blue, &scene.article.blue_addresses);
        scene.pass(600).await;
        let (asked, started) = (Instant::now(), scene.post(&format!("{}/backendhealth", scene.article.gateway)).await);
        let host = fixture::api_server(&scene.azure, &scene.article.blue);
        let now = scene.azure.clock().now();
        let later = now.saturating_add(SignedDuration::from_hours(1)).unwrap();
        scene.azure.world().kubernetes.break_workloads(&host, now, later);
        let seen = scene.ended(&started).await.body;
        assert!((10..=96).contains(&asked.elapsed().as_secs()), "{:?}", asked.elapsed());
        let server = &seen["backendAddressPools"][0]["backendHttpSettingsCollection"][0]["servers"][0];
        shown.insert(server["health"].as_str().unwrap().to_owned());
    }
    assert_eq!(shown.into_iter().collect::<Vec<_>>(), ["Healthy", "Unhealthy"]);
}

#[tokio::test(start_paused = true)]
async fn in_a_hurrying_world_calls_hurry_too() {
    let azure = SimulatedAzure::new(Clock::running_at("2026-11-25T08:00:00Z".parse().unwrap(), 100));
    let article = Article::set_up(&mut azure.world(), &Options::default(), azure.clock().now());
    let mut latency = Latency::of(1);
    latency.call = 400..=400;
    azure.world().latency = Some(latency);
    let began = Instant::now();
    for _ in 0..10 {
        let request = Request::get(format!("https://management.azure.com{}?api-version=1", article.gateway));
        let request = request.header("authorization", "Bearer x").body(axum::body::Body::empty()).unwrap();
        azure.call(&Process::new("hurried"), request).await.unwrap();
    }
    let took = began.elapsed().as_millis();
    assert!((40..=60).contains(&took), "{took}");
}

#[tokio::test(start_paused = true)]
async fn ids_may_be_spelt_in_small_letters_and_still_mean_the_same() {
    let scene = Scene::new();
    scene.azure.world().resource_manager.spells_groups_small = true;
    let gateway = scene.get(&scene.article.gateway).await.body;
    assert_eq!(gateway["id"], scene.article.gateway.replace("resourceGroups", "resourcegroups"));
    assert!(!gateway.to_string().contains("/resourceGroups/"));
    let written = scene.call(Method::PUT, &scene.article.gateway, &[], Some(&gateway)).await;
    assert_eq!(written.status, 200);
    scene.ended(&written).await;
    scene.azure.world().resource_manager.spells_groups_small = false;
    let after: Value = scene.get(&scene.article.gateway).await.body;
    assert_eq!(after["id"], json!(scene.article.gateway));
}
