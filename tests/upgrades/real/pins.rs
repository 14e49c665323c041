//! What the product keeps large in a cluster, and takes back, on a real API server and on a simulated one.
use super::{APPLY, JSON, LOOKS, compared, get, go_on, kubeconfig, machines, process, send, words};
use crate::capacity::{autoscaler, grown, manifest, pinning, publish};
use crate::{ask, story, until};
use bluegreen::azure::kubernetes::MANAGER;
use bluegreen::functions::app::App;
use bluegreen::plan::Kind;
use bluegreen::resources::object::describe;
use bluegreen::run::{Outcome, Run};
use bluegreen::site::Colour;
use bluegreen::step::Step;
use bluegreen::steps::unpinned::unpinned;
use bluegreen::workload::manifests::read;
use bluegreen::workload::pins::{Pin, Side};
use bluegreen::workload::seen::APPLIED;
use http::Method;
use kube::Client;
use kube::config::Kubeconfig;
use serde_json::{Value, json};
use simulated_azure::prober::Prober;

/// How large what no autoscaler rules is in the old cluster, and by the manifests.
const GROWN: u64 = 5;
const GIVEN: u64 = 2;
/// This is said when every pin is in force, and what they keep large is ready.
const PINNED: &str = "go into the candidate pool";

const SEEN: [&str; 3] = [
    "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/web",
    "/apis/apps/v1/namespaces/shop/deployments/web",
    "/apis/apps/v1/namespaces/shop/deployments/plain",
];

/// What was pinned, what is said of its end, the objects before, while they are pinned, and thereafter; the machines.
#[derive(Debug)]
struct Came {
    pins: Vec<String>,
    said: Vec<String>,
    before: Vec<Value>,
    objects: Vec<(String, Option<Value>)>,
    nodes: Vec<Value>,
}

#[test]
#[ignore = "needs a real API server: .ci/real-kubernetes --product runs this"]
fn a_real_new_cluster_is_kept_large_as_ours_is() {
    compare(Colour::Green);
}

#[test]
#[ignore = "needs a real API server: .ci/real-kubernetes --product runs this"]
fn a_real_old_cluster_is_kept_large_as_ours_is() {
    compare(Colour::Blue);
}

fn compare(colour: Colour) {
    let ours = story(async || came(colour, None).await);
    let real = story(async || came(colour, Some((kubeconfig(), &ours))).await);
    assert_eq!((&real.pins, &real.said), (&ours.pins, &ours.said));
    let mut found = vec![];
    for ((name, real), (_, ours)) in real.objects.iter().zip(&ours.objects) {
        assert!(ours.is_some(), "{name}");
        compared::differences(name, real, ours, &mut found);
    }
    println!("{}; {}", real.pins.join(", "), real.said.join("; "));
    assert!(found.is_empty() && !ours.pins.is_empty(), "{} differences\n{}", found.len(), found.join("\n"));
}

/// An upgrade goes so far, and then by our hand: what it pins, and takes back, in one cluster.
async fn came(colour: Colour, real: Option<(Kubeconfig, &Came)>) -> Came {
    let shop = grown(pinning(), &format!("{}\n{}", autoscaler(), plain(GROWN))).await;
    publish(&shop, &workloads()).await;
    ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
    // Without users nobody measures what an autoscaler asks for.
    let users = Prober::start(&shop.azure, &[&shop.article.host]);
    until(&shop, |run| run.step == Step::SyncWorkloads).await;
    shop.host.stop();
    let (app, _) = process(&shop, &shop.article.green, None).await;
    go_on(&app, &shop.site.name, |_, run| run.step == Step::ValidateHealth).await;
    let (cluster, side) = match colour {
        Colour::Green => (&shop.article.green, Side::New),
        Colour::Blue => (&shop.article.blue, Side::Old),
    };
    let (kubeconfig, like) = real.unzip();
    let (app, client) = process(&shop, cluster, kubeconfig).await;
    let before = present(&client).await;
    let kubelets = if let Some(like) = like {
        machines::join(&client, &like.nodes).await;
        bring(&client, &like.before, side).await;
        Some(tokio::spawn(machines::keep(client.clone())))
    } else {
        None
    };
    let run = go_on(&app, &shop.site.name, |said, _| said.contains(PINNED)).await;
    let mut objects = seen(&client, "pinned").await;
    let said = taken_back(&app, &run, side).await;
    objects.extend(seen(&client, "taken back").await);
    if let Some(kubelets) = kubelets {
        kubelets.abort();
    }
    drop(users);
    let pins = run.pins.as_ref().map_or(&[][..], |pins| if side == Side::Old { &pins.old } else { &pins.new });
    let nodes = app.reader.kubernetes(cluster).await.unwrap().all("v1", "Node").await.unwrap();
    Came { pins: pins.iter().map(Pin::to_string).collect(), said, before, objects, nodes }
}

