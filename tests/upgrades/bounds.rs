//! No function lasts longer than its bound, whatever hangs, drips or pours; no body is collected without an end, and no
//! list is followed without one.
use crate::{ask, quick, story, until};
use axum::body::Body;
use bluegreen::functions::app::App;
use bluegreen::functions::host::router;
use bluegreen::local::shop::{Options, Shop, app_of};
use bluegreen::plan::Kind;
use bluegreen::run::Run;
use bluegreen::site::SmokeTest;
use bluegreen::step::Step;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use simulated_azure::{Effect, Fault, On, Process};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tower::ServiceExt;

/// What an invocation may take, and what more where it begins a way back.
const BOUND: Duration = Duration::from_secs(100);
const WITH_A_WAY_BACK: Duration = Duration::from_secs(160);
/// Each service, by a part of its host name.
const SERVICES: [&str; 4] = [".blob.", "management.", "servicebus", "169.254."];

/// A shop in which a run watches its traffic, and the Functions host is gone: the test is the host.
async fn watching() -> (Shop, Run) {
    let shop = Shop::open(&Options { probe: false, ..Options::default() }, quick).unwrap();
    ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
    let run = until(&shop, |run| run.step == Step::ConfirmTraffic).await;
    shop.host.stop();
    (shop, run)
}

/// Calls of every function that has a folder, with something that it works at.
fn calls(run: &Run) -> Vec<(Method, String, Value)> {
    let envelope = |message: Value| json!({"Data": {"message": message.to_string()}, "Metadata": {}});
    let request = json!({"site": "shop", "version": "latest-stable", "kind": "upgrade", "requestedBy": "person:x"});
    let order = json!({"run": run.id, "step": run.step, "stage": run.stage, "by": "x", "reason": "x"});
    let folders = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("function-definitions")).unwrap();
    let names = folders.map(|folder| folder.unwrap().file_name().into_string().unwrap());
    names
        .flat_map(|name| {
            let body = match name.as_str() {
                "Upgrades" => {
                    return vec![
                        (Method::GET, "/upgrades".to_owned(), json!({})),
                        (Method::GET, "/upgrades/shop".to_owned(), json!({})),
                        (Method::POST, "/upgrades/shop".to_owned(), request.clone()),
                        (Method::POST, "/upgrades/shop/pause".to_owned(), order.clone()),
                        (
                            Method::POST,
                            "/Upgrades".to_owned(),
                            json!({"Data": {"req": {"Method": "GET",
                            "Url": "https://x/upgrades", "Query": {}, "Headers": {}, "Params": {}}}}),
                        ),
                    ];
                }
                "RequestUpgrade" => envelope(request.clone()),
                "VersionAvailable" => envelope(json!({
                    "eventType": "Microsoft.ContainerService.NewKubernetesVersionAvailable",
                    "topic": run.plan.old_slot().cluster, "subject": "x"})),
                step => envelope(json!({"format": 1, "site": "shop", "run": run.id, "hop": run.hop,
                    "step": if Step::named(step).is_some() { step } else { run.step.name() }})),
            };
            vec![(Method::POST, format!("/{name}"), body)]
        })
        .collect()
}

/// How long a fresh process takes for a call, and what it answers. Nobody waits longer than 15 minutes.
async fn lasts(shop: &Shop, call: &(Method, String, Value)) -> (Duration, Option<StatusCode>) {
    lasts_in(app_of(&shop.azure, &Process::new("alone")).unwrap(), call).await
}

/// The same in a process with this app.
async fn lasts_in(app: App, (method, path, body): &(Method, String, Value)) -> (Duration, Option<StatusCode>) {
    let router = router(app);
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let request = request.header("x-bluegreen-intent", "act").body(Body::from(body.to_string())).unwrap();
    let began = Instant::now();
    let answer = timeout(Duration::from_secs(900), router.oneshot(request)).await;
    (began.elapsed(), answer.ok().map(|answer| answer.unwrap().status()))
}

#[test]
fn every_function_is_bounded() {
    let hang = Effect::Delay(Duration::from_secs(3600));
    let mut too_long = vec![];
    let mut longest = Duration::ZERO;
    for (how, effect) in [("hangs", hang), ("drips", Effect::drip())] {
        for service in SERVICES {
            story(|| async {
                let (shop, run) = watching().await;
                shop.azure.world().faults.add(Fault::always("ill", On::host(service), effect.clone()));
                for call in calls(&run) {
                    let (took, status) = lasts(&shop, &call).await;
                    longest = longest.max(took);
                    if took > BOUND || status.is_none() {
                        too_long.push(format!("{service} {how}: {} {} took {took:?}", call.0, call.1));
                    }
                    if call.1 == "/DeadLetter" {
                        assert_eq!(status, Some(StatusCode::OK), "{service} {how}: nobody takes it a second time");
                    }
                }
            });
        }
    }
    println!("the longest took {longest:?}");
    assert!(too_long.is_empty(), "{}", too_long.join("\n"));
}

#[test]
fn a_way_back_has_a_bound_of_its_own() {
    story(|| async {
        let (shop, run) = watching().await;
        // The order is carried out late, and what it begins hangs.
        let late = Fault::once("late", On::call(Method::PUT, "/runs/active"), Effect::Delay(Duration::from_secs(95)));
        let hang = Fault::always("hang", On::host("management."), Effect::Delay(Duration::from_secs(3600)));
        shop.azure.world().faults.add(late);
        shop.azure.world().faults.add(hang);
        let order = json!({"run": run.id, "by": "x", "reason": "x"});
        let (app, began) = (app_of(&shop.azure, &Process::new("alone")).unwrap(), Instant::now());
        let at_work = app.at_work.clone();
        let (took, status) = lasts_in(app, &(Method::POST, "/upgrades/shop/roll_back".into(), order)).await;
        assert_eq!((shop.run().unwrap().step, status), (Step::RestoreTraffic, Some(StatusCode::OK)));
        assert!(took <= BOUND, "the caller is told at once that it is kept: {took:?}");
        // What goes on meanwhile holds a process that is told to end, and has an end itself.
        while !at_work.is_over() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert!(began.elapsed() > BOUND && began.elapsed() <= WITH_A_WAY_BACK, "{:?}", began.elapsed());
    });
}

