//! A real API server in the place of a simulated one: what the product does to both comes to the same. `.ci/real-kubernetes`
//! starts a real control plane for each of these tests. It has no machines but those that we tell it.
mod compared;
mod machines;
mod pins;
mod projects;
mod pruned;
mod rehearsal;
mod scheduled;

use bluegreen::functions::app::App;
use bluegreen::local::door;
use bluegreen::local::shop::{Shop, app_beside, app_of};
use bluegreen::process::wire::{KubernetesDoor, Wire};
use bluegreen::run::flow::decide;
use bluegreen::run::{Looked, Outcome, Run, StepError, StepResult};
use bluegreen::steps::look;
use http::{Method, Request};
use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::Value;
use simulated_azure::Process;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How the real server is reached.
const KUBECONFIG: &str = "BLUEGREEN_KUBECONFIG";
const JSON: &str = "application/json";
const APPLY: &str = "application/apply-patch+yaml";
const MERGE: &str = "application/merge-patch+json";
/// Looks, so far apart. Autoscalers act each 15 s.
const LOOKS: usize = 60;
const BETWEEN: Duration = Duration::from_secs(2);

#[expect(clippy::disallowed_methods, reason = "where the real server is is no setting of the product")]
fn kubeconfig() -> Kubeconfig {
    let file = std::env::var_os(KUBECONFIG).expect("BLUEGREEN_KUBECONFIG names a file");
    Kubeconfig::read_from(Path::new(&file)).unwrap()
}

/// The host of the API server of one of the shop's clusters.
fn host(shop: &Shop, cluster: &str) -> String {
    let world = shop.azure.world();
    let found = world.resource_manager.resource(cluster).expect("the cluster is there");
    found["properties"]["fqdn"].as_str().unwrap().to_owned()
}

/// A process for which the real server stands for one cluster of the shop, and a client of that one's. Without a real server, the
/// simulated one.
async fn process(shop: &Shop, cluster: &str, real: Option<Kubeconfig>) -> (App, Client) {
    let host = host(shop, cluster);
    let process = Process::new("looks");
    let simulated = door::wire(&shop.azure, &process).kubernetes;
    let Some(kubeconfig) = real else {
        let mut config = kube::Config::new(format!("https://{host}").parse().unwrap());
        config.auth_info.token = Some("operator".to_owned().into());
        return (app_of(&shop.azure, &process).unwrap(), simulated(config).unwrap());
    };
    // Sockets know nothing of a paused clock.
    tokio::time::resume();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    let sockets = Wire::sockets().unwrap().kubernetes;
    let client = sockets(config.clone()).unwrap();
    let clusters: KubernetesDoor = Arc::new(move |asked| {
        let is_it = asked.cluster_url.host() == Some(&*host);
        if is_it { sockets(config.clone()) } else { simulated(asked) }
    });
    (app_beside(&shop.azure, &process, clusters).unwrap(), client)
}

/// A call with a JSON body. `Err` has the status of what was refused.
async fn send(client: &Client, method: Method, path: &str, sort: &str, body: &Value) -> Result<Value, u16> {
    let request = Request::builder().method(method).uri(path).header("content-type", sort);
    match client.request(request.body(body.to_string().into_bytes()).unwrap()).await {
        Ok(answer) => Ok(answer),
        Err(kube::Error::Api(status)) => Err(status.code),
        Err(error) => panic!("{path}: {error}"),
    }
}

async fn get(client: &Client, path: &str) -> Value {
    send(client, Method::GET, path, JSON, &Value::Null).await.unwrap_or_default()
}

/// One look at the run's step, in words.
fn words(result: &StepResult) -> String {
    match result {
        Ok(Outcome::NotYet(waiting)) => waiting.why.clone(),
        Ok(outcome) => format!("{outcome:?}"),
        Err(StepError::Terminal(why)) => format!("never: {why}"),
        Err(StepError::Transient { cause, .. }) => format!("failed: {cause:#}"),
    }
}

/// What one look says, without any consequence.
async fn said(app: &App, site: &str) -> String {
    let loaded = app.store.run(site).await.unwrap().expect("there is a run");
    words(&look(&loaded.value, &app.azure_for(&loaded)).await)
}

/// One look, and what becomes of the run.
async fn went_on(app: &App, site: &str) -> (String, Run) {
    let loaded = app.store.run(site).await.unwrap().expect("there is a run");
    let result = look(&loaded.value, &app.azure_for(&loaded)).await;
    let (said, now) = (words(&result), app.store.now().unwrap());
    let next = decide(&loaded.value, Looked { at: loaded.at.min(now), result }, now);
    app.store.save(&next, Some(&loaded.etag)).await.unwrap();
    (said, next)
}

/// The run goes on by our hand, until it is so.
async fn go_on(app: &App, site: &str, so: impl Fn(&str, &Run) -> bool) -> Run {
    let mut all = vec![];
    for _ in 0..LOOKS {
        let (said, run) = went_on(app, site).await;
        if so(&said, &run) {
            return run;
        }
        all.push(said);
        tokio::time::sleep(BETWEEN).await;
    }
    panic!("it never came there: {}", all.join("\n"));
}
