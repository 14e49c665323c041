//! What the product tries on the old cluster before it makes a new one, on a real API server and on a simulated one.
use super::{APPLY, get, host, kubeconfig, process, said, send};
use crate::applying::with_site;
use crate::capacity::pinning;
use crate::{ask, story, until};
use bluegreen::plan::Kind;
use bluegreen::site::Site;
use http::Method;
use kube::Client;
use kube::config::Kubeconfig;
use serde_json::{Value, json};
use simulated_azure::{Effect, Fault, On};
use std::time::Duration;
use tokio::time::Instant;

/// Definitions are served soon after they are made.
const SOON: Duration = Duration::from_secs(5);
/// What controllers do has been done by then, also where the machine is busy.
const LATEST: Duration = Duration::from_secs(60);
/// A quota counts what there is when it is made, and refuses nothing before: what every namespace gets is to be there.
const COUNTED: [(&str, &str); 2] =
    [("/api/v1/namespaces/full/configmaps/kube-root-ca.crt", "/data"), (QUOTA, "/status/used")];
const SILENT: &str = "silent";
const QUOTA: &str = "/api/v1/namespaces/full/resourcequotas/few";
const SPACE: &str = "/api/v1/namespaces/default";

#[test]
#[ignore = "needs a real API server: .ci/real-kubernetes --product runs this"]
fn a_real_old_cluster_says_of_manifests_what_ours_says() {
    let (ours, left) = story(async || came(&mistakes(), None).await);
    let (real, left_there) = story(async || came(&mistakes(), Some(kubeconfig())).await);
    println!("{real}");
    assert_eq!(real, ours);
    assert_eq!((left_there, left), (vec![], vec![]), "a try keeps nothing");
    assert!(ours.contains("would be refused"), "{ours}");
}

#[test]
#[ignore = "needs a real API server: .ci/real-kubernetes --product runs this"]
fn a_real_old_cluster_lets_pass_what_ours_lets_pass() {
    let (ours, _) = story(async || came(&doubts(), None).await);
    let (real, _) = story(async || came(&doubts(), Some(kubeconfig())).await);
    println!("{real}");
    assert_eq!(but_for_machines(&real), but_for_machines(&ours));
    assert!(ours.contains("the old cluster has one of this name"), "{ours}");
}

/// A control plane alone has no machines: what they suffice for cannot be told there.
fn but_for_machines(said: &str) -> String {
    let parts: Vec<_> = said.split("\", \"").collect();
    let (machines, others): (Vec<_>, Vec<_>) = parts.into_iter().partition(|part| part.contains("capacity: whether"));
    let begins = if machines.is_empty() { "" } else { "Noted([\"" };
    begins.to_owned() + &others.join("\", \"")
}

/// The look at the plan, and which of the manifests' own objects are there thereafter.
async fn came(objects: &[Value], real: Option<Kubeconfig>) -> (String, Vec<String>) {
    let text: String = objects.iter().map(|object| format!("---\n{object}\n")).collect();
    let change = |site: &mut Site| (site.dry_run, site.capacity) = (true, pinning());
    let shop = with_site(&[("more.yaml", text)], change).await;
    // The plan is not checked before we look: who keeps clusters large waits for the old one.
    let blue = host(&shop, &shop.article.blue);
    shop.azure.world().faults.add(Fault::always(SILENT, On::host(&blue), Effect::Refuse));
    ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
    until(&shop, |run| run.hop > 1).await;
    shop.host.stop();
    shop.azure.world().faults.remove(SILENT);
    let (app, client) = process(&shop, &shop.article.blue, real).await;
    for (path, object) in theirs() {
        if path == QUOTA {
            has(&client, COUNTED[0]).await;
        }
        let path = format!("{path}?fieldManager=gitops");
        send(&client, Method::PATCH, &path, APPLY, &object).await.unwrap();
    }
    has(&client, COUNTED[1]).await;
    tokio::time::sleep(SOON).await;
    let said = said(&app, &shop.site.name).await;
    let mut left = vec![];
    for path in ["/api/v1/namespaces/tools".to_owned(), format!("{SPACE}/configmaps/new")] {
        if !get(&client, &path).await.is_null() {
            left.push(path);
        }
    }
    (said, left)
}

/// Waits until an object has this member.
async fn has(client: &Client, (path, member): (&str, &str)) {
    let ends = Instant::now() + LATEST;
    while get(client, path).await.pointer(member).is_none() && Instant::now() < ends {
        tokio::time::sleep(SOON).await;
    }
}

/// What others have put into the old cluster, and where it lies.
fn theirs() -> Vec<(String, Value)> {
    let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "required": ["size"],
        "properties": {"size": {"type": "string", "enum": ["small", "large"]}, "count": {"type": "integer"}}}}});
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"}, "spec": {"group": "example.com", "scope": "Namespaced",
            "names": {"plural": "things", "kind": "Thing"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]}});
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few", "namespace": "full"},
        "spec": {"hard": {"count/configmaps": "1"}}});
    vec![
        (format!("{SPACE}/configmaps/owned"), config("default", "owned", "theirs")),
        ("/apis/apps/v1/namespaces/default/deployments/kept".into(), deployment("kept", "theirs")),
        ("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.example.com".into(), definition),
        ("/api/v1/namespaces/full".into(), namespace("full")),
        (QUOTA.into(), quota),
    ]
}

/// What our own tables cannot know of.
fn mistakes() -> Vec<Value> {
    vec![
        namespace("tools"),
        config("tools", "inside", "ours"),
        config("default", "new", "ours"),
        thing("unknown", &json!({"size": "small", "colour": "red"})),
        thing("mistyped", &json!({"size": "small", "count": "three"})),
        thing("unheard", &json!({"size": "huge"})),
        thing("without", &json!({"count": 3})),
    ]
}

/// What the old cluster may refuse for its own reasons, or does not know.
fn doubts() -> Vec<Value> {
    vec![
        namespace("tools"),
        config("default", "owned", "ours"),
        config("full", "more", "ours"),
        deployment("kept", "ours"),
        thing("small", &json!({"size": "small"})),
        json!({"apiVersion": "example.org/v1", "kind": "Gadget", "metadata": {"name": "one", "namespace": "default"}}),
    ]
}

fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

fn config(namespace: &str, name: &str, whose: &str) -> Value {
    let metadata = json!({"name": name, "namespace": namespace});
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"whose": whose}})
}

fn thing(name: &str, spec: &Value) -> Value {
    let metadata = json!({"name": name, "namespace": "default"});
    json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": metadata, "spec": spec})
}

fn deployment(name: &str, label: &str) -> Value {
    let labels = json!({"app": label});
    let container = json!({"name": "web", "image": "web:1"});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "default"}, "spec": {"selector":
        {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}})
}