#[test]
fn a_request_outlives_a_resource_manager_that_hangs() {
    story(|| async {
        let shop = Shop::open(&Options { probe: false, ..Options::default() }, quick).unwrap();
        let began = shop.azure.clock().now();
        let hang = Fault::always("hang", On::host("management."), Effect::Delay(Duration::from_secs(3600)));
        let minutes = jiff::SignedDuration::from_mins(30);
        shop.azure.world().faults.add(hang.between(began, began + minutes));
        ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
        until(&shop, |run| run.step == Step::CreateCluster).await;
        assert_eq!(shop.host.counters().dead_letters, 0);
    });
}

#[test]
fn no_body_is_collected_without_an_end() {
    // A list of objects that is too large is asked for again in smaller pages, four times.
    let services = [(".blob.", 17), ("management.", 17), ("servicebus", 17), ("169.254.", 17), (".azmk8s.", 5 * 17)];
    for (service, most) in services {
        story(|| async {
            let (shop, run) = watching().await;
            let app = app_of(&shop.azure, &Process::new("alone")).unwrap();
            let (flood, taken) = Effect::flood(256);
            if service == ".azmk8s." {
                let cluster = app.reader.kubernetes(&run.plan.old_slot().cluster).await.ok().unwrap();
                shop.azure.world().faults.add(Fault::always("flood", On::host(service), flood));
                assert!(cluster.all("v1", "Node").await.is_err());
            } else {
                shop.azure.world().faults.add(Fault::once("flood", On::host(service), flood));
                let failed = match service {
                    ".blob." => app.store.sites_with_runs().await.is_err(),
                    "servicebus" => app.bus.first_since(Step::Soak.name()).await.is_err(),
                    _ => app.reader.gateway(&run.plan.site.gateway).await.is_err(),
                };
                assert!(failed, "{service}");
            }
            let taken = taken.load(Ordering::Relaxed);
            assert!((1..=most).contains(&taken), "{service}: {taken} MB were taken");
        });
    }
    story(|| async {
        let (shop, _) = watching().await;
        let app = app_of(&shop.azure, &Process::new("alone")).unwrap();
        let (flood, taken) = Effect::flood(256);
        shop.azure.world().faults.add(Fault::once("flood", On::host("shop.example"), flood));
        let test =
            SmokeTest { url: "http://shop.example/".into(), connect_to: None, status: 200, contains: Some("x".into()) };
        assert!(app.reader.test(&test).await.is_err());
        let taken = taken.load(Ordering::Relaxed);
        assert!((1..=2).contains(&taken), "a page of the new workload: {taken} MB were taken");
    });
}

#[test]
fn no_list_is_followed_without_an_end() {
    const ALWAYS: u32 = 2000;
    let asked = |shop: &Shop| shop.azure.world().faults.hits().iter().filter(|(name, _)| name == "list").count();
    let answer = |body: Value| Effect::Answer { status: StatusCode::OK, headers: vec![], body };
    story(|| async {
        let (shop, run) = watching().await;
        let app = app_of(&shop.azure, &Process::new("alone")).unwrap();
        let namespace = app.namespace.clone().unwrap();
        // It leads to itself, then in a circle of two.
        for links in [["a", "a"], ["a", "b"]] {
            for link in links {
                let body = json!({"value": [], "nextLink": format!("https://management.azure.com/x?page={link}")});
                let on = On::call(Method::GET, if link == links[0] { "subscriptions" } else { "page=a" });
                shop.azure.world().faults.add(Fault { times: Some(ALWAYS), ..Fault::once("list", on, answer(body)) });
            }
            let before = asked(&shop);
            assert!(app.reader.subscriptions(&namespace).await.is_err());
            assert!(asked(&shop) - before <= 4, "{} pages were asked for", asked(&shop) - before);
            shop.azure.world().faults.remove("list");
        }
        let list =
            "<?xml version=\"1.0\"?><EnumerationResults><Blobs/><NextMarker>again</NextMarker></EnumerationResults>";
        let on = On::call(Method::GET, "comp=list");
        shop.azure.world().faults.add(Fault { times: Some(ALWAYS), ..Fault::once("list", on, Effect::Xml(list)) });
        let before = asked(&shop);
        assert!(app.store.sites_with_runs().await.is_err());
        assert!(asked(&shop) - before <= 4, "{} pages of the store were asked for", asked(&shop) - before);
        shop.azure.world().faults.remove("list");
        let cluster = app.reader.kubernetes(&run.plan.old_slot().cluster).await.ok().unwrap();
        let body = json!({"apiVersion": "v1", "kind": "NodeList", "metadata": {"continue": "again"}, "items": []});
        let on = On::call(Method::GET, "/api/v1/nodes");
        shop.azure.world().faults.add(Fault { times: Some(ALWAYS), ..Fault::once("list", on, answer(body)) });
        let before = asked(&shop);
        assert!(cluster.all("v1", "Node").await.is_err());
        assert!(asked(&shop) - before <= 4, "{} pages of nodes were asked for", asked(&shop) - before);
    });
}
