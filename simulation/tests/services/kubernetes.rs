//! The real kube client against the simulated API servers, in process, on a paused clock.
mod access;
mod apply;
mod calls;
mod cron_jobs;
mod customs;
mod deletions;
mod front;
mod jobs;
mod kubectl;
mod lists;
mod machines;
mod objects;
mod policies;
mod protobuf;
mod reading;
mod recorded;
mod refusals;
mod rollouts;
mod rules;
mod scaling;
mod storage;
mod visits;
mod watches;

use axum::body::Body;
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use simulated_azure::{
    Clock,
    kubernetes::{Fleet, Shape},
};
use std::sync::{Arc, Mutex};

const HOST: &str = "green-1.hcp.westeurope.azmk8s.io";

fn seconds(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}

fn began() -> Timestamp {
    "2026-11-25T00:00:00Z".parse().unwrap()
}

/// The moment so many seconds after the beginning.
fn at(count: i64) -> Timestamp {
    began() + seconds(count)
}

fn shape(nodes: u32) -> Shape {
    let node_group = "/subscriptions/s/resourceGroups/MC_rg-shop_green_westeurope".into();
    Shape { cluster: "green".into(), version: "1.34.1".into(), nodes, node_group }
}

/// A fleet of one cluster that began at `began`.
fn fleet(nodes: u32) -> Fleet {
    let mut fleet = Fleet::default();
    fleet.add(HOST, shape(nodes), began());
    fleet
}

/// A fleet of one cluster whose nodes are ready, on the tests' paused clock.
fn world() -> (Arc<Mutex<Fleet>>, Clock) {
    let fleet = fleet(2);
    fleet.server(HOST).unwrap().age_by(seconds(600), began());
    (Arc::new(Mutex::new(fleet)), Clock::starting_at(began()))
}

fn client(fleet: &Arc<Mutex<Fleet>>, clock: Clock) -> kube::Client {
    let fleet = Arc::clone(fleet);
    let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let fleet = Arc::clone(&fleet);
        async move {
            let (mut parts, body) = request.into_parts();
            parts.headers.insert("authorization", http::HeaderValue::from_static("Bearer operator"));
            let body = body.collect().await.map_err(|_| "the body broke")?.to_bytes();
            let ask = http::Request::from_parts(parts, body);
            let reply = fleet.lock().unwrap().respond(HOST, &ask, clock.now()).map_err(|_| "no answer")?;
            Ok::<_, &'static str>(reply)
        }
    });
    kube::Client::new(service, "default")
}

/// One call, and its status and JSON.
fn call(fleet: &mut Fleet, method: &str, path: &str, sort: &str, body: &str, now: Timestamp) -> (u16, Value) {
    let ask = http::Request::builder().method(method).uri(format!("https://{HOST}{path}"));
    let ask = ask.header("authorization", "Bearer operator").header("content-type", sort);
    let ask = ask.body(bytes::Bytes::from(body.to_owned())).unwrap();
    let reply = fleet.respond(HOST, &ask, now).unwrap();
    let status = reply.status().as_u16();
    (status, json_of(reply.into_body()))
}

fn json_of(body: Body) -> Value {
    let bytes = futures::FutureExt::now_or_never(body.collect()).unwrap().unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap_or(Value::Null)
}

fn get(fleet: &mut Fleet, path: &str, now: Timestamp) -> Value {
    call(fleet, "GET", path, "application/json", "", now).1
}

fn deployment(name: &str, image: &str, replicas: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "default"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": {
            "metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "web", "image": image}]}}},
    })
}

/// Whether a status has this condition with this status.
fn has(object: &Value, sort: &str, status: &str, reason: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().any(|one| one["type"] == sort && one["status"] == status && one["reason"] == reason)
}

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
