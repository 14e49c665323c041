//! What the API reads: a page is a handful of requests to the store, however many sites there are, and says what the
//! documents say, whoever wrote them.
use crate::edited::edited;
use crate::http_api::{call, read, request};
use crate::{ask, quick, story, until};
use axum::Router;
use axum::body::Body;
use bluegreen::functions::host::router;
use bluegreen::local::setting::ACCOUNT;
use bluegreen::local::shop::{Options, Shop, app_of};
use bluegreen::plan::Kind;
use bluegreen::run::Run;
use bluegreen::step::Step;
use bluegreen::store::RUNS;
use http::{Request, Response};
use serde_json::{Value, json};
use simulated_azure::{Latency, Process};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;
use tower::ServiceExt;

/// A shop with a run at its first step, and no host.
async fn shop() -> (Shop, Run) {
    let shop = Shop::open(&Options { probe: false, ..Options::default() }, quick).unwrap();
    ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
    let run = until(&shop, |run| run.step == Step::CreateCluster).await;
    shop.host.stop();
    (shop, run)
}

/// The same run as that of another site.
fn of_site(run: &Run, site: &str, changes: &Value) -> Run {
    let mut plan = serde_json::to_value(&*run.plan).unwrap();
    plan["site"]["name"] = json!(site);
    let mut all = json!({"plan": plan});
    all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    edited(run, &all)
}

/// As an older binary, or a hand, writes it: without a line.
fn put(shop: &Shop, run: &Run) {
    let (now, name) = (shop.azure.clock().now(), format!("active/{}.json", run.plan.site.name));
    shop.azure.world().blobs.put(ACCOUNT, RUNS, &name, &serde_json::to_vec(run).unwrap(), now);
}

fn api(shop: &Shop) -> Router {
    router(app_of(&shop.azure, &Process::new("api")).unwrap())
}

async fn get(router: &Router, path: &str) -> (u16, Value) {
    read(router.clone().oneshot(request("GET", path, "")).await.unwrap()).await
}

/// How many requests this process made to the store.
fn asked(shop: &Shop, process: &str) -> usize {
    let world = shop.azure.world();
    world.calls.iter().filter(|call| call.process == process && call.host.contains(".blob.")).count()
}

#[test]
fn a_list_is_three_requests_however_many_sites_there_are() {
    story(|| async {
        let (shop, run) = shop().await;
        for number in 0..300 {
            let ended = of_site(&run, &format!("s-{number:03}"), &json!({"ending": "upgraded"}));
            shop.operator.store.save(&ended, None).await.unwrap();
        }
        let router = api(&shop);
        let (status, page) = get(&router, "/upgrades?most=1000").await;
        assert_eq!((status, page["runs"].as_array().map(Vec::len)), (200, Some(301)), "{page}");
        assert!(asked(&shop, "api") <= 3, "{} requests", asked(&shop, "api"));
        let started = request("POST", "/upgrades/nowhere", "{}");
        drop(router.oneshot(started).await.unwrap());
        assert!(asked(&shop, "api") <= 10, "a start does not read them either");
    });
}

#[test]
fn a_page_says_what_the_documents_say_whoever_wrote_them() {
    story(|| async {
        let (shop, run) = shop().await;
        let written = of_site(&run, "a-new", &json!({"hop": 7}));
        shop.operator.store.save(&written, None).await.unwrap();
        put(&shop, &of_site(&run, "b-old", &json!({"hop": 8, "ending": "finished"})));
        let router = api(&shop);
        let hops = |page: &Value| -> Vec<u64> {
            page["runs"].as_array().unwrap().iter().map(|run| run["hop"].as_u64().unwrap()).collect()
        };
        let (_, page) = get(&router, "/upgrades").await;
        assert_eq!(hops(&page), [7, 8, u64::from(run.hop)]);
        // An older binary goes on with a newer one's document, and the other way round.
        put(&shop, &of_site(&run, "a-new", &json!({"hop": 9, "failure": "ü <&> \u{1f600}"})));
        let (_, page) = get(&router, "/upgrades").await;
        assert_eq!((hops(&page), &page["runs"][0]["failure"]), (vec![9, 8, run.hop.into()], &json!("ü <&> \u{1f600}")));
        let loaded = shop.operator.store.run("a-new").await.unwrap().unwrap();
        shop.operator.store.save(&edited(&loaded.value, &json!({"hop": 10})), Some(&loaded.etag)).await.unwrap();
        let (_, newer) = get(&router, "/upgrades").await;
        assert_eq!((hops(&newer)[0], &newer["runs"][0]["failure"]), (10, &json!("ü <&> \u{1f600}")));
        // One that is too long for a line is read.
        let long = of_site(&run, "c-long", &json!({"failure": "x".repeat(5000)}));
        shop.operator.store.save(&long, None).await.unwrap();
        let (_, page) = get(&router, "/upgrades").await;
        assert_eq!(page["runs"][2]["failure"].as_str().map(str::len), Some(5000));
    });
}

