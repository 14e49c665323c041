//! Both clusters stay as large as the load wants while traffic moves, there and back; without pins the same runs fail requests.
mod fits;
mod left;
mod load;
pub mod ruled;

use crate::{ask, journal, order_of, story, until};
use bluegreen::functions::orders::{Obeyed, give};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::plan::Kind;
use bluegreen::run::Run;
use bluegreen::run::verbs::Verb;
use bluegreen::site::{Capacity, Site, Stage};
use bluegreen::step::Step;
use serde_json::{Value, json};
use simulated_azure::kubernetes::Server;
use simulated_azure::prober::{Prober, Report};
use std::time::Duration;

/// What a pod of the shop bears, and what users send: five pods at least, eight with the autoscaler's reserve.
const A_POD_BEARS: &str = "200";
const LOAD: f64 = 1000.0;
const DAY: Duration = Duration::from_secs(24 * 3600);
const AUTOSCALERS: &str = "horizontalpodautoscalers.autoscaling";

/// A site that wants this of its capacity.
fn wanting(capacity: Option<Capacity>) -> impl FnOnce(&mut Site) {
    move |site| {
        site.soak_minutes = 20;
        site.capacity = capacity;
    }
}

pub fn pinning() -> Option<Capacity> {
    serde_json::from_str("{}").ok()
}

/// The shop's manifest with pods that bear so much, no count of its own, and what sizes it instead.
pub fn manifest(sizes: &str) -> String {
    let path = format!("{}/examples/shop/manifests/workloads.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let before = "      labels:\n        app: web\n    spec:";
    let bears = format!(
        "      labels:\n        app: web\n      annotations: {{simulated-azure/requests-per-second: \"{A_POD_BEARS}\"}}\n    spec:"
    );
    assert!(text.contains(before) && text.contains("  replicas: 3\n"), "{text}");
    format!("{}\n---\n{sizes}", text.replace(before, &bears).replace("  replicas: 3\n", ""))
}

pub fn autoscaler() -> String {
    json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"minReplicas": 2, "maxReplicas": 20, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}]},
    })
    .to_string()
}

/// A shop whose serving cluster has grown to the load, which users have sent for half an hour.
pub async fn grown(capacity: Option<Capacity>, sizes: &str) -> Shop {
    grown_in(capacity, sizes, &[25, 50, 100], LOAD).await
}

/// The same, whose upgrades go in these stages, at this load.
async fn grown_in(capacity: Option<Capacity>, sizes: &str, shares: &[u8], load: f64) -> Shop {
    let change = |site: &mut Site| {
        wanting(capacity)(site);
        site.stages = shares.iter().map(|share| Stage { share: *share, watch_minutes: 5 }).collect();
    };
    let shop = Shop::open(&Options { probe: false, ..Options::default() }, change).unwrap();
    publish(&shop, &manifest(sizes)).await;
    bring(&shop, &shop.article.blue, sizes);
    shop.azure.world().traffic.demand(&shop.article.host, load);
    let warm = Prober::start(&shop.azure, &[&shop.article.host]);
    tokio::time::sleep(Duration::from_secs(1800)).await;
    drop(warm);
    shop
}

pub async fn publish(shop: &Shop, workloads: &str) {
    publish_as(shop, shop.site.clone(), workloads).await;
}

async fn publish_as(shop: &Shop, site: Site, workloads: &str) {
    crate::publish(shop, site, &[("manifests/workloads.yaml", workloads.to_owned())]).await;
}

/// The serving cluster runs the same.
fn bring(shop: &Shop, cluster: &str, sizes: &str) {
    let mut web = object(shop, cluster, "deployments.apps", "web").unwrap();
    web["spec"]["template"]["metadata"]["annotations"] = json!({"simulated-azure/requests-per-second": A_POD_BEARS});
    web["spec"].as_object_mut().unwrap().remove("replicas");
    let kept = json!({"name": "web", "namespace": "shop", "labels": web["metadata"]["labels"]});
    web["metadata"] = kept;
    web.as_object_mut().unwrap().remove("status");
    let sizes = serde_json::Deserializer::from_str(sizes).into_iter::<Value>().map(Result::unwrap);
    for object in [web].into_iter().chain(sizes) {
        let apply = |server: &mut Server, now| server.apply(&object, now).map_err(|refusal| refusal.message);
        on(shop, cluster, apply).unwrap();
    }
}

fn on<Said>(shop: &Shop, cluster: &str, look: impl FnOnce(&mut Server, jiff::Timestamp) -> Said) -> Said {
    crate::on(shop, cluster, look).expect("the cluster is there")
}

fn object(shop: &Shop, cluster: &str, resource: &str, name: &str) -> Option<Value> {
    on(shop, cluster, |server, now| server.object(resource, "shop", name, now))
}

fn pods(shop: &Shop, cluster: &str) -> u64 {
    object(shop, cluster, "deployments.apps", "web").unwrap()["status"]["readyReplicas"].as_u64().unwrap_or(0)
}

/// The minimum of the shop's autoscaler, and whether it is pinned.
fn least(shop: &Shop, cluster: &str) -> (u64, bool) {
    let found = object(shop, cluster, AUTOSCALERS, "web").unwrap();
    (
        found["spec"]["minReplicas"].as_u64().unwrap(),
        !found["metadata"]["annotations"]["aks-bluegreen/pinned"].is_null(),
    )
}

async fn ended(shop: &Shop) -> Run {
    shop.settled("story", DAY).await.expect("the run ends")
}

/// An upgrade, and how users fared in it.
async fn forward(shop: &Shop) -> (Run, Report) {
    let users = Prober::start(&shop.azure, &[&shop.article.host]);
    ask(shop, "story", Kind::Upgrade, Some("latest-stable"));
    (ended(shop).await, users.stop())
}

/// The same, but that a person goes back when the old cluster has had no traffic for a quarter of an hour.
async fn and_back(shop: &Shop) -> (Run, Report) {
    let users = Prober::start(&shop.azure, &[&shop.article.host]);
    ask(shop, "story", Kind::Upgrade, Some("latest-stable"));
    until(shop, |run| run.step == Step::Soak).await;
    tokio::time::sleep(Duration::from_secs(900)).await;
    let order = order_of(&shop.run().unwrap(), Verb::RollBack);
    assert!(matches!(give(&shop.operator, "shop", &order).await.unwrap(), Obeyed::Yes(_)));
    (ended(shop).await, users.stop())
}

fn told<Said>(story_of: impl AsyncFnOnce() -> Said) -> Said {
    story(|| async { story_of().await })
}
