//! Users' requests through the article's gateway, and the prober that sends them. No workload is applied here.
use jiff::{SignedDuration, Timestamp};
use simulated_azure::article::{Article, Options};
use simulated_azure::prober::Prober;
use simulated_azure::{Clock, SimulatedAzure};
use std::time::Duration;

fn scene() -> (SimulatedAzure, Article) {
    let azure = SimulatedAzure::new(Clock::starting_at("2026-11-25T08:00:00Z".parse().unwrap()));
    let article = Article::set_up(&mut azure.world(), &Options::default(), azure.clock().now());
    (azure, article)
}

fn status(azure: &SimulatedAzure, host: &str, path: &str) -> Option<u16> {
    let now = azure.clock().now();
    azure.world().visit(host, None, path, now).map(|answer| answer.status)
}

fn write(azure: &SimulatedAzure, article: &Article, live: &[String]) {
    let now = azure.clock().now();
    let mut world = azure.world();
    let world = &mut *world;
    let members: Vec<_> = live.iter().map(|address| serde_json::json!({"ipAddress": address})).collect();
    let edit = |body: &mut serde_json::Value| {
        body["properties"]["backendAddressPools"][0]["properties"]["backendAddresses"] = members.into();
    };
    world.resource_manager.stranger_writes(&article.gateway, edit, &mut world.kubernetes, now).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_host_without_a_listener_is_nobodys() {
    let (azure, article) = scene();
    assert_eq!(status(&azure, "elsewhere.example.com", "/"), None);
    assert_eq!(status(&azure, &article.host, "/"), Some(502), "no workload listens");
    assert_eq!(status(&azure, &article.host.to_uppercase(), "/"), Some(502));
    assert_eq!(status(&azure, "eu.pay.example.com", "/shop/x"), Some(502));
}

#[tokio::test(start_paused = true)]
async fn nobody_answers_for_a_stopped_gateway() {
    let (azure, article) = scene();
    let now = azure.clock().now();
    let uri = format!("https://management.azure.com{}/stop?api-version=1", article.gateway);
    let ask = http::Request::post(uri).header("authorization", "Bearer x").body(bytes::Bytes::new()).unwrap();
    {
        let mut world = azure.world();
        let world = &mut *world;
        assert_eq!(world.resource_manager.respond(&ask, &mut world.kubernetes, now).status(), 202);
    }
    assert_eq!(status(&azure, &article.host, "/"), Some(502));
    tokio::time::sleep(Duration::from_secs(41)).await;
    assert_eq!(status(&azure, &article.host, "/"), None);
}

#[tokio::test(start_paused = true)]
async fn the_prober_asks_once_a_second_in_quiet_times() {
    let (azure, article) = scene();
    tokio::time::sleep(Duration::from_secs(120)).await;
    let prober = Prober::start(&azure, &["elsewhere.example.com", &article.host]);
    // The first failure is a change of its own; after its minute all is quiet.
    tokio::time::sleep(Duration::from_secs(70)).await;
    let before = prober.report().sent;
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(prober.stop().sent - before, 200);
}

#[tokio::test(start_paused = true)]
async fn the_prober_asks_twenty_times_a_second_while_something_changes_and_for_a_minute_after() {
    let (azure, article) = scene();
    tokio::time::sleep(Duration::from_secs(120)).await;
    let prober = Prober::start(&azure, &[&article.host]);
    tokio::time::sleep(Duration::from_secs(80)).await;
    write(&azure, &article, &article.green_addresses);
    let began = azure.clock().now();
    tokio::time::sleep(Duration::from_secs(200)).await;
    let report = prober.stop();
    let sent = |seconds: i64| {
        let second = began + SignedDuration::from_secs(seconds);
        report.seconds.get(&second.as_second()).map_or(0, |tally| tally.sent)
    };
    assert_eq!(sent(-5), 1);
    // The operation takes 40 s, the members 3 s more, and then a minute.
    for seconds in [5, 39, 42, 60, 100] {
        assert_eq!(sent(seconds), 20, "second {seconds}");
    }
    assert_eq!(sent(110), 1);
}

#[tokio::test(start_paused = true)]
async fn the_prober_keeps_the_first_failures_and_stops() {
    let (azure, article) = scene();
    let began = azure.clock().now();
    let prober = Prober::start(&azure, &[&format!("{}/buy", article.host)]);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(prober.samples()[0].from, began);
    let report = prober.stop();
    assert_eq!(report.failed, report.sent);
    let first = &report.failures[0];
    assert_eq!((first.at, first.path.as_str(), first.status), (began, "/buy", Some(502)));
    assert_eq!(first.cluster, None);
}

#[tokio::test(start_paused = true)]
async fn a_visit_is_cheap() {
    let (azure, article) = scene();
    let mut world = azure.world();
    let began: Timestamp = azure.clock().now();
    let visits = 100_000;
    // Time as tokio's clock does not show it while it is paused.
    let cpu = || std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse::<u64>().ok();
    let before = cpu();
    for visit in 0..visits {
        world.visit(&article.host, None, "/", began + SignedDuration::from_millis(visit * 50));
    }
    let (Some(before), Some(after)) = (before, cpu()) else { return };
    let each = (after - before) / u64::try_from(visits).unwrap();
    println!("{each} ns a visit");
    // Unoptimized, with much room for a busy machine.
    assert!(each < 20_000, "{each} ns");
}
