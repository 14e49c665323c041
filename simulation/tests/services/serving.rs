//! Users are served by the clusters' workloads: through the gateway, while clusters and members come and go.
use crate::fixture;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use simulated_azure::article::{Article, Options};
use simulated_azure::prober::Prober;
use simulated_azure::{Clock, SimulatedAzure, World};
use std::time::Duration;

struct Shop {
    azure: SimulatedAzure,
    article: Article,
}

impl Shop {
    async fn open() -> Self {
        let azure = SimulatedAzure::new(Clock::starting_at("2026-11-25T08:00:00Z".parse().unwrap()));
        let article = Article::set_up(&mut azure.world(), &Options::default(), azure.clock().now());
        let shop = Self { azure, article };
        fixture::apply(&shop.azure, &shop.article.blue, &shop.article.blue_addresses);
        shop.pass(300).await;
        shop
    }

    async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> (u16, http::HeaderMap) {
        let now = self.azure.clock().now();
        let ask = http::Request::builder().method(method).header("authorization", "Bearer x");
        let ask = ask.uri(format!("https://management.azure.com{path}?api-version=1"));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut world = self.azure.world();
        let world = &mut *world;
        let reply = world.resource_manager.respond(&ask.body(body.into()).unwrap(), &mut world.kubernetes, now);
        (reply.status().as_u16(), reply.headers().clone())
    }

    async fn make_green(&self) {
        let options = Options { version: "1.34.2".into(), ..Options::default() };
        let (status, _) =
            self.call("PUT", &self.article.green, &self.article.cluster(&self.article.green_subnet, &options));
        assert_eq!(status, 201);
        self.pass(8 * 60).await;
        fixture::apply(&self.azure, &self.article.green, &self.article.green_addresses);
        self.pass(5 * 60).await;
    }

    /// Writes the live pool, and lets it take effect.
    async fn serve_from(&self, members: &[&String]) {
        let now = self.azure.clock().now();
        self.write(now, members);
        self.pass(60).await;
    }

    fn write(&self, now: Timestamp, members: &[&String]) {
        let World { resource_manager, kubernetes, .. } = &mut *self.azure.world();
        let members: Vec<_> = members.iter().map(|address| json!({"ipAddress": address})).collect();
        let edit = |body: &mut Value| {
            body["properties"]["backendAddressPools"][0]["properties"]["backendAddresses"] = members.into();
        };
        resource_manager.stranger_writes(&self.article.gateway, edit, kubernetes, now).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn traffic_moves_from_blue_to_green_without_a_lost_request() {
    let shop = Shop::open().await;
    let prober = Prober::start(&shop.azure, &[&shop.article.host]);
    shop.make_green().await;
    let (blue, green) = (&shop.article.blue_addresses, &shop.article.green_addresses);
    shop.serve_from(&[&blue[0], &blue[1], &blue[2], &green[0]]).await;
    shop.pass(120).await;
    let mixed = prober.samples().pop().unwrap();
    assert!((mixed.share("aks-green") - 0.25).abs() < 0.02, "{mixed:?}");
    shop.serve_from(&green.iter().collect::<Vec<_>>()).await;
    shop.pass(120).await;
    let (status, _) = shop.call("DELETE", &shop.article.blue, &Value::Null);
    assert_eq!(status, 202);
    shop.pass(600).await;
    let report = prober.stop();
    assert_eq!(report.failures, []);
    assert_eq!(report.minutes.first().unwrap().share("aks-blue"), 1.0);
    assert_eq!(report.minutes.last().unwrap().share("aks-green"), 1.0);
    assert!(report.sent > 10_000, "{}", report.sent);
}

#[tokio::test(start_paused = true)]
async fn deleting_the_cluster_that_serves_costs_every_request() {
    let shop = Shop::open().await;
    let prober = Prober::start(&shop.azure, &[&shop.article.host]);
    shop.pass(60).await;
    let began = shop.azure.clock().now();
    shop.call("DELETE", &shop.article.blue, &Value::Null);
    shop.pass(120).await;
    let report = prober.stop();
    let first = &report.failures[0];
    assert_eq!((first.at.duration_since(began).as_secs(), first.status), (30, Some(502)));
    assert_eq!(report.minutes.last().unwrap().share("aks-blue"), 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_cluster_serves_again_after_its_start() {
    let shop = Shop::open().await;
    let status = || {
        let now = shop.azure.clock().now();
        shop.azure.world().visit(&shop.article.host, None, "/", now).unwrap().status
    };
    assert_eq!(status(), 200);
    shop.call("POST", &format!("{}/stop", shop.article.blue), &Value::Null);
    shop.pass(150).await;
    assert_eq!(status(), 502);
    shop.call("POST", &format!("{}/start", shop.article.blue), &Value::Null);
    shop.pass(600).await;
    assert_eq!(status(), 200);
}

#[tokio::test(start_paused = true)]
async fn what_the_script_breaks_is_excused() {
    let shop = Shop::open().await;
    let prober = Prober::start(&shop.azure, &[&shop.article.host]);
    shop.pass(100).await;
    let from = shop.azure.clock().now() + SignedDuration::from_secs(10);
    let until = from + SignedDuration::from_secs(60);
    prober.excuse("aks-blue", from, until + SignedDuration::from_secs(15));
    let host = fixture::api_server(&shop.azure, &shop.article.blue);
    shop.azure.world().kubernetes.break_workloads(&host, from, until);
    shop.pass(200).await;
    let report = prober.stop();
    assert!(report.excused > 20, "{report:?}");
    assert_eq!(report.failures, []);
}

#[tokio::test(start_paused = true)]
async fn the_gateway_sees_which_of_its_members_are_healthy() {
    let shop = Shop::open().await;
    shop.serve_from(&[&shop.article.blue_addresses[0], &shop.article.green_addresses[0]]).await;
    let (_, headers) = shop.call("POST", &format!("{}/backendhealth", shop.article.gateway), &Value::Null);
    shop.pass(20).await;
    let location = headers["location"].to_str().unwrap().to_owned();
    let now = shop.azure.clock().now();
    let ask = http::Request::get(location).header("authorization", "Bearer x").body(bytes::Bytes::new()).unwrap();
    let reply = {
        let World { resource_manager, kubernetes, .. } = &mut *shop.azure.world();
        resource_manager.respond(&ask, kubernetes, now)
    };
    let bytes = http_body_util::BodyExt::collect(reply.into_body()).await.unwrap().to_bytes();
    let seen: Value = serde_json::from_slice(&bytes).unwrap();
    let servers = seen["backendAddressPools"][0]["backendHttpSettingsCollection"][0]["servers"].as_array().unwrap();
    let health: Vec<_> = servers.iter().map(|server| server["health"].as_str().unwrap()).collect();
    assert_eq!(health, ["Healthy", "Unhealthy"]);
}
