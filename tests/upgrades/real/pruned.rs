//! What a mended site has no more is pruned from a real new cluster as from a simulated one: the product applies both sites.
use super::{APPLY, JSON, MERGE, compared, get, go_on, host, kubeconfig, machines, process, send};
use crate::applying::{journal, pruned};
use crate::{ask, order, order_of, story, until};
use bluegreen::azure::kubernetes::Kubernetes;
use bluegreen::functions::orders::give;
use bluegreen::local::shop::Shop;
use bluegreen::plan::Kind;
use bluegreen::resources::object::describe;
use bluegreen::run::Run;
use bluegreen::run::verbs::{Order, Verb};
use bluegreen::step::Step;
use bluegreen::workload::apply_set::ApplySet;
use bluegreen::workload::manifests::read;
use http::Method;
use jiff::SignedDuration;
use kube::Client;
use kube::config::Kubeconfig;
use serde_json::{Value, json};
use std::time::Duration;

/// By then the new cluster's machines are ready, and thereafter nothing more becomes ready for so long.
const MACHINES_JOIN: Duration = Duration::from_secs(120);
const STANDS_STILL: Duration = Duration::from_secs(600);
/// Controllers that copy labels have done so.
const COPIED: Duration = Duration::from_secs(5);
/// This is said when all was applied, and nothing becomes ready.
const APPLIED: &str = "Deployment shop/web: 0 of";
/// The journal says of these what was pruned, and what was not.
const SAID: [&str; 4] = ["prune", "stay", "left over", "is a member"];

/// What the journal says of it, the objects when all was applied, and at the end; the machines.
struct Came {
    said: Vec<String>,
    objects: Vec<(String, Option<Value>)>,
    nodes: Vec<Value>,
}

#[test]
#[ignore = "needs a real API server: .ci/real-kubernetes --product runs this"]
fn a_real_new_cluster_is_pruned_as_ours_is() {
    let ours = story(async || came(None).await);
    let real = story(async || came(Some((kubeconfig(), &ours.nodes))).await);
    println!("{}", real.said.join("; "));
    assert_eq!(real.said, ours.said);
    assert!(ours.said.iter().any(|said| said.starts_with("pruned: ")), "{:?}", ours.said);
    let mut found = vec![];
    for ((name, real), (_, ours)) in real.objects.iter().zip(&ours.objects) {
        compared::differences(name, real, ours, &mut found);
    }
    assert!(found.is_empty(), "{} differences\n{}", found.len(), found.join("\n"));
}

/// An upgrade brings what the site has besides; somebody has a hand in some of it; then a person brings the site without it.
async fn came(real: Option<(Kubeconfig, &[Value])>) -> Came {
    let shop = pruned::open();
    pruned::publish(&shop, &[("more.yaml", more())], pruned::prunes).await;
    ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
    until(&shop, |run| run.step == Step::InstallControllers).await;
    shop.host.stop();
    tokio::time::sleep(MACHINES_JOIN).await;
    let (kubeconfig, nodes) = real.unzip();
    let (app, client) = process(&shop, &shop.article.green, kubeconfig).await;
    let keep = || nodes.map(|_| tokio::spawn(machines::keep(client.clone())));
    if let Some(nodes) = nodes {
        machines::join(&client, nodes).await;
    }
    let kubelets = keep();
    let site = &shop.site.name;
    go_on(&app, site, |_, run| run.step == Step::SyncWorkloads).await;
    if let Some(kubelets) = kubelets {
        kubelets.abort();
    } else {
        stand_still(&shop);
    }
    go_on(&app, site, |said, _| said.contains(APPLIED)).await;
    others_write(&client).await;
    tokio::time::sleep(COPIED).await;
    let cluster = app.reader.kubernetes(&shop.article.green).await.unwrap();
    let mut objects = seen(&cluster, "applied").await;
    without(&shop).await;
    let kubelets = keep();
    if kubelets.is_none() {
        tokio::time::sleep(STANDS_STILL).await;
    }
    let run = go_on(&app, site, |_, run| run.step == Step::ValidateHealth).await;
    objects.extend(seen(&cluster, "pruned").await);
    if let Some(kubelets) = kubelets {
        kubelets.abort();
    }
    let nodes = cluster.all("v1", "Node").await.unwrap();
    Came { said: told(&run), objects, nodes }
}

/// A person brings the site as it was before.
async fn without(shop: &Shop) {
    order(shop, Verb::Pause).await;
    pruned::publish(shop, &[], pruned::prunes).await;
    let resume = order_of(&shop.run().unwrap(), Verb::Resume);
    give(&shop.operator, &shop.site.name, &Order { with_site: true, ..resume }).await.unwrap();
}

