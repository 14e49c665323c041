//! What becomes of manifests in a new cluster: what is refused and passes later, what never passes, Jobs that are gone when
//! they have ended, fields that others own, ten thousand objects.
mod charts;
mod jobs;
mod many;
pub mod pruned;
pub mod public;
mod ready;
mod refused;
mod rehearsed;
mod rights;
mod taken;

use crate::{ask, publish, quick, until};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::plan::Kind;
use bluegreen::run::{Ending, Run};
use bluegreen::site::{Manifest, Site};
use bluegreen::step::Step;
use http::Method;
use serde_json::{Value, json};
use simulated_azure::{Effect, On};
use std::time::Duration;

/// A shop whose controllers are followed by these files.
async fn with(files: &[(&str, String)]) -> Shop {
    with_site(files, |_| {}).await
}

/// The same, with another site.
pub async fn with_site(files: &[(&str, String)], change: impl FnOnce(&mut Site)) -> Shop {
    let shop = Shop::open(&Options { probe: false, ..Options::default() }, quick).unwrap();
    let more = files.iter().map(|(file, _)| Manifest::of_file(file));
    let controllers = shop.site.controllers.iter().cloned().chain(more).collect();
    let mut site = Site { controllers, ..shop.site.clone() };
    change(&mut site);
    publish(&shop, site, files).await;
    shop
}

/// An upgrade, from its request to its end.
pub async fn ends(shop: &Shop) -> Run {
    ask(shop, "story", Kind::Upgrade, Some("latest-stable"));
    shop.settled("story", Duration::from_secs(24 * 3600)).await.expect("the run ends")
}

/// An upgrade in which something happens as soon as a step has begun.
async fn ends_with(shop: &Shop, step: Step, happens: impl AsyncFnOnce(&str)) -> Run {
    let happens = async {
        until(shop, |run| run.step == step).await;
        happens(&green(shop)).await;
    };
    tokio::join!(ends(shop), happens).0
}

/// The host of the new cluster's API server.
pub fn green(shop: &Shop) -> String {
    let world = shop.azure.world();
    let cluster = world.resource_manager.resource(&shop.article.green).expect("green is there");
    cluster["properties"]["fqdn"].as_str().unwrap().to_owned()
}

/// An object in the new cluster.
pub fn object(shop: &Shop, resource: &str, namespace: &str, name: &str) -> Option<Value> {
    let (host, now) = (green(shop), shop.azure.clock().now());
    let world = shop.azure.world();
    let mut server = world.kubernetes.server(&host).unwrap();
    server.object(resource, namespace, name, now)
}

pub fn journal(run: &Run) -> String {
    run.journal.iter().map(|entry| entry.what.as_str()).collect::<Vec<_>>().join("\n")
}

#[track_caller]
pub fn says(run: &Run, words: &str) {
    assert!(journal(run).contains(words), "{words}:\n{}", journal(run));
}

/// How long a run was at a step.
fn minutes_at(run: &Run, step: Step) -> i64 {
    let began = run.journal.iter().find(|entry| entry.after == step).expect("it was there").at;
    let ended = run.journal.iter().find(|entry| entry.before == step && entry.after != step).expect("it left").at;
    ended.duration_since(began).as_mins()
}

/// It was given up because of the manifests, long before the step's time was over.
#[track_caller]
fn given_up_at_once(run: &Run) {
    assert_eq!(run.ending, Some(Ending::RolledBack), "{}", journal(run));
    assert!(minutes_at(run, Step::InstallControllers) < 10, "{}", journal(run));
}

#[track_caller]
pub fn upgraded(run: &Run) {
    assert_eq!(run.ending, Some(Ending::Upgraded), "{}", journal(run));
}

fn config(namespace: &str, name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: {namespace}}}\ndata: {{a: b}}\n---\n"
    )
}

/// How often an object was applied.
fn applied(shop: &Shop, path: &str) -> usize {
    let world = shop.azure.world();
    world.calls.iter().filter(|call| call.method == Method::PATCH && call.path.contains(path)).count()
}

/// Applies of what has this in its path.
fn applies(path: &str) -> On {
    On { host: "azmk8s".into(), ..On::call(Method::PATCH, path) }
}

/// A refusal, as an API server words it.
fn refusal(code: u16, reason: &str, message: &str) -> Effect {
    let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
        "reason": reason, "code": code});
    Effect::Answer { status: http::StatusCode::from_u16(code).unwrap(), headers: vec![], body }
}
