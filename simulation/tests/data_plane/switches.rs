//! Traffic moves to and fro, and pods are replaced, under load: no request is lost.
use crate::scene::{KEEP_ALIVE, Scene};
use crate::shop::deployment;
use simulated_azure::data_plane::load::{Load, Options};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// So many users ask at the same time, each as fast as it is answered, beside the load generator.
const USERS: usize = 150;

async fn under_load(scene: &Scene, story: impl Future<Output = ()>) {
    let options = Options { rate: 100, ..Options::to(&scene.article.host) };
    let load = Load::start(&scene.azure, scene.plane.address(), &options);
    let (over, asked) = (AtomicBool::new(false), AtomicU64::new(0));
    let user = async |number: usize| {
        while !over.load(Ordering::Relaxed) {
            // Some are slow, so that each change meets requests under way.
            let path = if number.is_multiple_of(5) { "/?wait=300" } else { "/?wait=20" };
            let got = scene.ask_as(&scene.article.host, path, &[]).await;
            assert!(got.as_ref().is_ok_and(|got| got.status == 200), "{got:?}");
            asked.fetch_add(1, Ordering::Relaxed);
        }
    };
    let story = async {
        story.await;
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(story, futures::future::join_all((0..USERS).map(user)));
    let report = load.stop().await;
    assert_eq!((report.report.failed, report.unsent, report.failures), (0, 0, vec![]));
    assert!(report.report.sent > 100 && asked.into_inner() > 1_000);
    assert!(report.p50 <= report.p99 && report.p99 <= report.longest);
}

#[tokio::test]
async fn switches_of_the_pool_lose_no_request() {
    // The drain time is the world's, which runs fast; the requests take real time.
    let patient = |body: &mut serde_json::Value| {
        let settings = &mut body["properties"]["backendHttpSettingsCollection"][0]["properties"];
        settings["connectionDraining"]["drainTimeoutInSec"] = 3600.into();
    };
    let scene = Scene::open_with(&["blue"], patient, KEEP_ALIVE);
    under_load(&scene, async {
        for (live, then) in [
            (&["blue", "green"][..], "aks-green"),
            (&["green"], "aks-green"),
            (&["blue"], "aks-blue"),
            (&["green"], "aks-green"),
            (&["green", "blue"], "aks-blue"),
        ] {
            scene.write_live(live);
            scene.ask_until(|got| got.cluster() == then).await;
            scene.azure.clock().sleep(Duration::from_secs(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_rollout_of_the_pods_loses_no_request() {
    let scene = Scene::open(&["blue"]);
    let host = scene.api_server(&scene.article.blue);
    let before = scene.ask("/").await.body["pod"].clone();
    under_load(&scene, async {
        for image in ["shop:2", "shop:3"] {
            let now = scene.azure.clock().now();
            scene.azure.world().kubernetes.server(&host).unwrap().apply(&deployment(image, 3), now).unwrap();
            scene.azure.clock().sleep(Duration::from_secs(150)).await;
        }
    })
    .await;
    for _ in 0..6 {
        assert_ne!(scene.ask("/").await.body["pod"], before, "all pods are new");
    }
}

#[tokio::test]
async fn the_load_generator_shows_who_answers_and_what_fails() {
    let scene = Scene::open(&["blue", "green"]);
    let load = Load::start(&scene.azure, scene.plane.address(), &Options::to(&scene.article.host));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let shown = load.snapshot();
    assert!(shown.rate > 0 && shown.sent > 0, "{shown:?}");
    assert!((shown.shares["aks-blue"] - 0.5).abs() < 0.1, "{shown:?}");
    let now = scene.azure.clock().now();
    let until = now + jiff::SignedDuration::from_mins(5);
    load.excuse("aks-green", now, until);
    scene.stop(&scene.article.green);
    scene.azure.clock().until(until).await;
    let report = load.report();
    assert!(report.report.excused > 0 && report.report.failed == 0, "{report:?}");
    assert_eq!(report.failures[0].reason, "502 of the gateway");
    scene.stop(&scene.article.blue);
    scene.azure.clock().sleep(Duration::from_secs(60)).await;
    let report = load.stop().await;
    assert!(report.report.failed > 0, "nobody is excused for blue: {report:?}");
    let tallies: u64 = report.report.clusters.values().map(|tally| tally.sent).sum();
    assert_eq!(tallies, report.report.sent);
}
