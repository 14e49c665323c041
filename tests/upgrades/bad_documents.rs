//! One bad document costs its own line: whatever lies in the place of one run, the others are shown, started and watched.
use crate::http_api::call;
use crate::{ask, quick, story, until};
use axum::body::Body;
use bluegreen::cli::status::{Status, status};
use bluegreen::functions::host::router;
use bluegreen::functions::start::MOST_RUNS;
use bluegreen::local::setting::ACCOUNT;
use bluegreen::local::shop::{Options, Shop, app_of};
use bluegreen::plan::Kind;
use bluegreen::plan::request::file_name;
use bluegreen::step::Step;
use bluegreen::store::{RUNS, SITES};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use simulated_azure::{Effect, Fault, On, Process};
use std::time::Duration;
use tower::ServiceExt;

/// What may lie there: after half a deployment, a broken disk, a hand that slipped.
const BAD: [&str; 4] = ["{\"format\": 2, \"id\": \"aaa-1\", \"pla", "", "{\"format\": 99, \"id\": \"aaa-1\"}", "[7]"];

fn open() -> Shop {
    Shop::open(&Options { probe: false, ..Options::default() }, quick).unwrap()
}

fn put(shop: &Shop, container: &str, name: &str, text: &str) {
    let now = shop.azure.clock().now();
    shop.azure.world().blobs.put(ACCOUNT, container, name, text.as_bytes(), now);
}

fn has(shop: &Shop, name: &str) -> Option<Vec<u8>> {
    shop.azure.world().blobs.get(ACCOUNT, RUNS, name).map(<[u8]>::to_vec)
}

/// A check of a fresh process.
async fn check(shop: &Shop) -> StatusCode {
    let router = router(app_of(&shop.azure, &Process::new("alone")).unwrap());
    let request = Request::builder().method(Method::POST).uri("/CanaryCheck").body(Body::empty()).unwrap();
    router.oneshot(request).await.unwrap().status()
}

#[test]
fn one_bad_document_costs_its_own_line() {
    for bad in BAD {
        story(|| async {
            let shop = open();
            put(&shop, RUNS, "active/aaa.json", bad);
            put(&shop, RUNS, "refusals/aaa.json", bad);
            put(&shop, SITES, "aaa.json", bad);
            let body = json!({"version": "latest-stable", "reason": "x"});
            let (code, said) = call(&shop, "POST", "/upgrades/shop", &body).await;
            assert_eq!(code, 202, "another site starts beside {bad:?}: {said}");
            let (code, said) = call(&shop, "GET", "/upgrades", &Value::Null).await;
            assert_eq!(code, 200, "{bad:?}: {said}");
            let lines = said["runs"].as_array().unwrap();
            let line = |site: &str| lines.iter().find(|line| line["site"] == site).unwrap_or_else(|| panic!("{said}"));
            assert!(line("aaa")["unreadable"].as_str().is_some_and(|why| why.contains("aaa")), "{said}");
            assert_eq!(line("shop")["step"], "CheckPlan", "{said}");
            for (method, path, body) in [
                ("GET", "/upgrades/aaa", Value::Null),
                ("POST", "/upgrades/aaa/roll_back", json!({"run": "aaa-1", "by": "x", "reason": "x"})),
            ] {
                let (code, said) = call(&shop, method, path, &body).await;
                let why = said["error"].as_str().unwrap_or_default();
                assert!(matches!(code, 409 | 500) && why.contains("the run of aaa"), "{method} {path}: {code} {said}");
            }
            assert!(status(&shop.operator, &Status::default()).await.is_ok(), "the tool shows the others, too");
            let run = until(&shop, |run| run.step == Step::ConfirmTraffic).await;
            tokio::time::sleep(Duration::from_secs(70)).await;
            assert!(has(&shop, "watch/shop.json").is_some(), "the other run is watched: {:?}", run.journal);
            assert_eq!(has(&shop, "active/aaa.json").as_deref(), Some(bad.as_bytes()), "it is left as it is");
        });
    }
}

#[test]
fn a_bad_document_counts_as_a_run_under_way_and_calls_once_a_day() {
    story(|| async {
        let shop = open();
        for site in 0..MOST_RUNS {
            put(&shop, RUNS, &format!("active/a{site}.json"), "{");
        }
        let body = json!({"version": "latest-stable", "reason": "x"});
        let (code, said) = call(&shop, "POST", "/upgrades/shop", &body).await;
        assert_eq!(code, 429, "what is unreadable may be under way: {said}");
        let name = format!("calls/{}.json", file_name("run-unreadable/a0"));
        let called = || -> Option<Value> { serde_json::from_slice(&has(&shop, &name)?).ok() };
        tokio::time::sleep(Duration::from_secs(120)).await;
        let first = called().expect("a person was called");
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert_eq!(called().as_ref(), Some(&first), "once");
        tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
        assert_ne!(called().as_ref(), Some(&first), "once a day");
    });
}

#[test]
fn a_site_whose_own_document_is_bad_is_refused_and_not_tried_ten_times() {
    story(|| async {
        let shop = open();
        put(&shop, RUNS, "active/shop.json", "{");
        ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
        tokio::time::sleep(Duration::from_secs(120)).await;
        let name = shop.azure.world().blobs.names(ACCOUNT, RUNS, "refusals/").into_iter().next().expect("it is told");
        let refusal: Value = serde_json::from_slice(&has(&shop, &name).unwrap()).unwrap();
        assert!(refusal["why"].as_str().is_some_and(|why| why.contains("unreadable")), "{refusal}");
        assert_eq!(shop.host.counters().dead_letters, 0);
    });
}

#[test]
fn a_panic_in_the_check_of_one_run_costs_that_check() {
    story(|| async {
        let shop = open();
        ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
        until(&shop, |run| run.step == Step::ConfirmTraffic).await;
        shop.host.stop();
        put(&shop, RUNS, "active/aaa.json", &String::from_utf8(has(&shop, "active/shop.json").unwrap()).unwrap());
        let panic = Fault::always("panic", On::call(Method::GET, "active%2faaa").by("alone"), Effect::Panic);
        shop.azure.world().faults.add(panic);
        shop.azure.world().blobs.put(ACCOUNT, RUNS, "watch/shop.json", b"{}", shop.azure.clock().now());
        assert_eq!(check(&shop).await, StatusCode::OK);
        let hits = shop.azure.world().faults.hits().iter().filter(|(name, _)| name == "panic").count();
        assert!(hits > 0, "there was a panic");
        assert_ne!(has(&shop, "watch/shop.json").as_deref(), Some(&b"{}"[..]), "the other was looked at");
    });
}