fn stand_still(shop: &Shop) {
    let (host, now) = (host(shop, &shop.article.green), shop.azure.clock().now());
    let until = now + SignedDuration::try_from(STANDS_STILL).unwrap();
    shop.azure.world().kubernetes.break_workloads(&host, now, until);
}

fn told(run: &Run) -> Vec<String> {
    journal(run).lines().filter(|line| SAID.iter().any(|word| line.contains(word))).map(str::to_owned).collect()
}

/// What the site has for a while: what goes, and each kind of what does not.
fn more() -> String {
    let objects = [
        object("v1", "Secret", "token", &json!({"stringData": {"a": "b"}})),
        object("v1", "ConfigMap", "theirs", &json!({"data": {"a": "b"}})),
        object("v1", "ConfigMap", "kept", &json!({"data": {"a": "b"}})),
        object("v1", "ConfigMap", "held", &json!({"data": {"a": "b"}})),
        object("v1", "Service", "extra", &json!({"spec": {"selector": {"app": "extra"}, "ports": [{"port": 80}]}})),
        object("v1", "ServiceAccount", "claims", &json!({})),
        object("rbac.authorization.k8s.io/v1", "Role", "extra", &json!({"rules": []})),
        object(
            "policy/v1",
            "PodDisruptionBudget",
            "extra",
            &json!({"spec": {"maxUnavailable": 1,
            "selector": {"matchLabels": {"app": "none"}}}}),
        ),
        object(
            "batch/v1",
            "CronJob",
            "extra",
            &json!({"spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {
            "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "one", "image": "one:1"}]}}}}}}),
        ),
        object(
            "apps/v1",
            "StatefulSet",
            "claims",
            &json!({"spec": {"replicas": 0, "serviceName": "extra", "selector":
            {"matchLabels": {"app": "claims"}}, "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"},
            "template": {"metadata": {"labels": {"app": "claims"}},
                "spec": {"containers": [{"name": "one", "image": "one:1"}]}}}}),
        ),
        definition(),
        object("example.com/v1", "Thing", "one", &json!({})),
    ];
    let objects: String = objects.iter().map(|object| format!("---\n{object}\n")).collect();
    format!("{}{objects}", pruned::extra())
}

fn object(api_version: &str, kind: &str, name: &str, members: &Value) -> Value {
    let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "more"}});
    for (member, value) in members.as_object().unwrap() {
        object[member] = value.clone();
    }
    object
}

fn definition() -> Value {
    let schema = json!({"openAPIV3Schema": {"type": "object"}});
    let version = json!({"name": "v1", "served": true, "storage": true, "schema": schema});
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"}, "spec": {"group": "example.com", "scope": "Namespaced",
            "names": {"plural": "things", "kind": "Thing"}, "versions": [version]}})
}

/// A reconciler takes one object, somebody keeps another, and the third has a finalizer that nobody takes away.
async fn others_write(client: &Client) {
    let maps = "/api/v1/namespaces/more/configmaps";
    let theirs = object("v1", "ConfigMap", "theirs", &json!({"data": {"c": "d"}}));
    let at = format!("{maps}/theirs?fieldManager=kustomize-controller");
    send(client, Method::PATCH, &at, APPLY, &theirs).await.unwrap();
    let kept = json!({"metadata": {"annotations": {"aks-bluegreen/prune": "ignore"}}});
    send(client, Method::PATCH, &format!("{maps}/kept?fieldManager=kubectl-annotate"), MERGE, &kept).await.unwrap();
    let held = json!({"metadata": {"finalizers": ["example.com/held"]}});
    send(client, Method::PATCH, &format!("{maps}/held?fieldManager=kubectl-edit"), MERGE, &held).await.unwrap();
    let copy = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {}, "metadata": {"name": "copy",
        "labels": get(client, &format!("{maps}/held")).await["metadata"]["labels"]}});
    send(client, Method::POST, maps, JSON, &copy).await.unwrap();
}

/// The objects, what has been copied from them, and the set's parent.
async fn seen(cluster: &Kubernetes, when: &str) -> Vec<(String, Option<Value>)> {
    let objects = read(&more()).unwrap().0.into_iter().map(|object| object.value);
    let copy = object("v1", "ConfigMap", "copy", &json!({}));
    let mut seen = vec![];
    for object in objects.chain([copy, ApplySet::of("shop").reference()]) {
        let found = cluster.find(&object).await.unwrap();
        let ends = found.as_ref().is_some_and(|found| found["metadata"]["deletionTimestamp"].is_string());
        seen.push((format!("{} ({when}{})", describe(&object), if ends { ", being deleted" } else { "" }), found));
    }
    seen
}
