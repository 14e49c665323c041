//! How many requests a second the gateway forwards, and what it adds to their latency:
//! `cargo run -p simulated-azure --example proxy_speed`. It prints, and asserts nothing.
#![expect(clippy::unwrap_used, reason = "figures that cannot be measured are none")]
use bytes::Bytes;
use hdrhistogram::Histogram;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use jiff::SignedDuration;
use serde_json::{Value, json};
use simulated_azure::article::{Article, Options};
use simulated_azure::data_plane::{self, DataPlane};
use simulated_azure::{Clock, SimulatedAzure};
use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::Instant;

const SECONDS: u64 = 5;
/// In microseconds: a minute.
const LONGEST: u64 = 60_000_000;

#[tokio::main]
async fn main() {
    let azure = SimulatedAzure::new(Clock::running_at("2026-11-25T08:00:00Z".parse().unwrap(), 60));
    let article = Article::set_up(&mut azure.world(), &Options::default(), azure.clock().now());
    apply_workload(&azure, &article);
    let plane = DataPlane::start(&azure, data_plane::Options::default()).unwrap();
    let pod = first_pod(plane.address(), &article.host).await;
    // Users who never pause are all under way at any time: rate x mean latency is their number, or the figures are wrong.
    let mut text = String::from("users  way      requests/s   p50 in µs   p99 in µs   rate x mean\n");
    for users in [1, 8, 64] {
        for (way, address) in [("direct", pod), ("gateway", plane.address())] {
            let seen = measure(address, &article.host, users).await;
            let (p50, p99) = (seen.value_at_quantile(0.5), seen.value_at_quantile(0.99));
            let rate = seen.len() as f64 / SECONDS as f64;
            let under_way = rate * seen.mean() / 1e6;
            text += &format!("{users:<6} {way:<8} {rate:>10.0} {p50:>11} {p99:>11} {under_way:>13.1}\n");
        }
    }
    std::io::stdout().write_all(text.as_bytes()).unwrap();
    plane.stop().await;
}

/// The latencies of users who each ask again as soon as they are answered, in microseconds.
async fn measure(address: SocketAddr, host: &str, users: usize) -> Histogram<u64> {
    let until = Instant::now() + Duration::from_secs(SECONDS);
    let client: Client<HttpConnector, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let user = || {
        let (client, host) = (client.clone(), host.to_owned());
        tokio::spawn(async move {
            let mut seen = histogram();
            while Instant::now() < until {
                let began = Instant::now();
                ask(&client, address, &host).await;
                seen.saturating_record(u64::try_from(began.elapsed().as_micros()).unwrap());
            }
            seen
        })
    };
    let mut all = histogram();
    for seen in futures::future::join_all((0..users).map(|_| user())).await {
        all.add(seen.unwrap()).unwrap();
    }
    all
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, 3).unwrap()
}

async fn ask(client: &Client<HttpConnector, Empty<Bytes>>, address: SocketAddr, host: &str) -> Bytes {
    let request = Request::get(format!("http://{address}/")).header("host", host).body(Empty::new()).unwrap();
    let answer = client.request(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.into_body().collect().await.unwrap().to_bytes()
}

/// The address of the server of a pod, as its answer says.
async fn first_pod(gateway: SocketAddr, host: &str) -> SocketAddr {
    let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let answer: Value = serde_json::from_slice(&ask(&client, gateway, host).await).unwrap();
    answer["address"].as_str().unwrap().parse().unwrap()
}

fn apply_workload(azure: &SimulatedAzure, article: &Article) {
    let (world, now) = (azure.world(), azure.clock().now());
    let fqdn = world.resource_manager.resource(&article.blue).unwrap()["properties"]["fqdn"].clone();
    let mut server = world.kubernetes.server(fqdn.as_str().unwrap()).unwrap();
    let labels = json!({"app": "shop"});
    let pods = json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "shop", "image": "shop:1"}]}});
    let spec = json!({"replicas": 3, "selector": {"matchLabels": labels}, "template": pods});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop", "namespace": "shop"}, "spec": spec});
    server.apply(&deployment, now).unwrap();
    for (number, address) in article.blue_addresses.iter().enumerate() {
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": format!("shop-{number}"), "namespace": "shop"},
            "spec": {"type": "LoadBalancer", "loadBalancerIP": address, "selector": labels, "ports": [{"port": 80}]},
        });
        server.apply(&service, now).unwrap();
    }
    server.age_by(SignedDuration::from_secs(600), now);
}