/// What the site brings.
fn workloads() -> String {
    format!("{}\n---\n{}", manifest(&autoscaler()), plain(GIVEN))
}

/// A Deployment that no autoscaler rules.
fn plain(replicas: u64) -> Value {
    let labels = json!({"app": "plain"});
    let template =
        json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "plain", "image": "plain:1"}]}});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "plain", "namespace": "shop"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}})
}

async fn taken_back(app: &App, run: &Run, side: Side) -> Vec<String> {
    let mut said = vec![];
    for _ in 0..LOOKS {
        let loaded = app.store.run(&run.plan.site.name).await.unwrap().expect("there is a run");
        let result = unpinned(run, &app.azure_for(&loaded), side, false).await;
        let result = result.map(|outcome| outcome.expect("there are pins"));
        said.push(words(&result));
        if matches!(&result, Ok(Outcome::NotYet(waiting)) if !waiting.facts.is_empty()) {
            break;
        }
    }
    said
}

async fn seen(client: &Client, when: &str) -> Vec<(String, Option<Value>)> {
    let mut objects = vec![];
    for path in SEEN {
        let found = Some(get(client, path).await).filter(|object| !object.is_null());
        objects.push((format!("{path} ({when})"), found));
    }
    objects
}

/// The objects as somebody could make them elsewhere.
async fn present(client: &Client) -> Vec<Value> {
    let mut objects = vec![];
    for path in SEEN {
        let mut object = get(client, path).await;
        let kept = |member: &str| object["metadata"][member].clone();
        let applied = json!({APPLIED: object["metadata"]["annotations"][APPLIED]});
        object["metadata"] = json!({"name": kept("name"), "namespace": kept("namespace"), "labels": kept("labels")});
        if applied[APPLIED].is_string() {
            object["metadata"]["annotations"] = applied;
        }
        object["status"] = Value::Null;
        objects.push(object);
    }
    objects
}

/// Others have made what is in the old cluster; in the new one the product has applied its manifests.
async fn bring(client: &Client, objects: &[Value], side: Side) {
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
    send(client, Method::POST, "/api/v1/namespaces", JSON, &space).await.unwrap();
    let wanted = read(&workloads()).unwrap().0;
    for (path, object) in SEEN.iter().zip(objects) {
        let (collection, _) = path.rsplit_once('/').unwrap();
        if side == Side::Old {
            send(client, Method::POST, collection, JSON, object).await.unwrap();
            continue;
        }
        let is_it = |one: &&Value| describe(one) == describe(object);
        let mut applied = wanted.iter().map(|one| &one.value).find(is_it).expect("it is in the manifest").clone();
        for member in ["annotations", "labels"] {
            applied["metadata"][member] = object["metadata"][member].clone();
        }
        let path = format!("{path}?fieldManager={MANAGER}");
        send(client, Method::PATCH, &path, APPLY, &applied).await.unwrap();
    }
}
