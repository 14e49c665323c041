//! The article's base with a workload on both clusters, all of it ready, and a data plane in front.
use super::shop;
use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use jiff::SignedDuration;
use serde_json::{Value, json};
use simulated_azure::article::{Article, Options};
use simulated_azure::data_plane::{self, DataPlane};
use simulated_azure::{Clock, SimulatedAzure, World};
use std::time::Duration;
use tokio::time::Instant;

/// World seconds in a second: a probe every 100 ms.
pub const SPEED: u32 = 50;

pub const KEEP_ALIVE: Duration = Duration::from_secs(75);

pub struct Scene {
    pub azure: SimulatedAzure,
    pub article: Article,
    pub plane: DataPlane,
    client: Client<HttpConnector, Empty<Bytes>>,
}

/// What somebody got.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    pub headers: HeaderMap,
    /// `null` when it was no JSON: the gateway's own page.
    pub body: Value,
}

impl Got {
    pub fn cluster(&self) -> &str {
        self.body["cluster"].as_str().unwrap_or("")
    }
}

impl Scene {
    /// Both clusters run, and the live pool has the first address of each colour that is named.
    pub fn open(live: &[&str]) -> Self {
        Self::open_with(live, |_| {}, KEEP_ALIVE)
    }

    pub fn open_with(live: &[&str], edit: impl FnOnce(&mut Value), keep_alive: Duration) -> Self {
        let azure = SimulatedAzure::new(Clock::running_at("2026-11-25T08:00:00Z".parse().unwrap(), SPEED));
        let now = azure.clock().now();
        let base = Options::default();
        let article = Article::set_up(&mut azure.world(), &base, now);
        {
            let World { resource_manager, kubernetes, .. } = &mut *azure.world();
            resource_manager.timings.write_gateway = Duration::from_secs(10);
            let green = article.cluster(&article.green_subnet, &Options { version: "1.34.2".into(), ..base });
            resource_manager.place(&article.green, green, kubernetes, now);
            let mut gateway = resource_manager.resource(&article.gateway).unwrap().clone();
            gateway["properties"]["backendAddressPools"][0]["properties"]["backendAddresses"] = members(&article, live);
            edit(&mut gateway);
            resource_manager.place(&article.gateway, gateway, kubernetes, now);
        }
        let colours = [("aks-blue".into(), "blue".into())].into();
        let options = data_plane::Options { colours, keep_alive, ..data_plane::Options::default() };
        for (cluster, addresses) in
            [(&article.blue, &article.blue_addresses), (&article.green, &article.green_addresses)]
        {
            shop::apply(&azure, cluster, addresses);
            age(&azure, cluster);
        }
        let plane = DataPlane::start(&azure, options).unwrap();
        Self { azure, article, plane, client: Client::builder(TokioExecutor::new()).build(HttpConnector::new()) }
    }

    pub fn api_server(&self, cluster: &str) -> String {
        shop::api_server(&self.azure, cluster)
    }

    /// A cluster stops at once.
    pub fn stop(&self, cluster: &str) {
        let host = self.api_server(cluster);
        self.azure.world().kubernetes.stop(&host);
    }

    /// Asks the users' host name.
    pub async fn ask(&self, path: &str) -> Got {
        self.ask_as(&self.article.host, path, &[]).await.unwrap()
    }

    pub async fn ask_as(&self, host: &str, path: &str, headers: &[(&str, &str)]) -> Result<Got, String> {
        let mut request = Request::get(format!("http://{}{path}", self.plane.address())).header("host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer =
            self.client.request(request.body(Empty::new()).unwrap()).await.map_err(|error| error.to_string())?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        Ok(Got { status: head.status.as_u16(), headers: head.headers, body })
    }

    /// The clusters that answer so many requests, one after the other.
    pub async fn clusters(&self, count: usize) -> Vec<String> {
        let mut seen = vec![];
        for _ in 0..count {
            seen.push(self.ask("/").await.cluster().to_owned());
        }
        seen
    }

    /// Asks until the answer is as wished; gives it.
    pub async fn ask_until(&self, wished: impl Fn(&Got) -> bool) -> Got {
        let patience = Instant::now() + Duration::from_secs(30);
        loop {
            let got = self.ask("/").await;
            if wished(&got) {
                return got;
            }
            assert!(Instant::now() < patience, "still {got:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Somebody writes the gateway.
    pub fn write(&self, edit: impl FnOnce(&mut Value)) {
        let now = self.azure.clock().now();
        {
            let World { resource_manager, kubernetes, .. } = &mut *self.azure.world();
            resource_manager.stranger_writes(&self.article.gateway, edit, kubernetes, now).unwrap();
        }
        self.azure.touch();
    }

    /// Writes the live pool: the first address of each colour.
    pub fn write_live(&self, live: &[&str]) {
        let members = members(&self.article, live);
        self.write(|body| body["properties"]["backendAddressPools"][0]["properties"]["backendAddresses"] = members);
    }
}

fn members(article: &Article, live: &[&str]) -> Value {
    let address = |colour: &&str| match *colour {
        "blue" => article.blue_addresses[0].clone(),
        _ => article.green_addresses[0].clone(),
    };
    live.iter().map(|colour| json!({"ipAddress": address(colour)})).collect()
}

/// What was just brought has been there for a while.
fn age(azure: &SimulatedAzure, cluster: &str) {
    let (host, now) = (shop::api_server(azure, cluster), azure.clock().now());
    azure.world().kubernetes.server(&host).unwrap().age_by(SignedDuration::from_secs(600), now);
}
