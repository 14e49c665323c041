//! Nobody starves: a thousand watched runs are looked at in time; where the time is short, whoever waits longest is first.
use crate::edited::edited;
use crate::{ask, quick, story, until};
use axum::body::Body;
use bluegreen::functions::host::router;
use bluegreen::local::setting::ACCOUNT;
use bluegreen::local::shop::{Options, Shop, app_of};
use bluegreen::plan::Kind;
use bluegreen::step::Step;
use bluegreen::store::{RUNS, SITES};
use http::{Method, Request};
use http_body_util::BodyExt;
use jiff::SignedDuration;
use serde_json::json;
use simulated_azure::{Effect, Fault, Latency, On, Process};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;
use tower::ServiceExt;

/// A world with so many runs that watch their traffic behind one gateway, and no host: the test is the host.
async fn watched(count: usize) -> Shop {
    let shop = Shop::open(&Options { probe: false, ..Options::default() }, quick).unwrap();
    ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
    let run = until(&shop, |run| run.step == Step::ConfirmTraffic).await;
    shop.host.stop();
    let now = shop.azure.clock().now();
    // Its steps' own looks are far away.
    let due = now + SignedDuration::from_hours(5);
    for number in 0..count {
        let site = format!("s-{number:04}");
        let mut plan = serde_json::to_value(&*run.plan).unwrap();
        plan["site"]["name"] = json!(site);
        let run = edited(&run, &json!({"plan": plan, "due": due}));
        let text = serde_json::to_vec(&run).unwrap();
        shop.azure.world().blobs.put(ACCOUNT, RUNS, &format!("active/{site}.json"), &text, now);
    }
    // The one they are made from is watched no more.
    let ended = edited(&run, &json!({"ending": "finished"}));
    shop.azure.world().blobs.put(ACCOUNT, RUNS, "active/shop.json", &serde_json::to_vec(&ended).unwrap(), now);
    shop
}

/// One function of a fresh process, and what it says. It is called in the next minute.
async fn call(shop: &Shop, function: &str, process: &str) -> (String, Duration) {
    let began = Instant::now();
    let router = router(app_of(&shop.azure, &Process::new(process)).unwrap());
    let request = Request::builder().method(Method::POST).uri(function).body(Body::empty()).unwrap();
    let body = router.oneshot(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    let took = began.elapsed();
    tokio::time::sleep(Duration::from_secs(60).saturating_sub(took)).await;
    (String::from_utf8_lossy(&body).into_owned(), took)
}

/// The sites about which this process asked their gateway, and how often.
fn asked(shop: &Shop, process: &str) -> BTreeMap<String, usize> {
    let mut sites = BTreeMap::new();
    for call in &shop.azure.world().calls {
        let path = call.path.to_lowercase().replace("%2f", "/");
        if call.process == process && call.method == Method::PUT && path.starts_with("/runs/watch/") {
            *sites.entry(path).or_default() += 1;
        }
    }
    sites
}

#[test]
fn a_thousand_watched_runs_are_looked_at_in_time() {
    const RUNS: usize = 1000;
    story(|| async {
        let shop = watched(RUNS).await;
        shop.azure.world().latency = Some(Latency::of(7));
        let mut answered: BTreeMap<String, usize> = BTreeMap::new();
        for check in ["check-1", "check-2", "check-3"] {
            let (said, took) = call(&shop, "/CanaryCheck", check).await;
            let asked = asked(&shop, check);
            println!("{check}: {took:?}, {} of {RUNS} were asked, {said}", asked.len());
            if check == "check-1" {
                assert_eq!(asked.len(), RUNS, "each gateway is asked in the first minute");
                // A second question follows an answer.
                asked.iter().for_each(|(site, times)| *answered.entry(site.clone()).or_default() += times - 1);
            } else {
                asked.iter().for_each(|(site, times)| *answered.entry(site.clone()).or_default() += times);
            }
            assert!(took <= Duration::from_secs(60), "the next check comes: {took:?}");
        }
        let read = answered.values().filter(|times| **times > 0).count();
        println!("after three checks {read} of {RUNS} have an answer, {} answers", answered.values().sum::<usize>());
        assert_eq!(read, RUNS);
    });
}

#[test]
fn where_time_is_short_whoever_waits_longest_is_first_and_a_person_is_called() {
    const RUNS: usize = 500;
    story(|| async {
        let shop = watched(RUNS).await;
        // Each look of Resource Manager takes so long that a check has time for some runs only.
        let slow = Effect::DelayAnswer(Duration::from_secs(20));
        shop.azure.world().faults.add(Fault::always("slow", On::host("management."), slow));
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for check in 0..6 {
            let process = format!("check-{check}");
            let (said, _) = call(&shop, "/CanaryCheck", &process).await;
            let now = asked(&shop, &process);
            let again = now.keys().filter(|site| seen.contains(*site)).count();
            println!("{process}: {} were asked, {again} of them again, {said}", now.len());
            assert!(again == 0 || seen.len() + now.len() - again == RUNS, "nobody twice while another waits");
            seen.extend(now.into_keys());
            if check == 1 {
                assert!(said.contains("left over again"), "whoever is left over twice is a call: {said}");
            }
        }
        assert_eq!(seen.len(), RUNS, "nobody starves");
    });
}

#[test]
fn the_daily_look_asks_each_region_once_and_is_over_in_time() {
    const SITES_COUNT: usize = 200;
    story(|| async {
        let shop = Shop::open(&Options { probe: false, ..Options::default() }, quick).unwrap();
        shop.host.stop();
        let now = shop.azure.clock().now();
        let text = shop.azure.world().blobs.get(ACCOUNT, SITES, "shop.json").map(<[u8]>::to_vec).unwrap();
        for number in 0..SITES_COUNT {
            let mut site: serde_json::Value = serde_json::from_slice(&text).unwrap();
            site["name"] = json!(format!("s-{number:04}"));
            let name = format!("s-{number:04}.json");
            shop.azure.world().blobs.put(ACCOUNT, SITES, &name, &serde_json::to_vec(&site).unwrap(), now);
        }
        shop.azure.world().latency = Some(Latency::of(7));
        let count = |shop: &Shop, process: &str, part: &str| {
            let world = shop.azure.world();
            world.calls.iter().filter(|call| call.process == process && call.path.to_lowercase().contains(part)).count()
        };
        let (said, took) = call(&shop, "/VersionCheck", "look-1").await;
        println!("{SITES_COUNT} sites: {took:?}, {said}");
        assert_eq!(count(&shop, "look-1", "kubernetesversions"), 1, "one question a region");
        assert_eq!(count(&shop, "look-1", "applicationgateways"), SITES_COUNT + 1, "each site's gateway");
        assert!(took <= Duration::from_secs(60), "side by side: {took:?}");
        // One site hangs: the others are looked at.
        let first = Fault::once("hang", On::call(Method::GET, "applicationgateways"), Effect::Delay(Duration::MAX / 4));
        shop.azure.world().faults.add(first);
        let (said, took) = call(&shop, "/VersionCheck", "look-2").await;
        assert!(said.contains("1 left over") && took <= Duration::from_secs(100), "{took:?} {said}");
    });
}