#[test]
fn ended_runs_of_older_binaries_get_their_line_by_the_check() {
    story(|| async {
        let (shop, run) = shop().await;
        let old = of_site(&run, "b-old", &json!({"ending": "finished", "newer": {"member": [1.50, null]}}));
        put(&shop, &old);
        put(&shop, &of_site(&run, "c-moves", &json!({})));
        let document =
            |shop: &Shop| shop.azure.world().blobs.get(ACCOUNT, RUNS, "active/b-old.json").map(<[u8]>::to_vec);
        let before = document(&shop);
        let check = Request::post("/CanaryCheck").body(Body::empty()).unwrap();
        assert_eq!(api(&shop).oneshot(check).await.unwrap().status(), 200);
        assert_eq!(document(&shop), before, "it stays as it is");
        assert!(shop.operator.store.sites_and_lines().await.unwrap().contains(&("b-old".to_owned(), true)));
    });
}

#[test]
fn pages_follow_one_another_and_an_unchanged_one_is_not_sent_again() {
    story(|| async {
        let (shop, run) = shop().await;
        for number in 0..7 {
            let site = of_site(&run, &format!("s-{number}"), &json!({}));
            shop.operator.store.save(&site, None).await.unwrap();
        }
        let router = api(&shop);
        let (mut sites, mut path, mut pages) = (BTreeSet::new(), "/upgrades?most=3".to_owned(), 0);
        loop {
            let (status, page) = get(&router, &path).await;
            assert_eq!(status, 200, "{path}: {page}");
            let runs = page["runs"].as_array().unwrap();
            assert!(runs.len() <= 3 && runs.iter().all(|run| sites.insert(run["site"].as_str().unwrap().to_owned())));
            pages += 1;
            let Some(next) = page["next"].as_str() else { break };
            path = next.to_owned();
        }
        assert_eq!((pages, sites.len()), (3, 8));
        for wrong in ["most=0", "most=1001", "most=x", "after=%00nonsense"] {
            assert_eq!(get(&router, &format!("/upgrades?{wrong}")).await.0, 400, "{wrong}");
        }
        for path in ["/upgrades", "/upgrades/s-1", "/upgrades/openapi.json"] {
            let get = |known: Option<String>| {
                let mut get = Request::get(path);
                if let Some(known) = known {
                    get = get.header("if-none-match", known);
                }
                let (router, get) = (router.clone(), get.body(Body::empty()).unwrap());
                async move { router.oneshot(get).await.unwrap() }
            };
            let etag = |answer: &Response<Body>| answer.headers()["etag"].to_str().unwrap().to_owned();
            let first = get(None).await;
            assert_eq!(
                (first.status().as_u16(), &first.headers()["cache-control"]),
                (200, &"private, no-cache".parse().unwrap())
            );
            let known = etag(&first);
            let (parts, body) = get(Some(format!("\"x\", W/{known}"))).await.into_parts();
            assert_eq!((parts.status.as_u16(), parts.headers["etag"].to_str().unwrap()), (304, &known[..]), "{path}");
            assert!(axum::body::to_bytes(body, 10).await.unwrap().is_empty());
        }
        let known = router.clone().oneshot(request("GET", "/upgrades/s-1", "")).await.unwrap();
        let known = known.headers()["etag"].to_str().unwrap().to_owned();
        let loaded = shop.operator.store.run("s-1").await.unwrap().unwrap();
        let next = edited(&loaded.value, &json!({"hop": 99}));
        shop.operator.store.save(&next, Some(&loaded.etag)).await.unwrap();
        let again = Request::get("/upgrades/s-1").header("if-none-match", known).body(Body::empty()).unwrap();
        assert_eq!(router.oneshot(again).await.unwrap().status(), 200, "it has changed");
    });
}

/// The same id is the same run, in the header as in the body.
#[test]
fn a_start_that_is_sent_again_is_the_same_run() {
    story(|| async {
        let shop = Shop::open(&Options { probe: false, ..Options::default() }, quick).unwrap();
        let send = |key: &'static str, body: &'static str| {
            let mut start = request("POST", "/upgrades/shop", body);
            start.headers_mut().insert("idempotency-key", key.parse().unwrap());
            let answer = shop.host.http(start);
            async move { read(answer.await).await }
        };
        let first = send("\"night-1\"", "{\"version\": \"latest-stable\"}").await;
        assert_eq!((first.0, &first.1["request"]), (202, &json!("night-1")), "{first:?}");
        assert_eq!(send("night-1", "{\"version\": \"latest-stable\"}").await, first);
        assert_eq!(send("night-1", "{\"version\": \"latest-stable\", \"id\": \"another\"}").await.0, 400);
        assert_eq!(send("\" \"", "{\"version\": \"latest-stable\", \"id\": \"night-1\"}").await, first);
        assert_eq!(send("night-2", "{\"version\": \"latest-stable\"}").await.0, 409);
    });
}

/// A world in which calls take their time, and a run that carries traffic.
async fn watching() -> (Shop, Run) {
    let shop =
        Shop::open(&Options { probe: false, latency: Some(Latency::of(1)), ..Options::default() }, quick).unwrap();
    ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
    let run = until(&shop, |run| run.step == Step::ConfirmTraffic).await;
    (shop, run)
}

/// How long a way back takes to be answered, and then to be asked of the gateway, in the world's time, while so many clients
/// poll every 5 s; and how many requests to the store a poll costs.
async fn rolled_back(clients: usize) -> ([Duration; 2], f64) {
    let (shop, run) = watching().await;
    let before = shop.azure.world().calls.len();
    let polls = std::sync::atomic::AtomicUsize::new(0);
    let polling = futures::future::join_all((0..clients).map(|client| {
        let (shop, polls, run) = (&shop, &polls, &run);
        async move {
            tokio::time::sleep(Duration::from_millis(50 * client as u64)).await;
            loop {
                let path = if client % 2 == 0 { "/upgrades" } else { "/upgrades/shop" };
                let (status, said) = call(shop, "GET", path, &Value::Null).await;
                assert_eq!(status, 200, "{} {said}", run.id);
                polls.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        }
    }));
    let ordering = async {
        tokio::time::sleep(Duration::from_secs(12)).await;
        let polled = polls.load(std::sync::atomic::Ordering::SeqCst);
        let reads = {
            let world = shop.azure.world();
            let calls = world.calls[before..].iter();
            calls.filter(|call| call.process.starts_with("Upgrades#") && call.host.contains(".blob.")).count()
        };
        let began = Instant::now();
        let (status, said) = call(&shop, "POST", "/upgrades/shop/roll_back", &json!({"run": run.id})).await;
        assert_eq!((status, &said["step"]), (200, &json!("RestoreTraffic")), "{said}");
        let answered = began.elapsed();
        let is_written = || {
            let calls = &shop.azure.world().calls[before..];
            calls.iter().any(|call| call.method == "PUT" && call.path.contains("/applicationGateways/"))
        };
        while !is_written() {
            assert!(began.elapsed() < Duration::from_secs(20), "the way back is not begun");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        ([answered, began.elapsed()], reads as f64 / polled.max(1) as f64)
    };
    let polling = async {
        polling.await;
        // Nobody polls.
        std::future::pending().await
    };
    tokio::select! {
        told = ordering => told,
        told = polling => told,
    }
}

#[test]
fn a_way_back_is_answered_beside_a_hundred_clients_that_poll() {
    story(|| async {
        let (alone, _) = rolled_back(0).await;
        let (crowded, reads) = rolled_back(100).await;
        println!("a way back is answered, and written, after {alone:?} alone, {crowded:?} beside 100 clients");
        println!("{reads:.1} requests to the store a poll");
        assert!(reads > 0.0 && reads <= 3.0, "{reads} requests to the store a poll");
        assert!(crowded[0] < Duration::from_secs(2), "{crowded:?} beside 100 clients, {alone:?} alone");
        assert!(crowded[1] <= alone[1] + Duration::from_secs(1), "{crowded:?} beside 100 clients, {alone:?} alone");
    });
}
